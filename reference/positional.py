"""The JAX twin of the positional encoding."""

import jax
import jax.numpy as jnp


def positional_encoding(x: jax.Array, positions: jax.Array | None = None, base: float = 10_000.0) -> jax.Array:
    places, columns = x.shape[-2:]
    t = jnp.arange(places) if positions is None else positions
    i = jnp.arange((columns + 1) // 2)
    angles = t[..., None] / base ** (2 * i / columns)
    waves = jnp.stack([jnp.sin(angles), jnp.cos(angles)], axis=-1)
    P = waves.reshape(*t.shape, 2 * i.size)[..., :columns]
    return x + P.astype(x.dtype)
