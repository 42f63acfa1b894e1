"""The JAX twin of the GRU: one step after the other, each part with its own columns of the params."""

import jax
import jax.numpy as jnp


def gru(
    x: jax.Array,
    Wx: jax.Array,
    Wh: jax.Array,
    b: jax.Array,
    bh: jax.Array | None = None,
    h0: jax.Array | None = None,
    mask: jax.Array | None = None,
    reset: str = "before",
) -> tuple[jax.Array, jax.Array]:
    h = jnp.broadcast_to(0 if h0 is None else h0, (*x.shape[:-2], len(Wh))).astype(x.dtype)
    W_n, bias = jnp.split(Wh, 3, -1)[2], 0 if bh is None else bh
    W_gates, shown = Wh[:, : 2 * len(Wh)], [jnp.zeros((*h.shape[:-1], 0, h.shape[-1]), h.dtype)]
    for t in range(x.shape[-2]):
        counts = True if mask is None else mask[..., t, None]
        x_z, x_r, x_n = jnp.split(jnp.where(counts, x[..., t, :], 0) @ Wx + b, 3, -1)
        h_z, h_r = jnp.split(h @ W_gates, 2, -1)
        z, r = jax.nn.sigmoid(x_z + h_z), jax.nn.sigmoid(x_r + h_r)
        n = jnp.tanh(x_n + ((r * h) @ W_n if reset == "before" else r * (h @ W_n + bias)))
        after = (1 - z) * h + z * n
        h = jnp.where(counts, after, h)
        shown.append(jnp.where(counts, after, 0)[..., None, :])
    return jnp.concatenate(shown, -2), h
