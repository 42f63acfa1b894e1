"""The JAX twin of rotary positions: each pair is multiplied by the matrix that turns it."""

import jax
import jax.numpy as jnp


def rope(x: jax.Array, pairing: str, positions: jax.Array | None = None, base: float = 10_000.0) -> jax.Array:
    T, D = x.shape[-2:]
    p = jnp.arange(T) if positions is None else positions
    angles = p[..., None] / base ** (jnp.arange(0, D, 2) / D)
    cos, sin = jnp.cos(angles).astype(x.dtype), jnp.sin(angles).astype(x.dtype)
    turns = jnp.stack([jnp.stack([cos, -sin], -1), jnp.stack([sin, cos], -1)], -2)
    if pairing == "interleaved":
        pairs = x.reshape(*x.shape[:-1], D // 2, 2)
        return jnp.einsum("...iab,...ib->...ia", turns, pairs).reshape(x.shape)
    pairs = x.reshape(*x.shape[:-1], 2, D // 2)
    return jnp.einsum("...iab,...bi->...ai", turns, pairs).reshape(x.shape)
