"""The JAX twin of the recurrent layer: one step after the other, each with x and the state side by side."""

import jax
import jax.numpy as jnp


def rnn(
    x: jax.Array,
    Wx: jax.Array,
    Wh: jax.Array,
    b: jax.Array,
    h0: jax.Array | None = None,
    mask: jax.Array | None = None,
) -> tuple[jax.Array, jax.Array]:
    h = jnp.broadcast_to(0 if h0 is None else h0, (*x.shape[:-2], len(Wh))).astype(x.dtype)
    W, shown = jnp.concatenate([Wx, Wh]), [jnp.zeros((*h.shape[:-1], 0, h.shape[-1]), h.dtype)]
    for t in range(x.shape[-2]):
        counts = True if mask is None else mask[..., t, None]
        both = jnp.concatenate([jnp.where(counts, x[..., t, :], 0), h], -1)
        after = jnp.tanh(both @ W + b)
        h = jnp.where(counts, after, h)
        shown.append(jnp.where(counts, after, 0)[..., None, :])
    return jnp.concatenate(shown, -2), h
