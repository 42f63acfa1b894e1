"""The JAX twin of the LSTM: one step after the other, each with x and the state side by side."""

import jax
import jax.numpy as jnp


def lstm(
    x: jax.Array,
    Wx: jax.Array,
    Wh: jax.Array,
    b: jax.Array,
    h0: jax.Array | None = None,
    c0: jax.Array | None = None,
    mask: jax.Array | None = None,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    shape = (*x.shape[:-2], len(Wh))
    h, c = (jnp.broadcast_to(0 if each is None else each, shape).astype(x.dtype) for each in (h0, c0))
    W, shown = jnp.concatenate([Wx, Wh]), [jnp.zeros((*h.shape[:-1], 0, h.shape[-1]), h.dtype)]
    for t in range(x.shape[-2]):
        counts = True if mask is None else mask[..., t, None]
        both = jnp.concatenate([jnp.where(counts, x[..., t, :], 0), h], -1)
        a_f, a_g, a_i, a_o = jnp.split(both @ W + b, 4, -1)
        cell = jax.nn.sigmoid(a_f) * c + jax.nn.sigmoid(a_i) * jnp.tanh(a_g)
        state = jax.nn.sigmoid(a_o) * jnp.tanh(cell)
        h, c = jnp.where(counts, state, h), jnp.where(counts, cell, c)
        shown.append(jnp.where(counts, state, 0)[..., None, :])
    return jnp.concatenate(shown, -2), h, c
