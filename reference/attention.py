"""JAX twins of attention: what does not count is replaced before anything is computed, and sums are of products.

What counts for nobody is replaced in q, k and v; among pairs, the scores are.
"""

import jax
import jax.numpy as jnp


def scaled_dot_product_attention(
    q: jax.Array,
    k: jax.Array,
    v: jax.Array,
    bias: jax.Array | None = None,
    scale: float | None = None,
    causal: bool = False,
    offset: int | None = None,
    ratio: float = 0.0,
    mask: jax.Array | None = None,
    key_mask: jax.Array | None = None,
    query_mask: jax.Array | None = None,
    keep: jax.Array | None = None,
) -> jax.Array:
    counts = jnp.ones((1, 1), bool) if mask is None else mask
    if key_mask is not None:
        counts = counts & key_mask[..., None, :]
        k, v = (jnp.where(key_mask[..., None], each, 0) for each in (k, v))
    if query_mask is not None:
        counts = counts & query_mask[..., :, None]
        q = jnp.where(query_mask[..., None], q, 0)
    if causal:
        t, s = jnp.arange(q.shape[-2]), jnp.arange(k.shape[-2])
        counts = counts & (s[None, :] <= t[:, None] + (offset or 0))
    scores = jnp.einsum("...td,...sd->...ts", q, k) * (max(q.shape[-1], 1) ** -0.5 if scale is None else scale)
    scores = scores if bias is None else scores + bias
    counts = jnp.broadcast_to(counts, scores.shape)
    A = jax.nn.softmax(jnp.where(counts, scores, 0), where=counts)
    kept = A if keep is None else jnp.where(keep, A / (1 - ratio), 0)
    return jnp.einsum("...ts,...se->...te", kept, v)
