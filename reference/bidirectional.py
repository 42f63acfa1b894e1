"""The JAX twin of two recurrent layers (`rnn`) in both directions: each goes through the steps in its own order."""

import jax
import jax.numpy as jnp


def bidirectional(
    x: jax.Array,
    Wx: jax.Array,
    Wh: jax.Array,
    b: jax.Array,
    Vx: jax.Array,
    Vh: jax.Array,
    c: jax.Array,
    h0: jax.Array,
    k0: jax.Array,
    mask: jax.Array,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    forwards = range(x.shape[-2])
    hs, h = _through(forwards, x, mask, h0, Wx, Wh, b)
    ks, k = _through(forwards[::-1], x, mask, k0, Vx, Vh, c)
    return jnp.concatenate([hs, ks], -1), h, k


def _through(
    steps: range, x: jax.Array, mask: jax.Array, h: jax.Array, Wx: jax.Array, Wh: jax.Array, b: jax.Array
) -> tuple[jax.Array, jax.Array]:
    h, shown = jnp.broadcast_to(h, (*x.shape[:-2], len(Wh))), {}
    for t in steps:
        counts = mask[..., t, None]
        after = jnp.tanh(jnp.where(counts, x[..., t, :], 0) @ Wx + h @ Wh + b)
        h = jnp.where(counts, after, h)
        shown[t] = jnp.where(counts, after, 0)[..., None, :]
    none = jnp.zeros((*h.shape[:-1], 0, h.shape[-1]), h.dtype)
    return jnp.concatenate([none, *(shown[t] for t in sorted(steps))], -2), h
