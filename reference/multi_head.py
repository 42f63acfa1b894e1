"""The JAX twin of attention in several heads: one head after the other, with the columns that are its own."""

import jax
import jax.numpy as jnp


def multi_head_attention(
    x: jax.Array,
    Wq: jax.Array,
    Wk: jax.Array,
    Wv: jax.Array,
    Wo: jax.Array,
    heads: int,
    key_heads: int | None = None,
    bq: jax.Array | None = None,
    bk: jax.Array | None = None,
    bv: jax.Array | None = None,
    bo: jax.Array | None = None,
    context: jax.Array | None = None,
    bias: jax.Array | None = None,
    mask: jax.Array | None = None,
    key_mask: jax.Array | None = None,
    keep: jax.Array | None = None,
    causal: bool = False,
    base: float | None = None,
) -> jax.Array:
    c = x if context is None else context
    c = c if key_mask is None else jnp.where(key_mask[..., None], c, 0)
    q, k, v = _affine(x, Wq, bq), _affine(c, Wk, bk), _affine(c, Wv, bv)
    T, S, groups = x.shape[-2], c.shape[-2], key_heads or heads
    counts = jnp.arange(S) <= (jnp.arange(T)[:, None] if causal else S)
    counts = counts if mask is None else counts & mask
    counts = counts if key_mask is None else counts & key_mask[..., None, :]
    done = []
    for h in range(heads):
        q_h = jnp.split(q, heads, -1)[h]
        k_h, v_h = (jnp.split(each, groups, -1)[h * groups // heads] for each in (k, v))
        q_h, k_h = (each if base is None else _turned(each, base) for each in (q_h, k_h))
        scores = jnp.einsum("...td,...sd->...ts", q_h, k_h) * max(q_h.shape[-1], 1) ** -0.5
        scores = scores if bias is None else scores + bias[..., h, :, :]
        seen = jnp.broadcast_to(counts, scores.shape)
        A = jax.nn.softmax(jnp.where(seen, scores, 0), where=seen)
        A = A if keep is None else jnp.where(keep[..., h, :, :], A, 0)
        done.append(jnp.einsum("...ts,...se->...te", A, v_h))
    hears = jnp.broadcast_to(counts, (*done[0].shape[:-1], S)).any(-1)
    return jnp.where(hears[..., None], _affine(jnp.concatenate(done, -1), Wo, bo), 0)


def _affine(x: jax.Array, W: jax.Array, b: jax.Array | None) -> jax.Array:
    out = jnp.einsum("...d,dm->...m", x, W)
    return out if b is None else out + b


def _turned(x: jax.Array, base: float) -> jax.Array:
    """Turn the first half of each row against the second, by angles that grow with the row."""
    T, D = x.shape[-2:]
    angles = jnp.tile(jnp.arange(T)[:, None] / base ** (jnp.arange(0, D, 2) / D), 2)
    a, b = jnp.split(x, 2, -1)
    return x * jnp.cos(angles).astype(x.dtype) + jnp.concatenate([-b, a], -1) * jnp.sin(angles).astype(x.dtype)
