"""JAX twins of the losses of what belongs together. What a mask hides is replaced before anything is computed."""

import jax
import jax.numpy as jnp


def negative_sampling_loss(
    W: jax.Array,
    h: jax.Array,
    t: jax.Array,
    negatives: jax.Array,
    mask: jax.Array | None = None,
    negatives_mask: jax.Array | None = None,
    reduction: str = "mean",
) -> jax.Array:
    counts = jnp.broadcast_to(True if mask is None else mask, t.shape)
    others = jnp.broadcast_to(True if negatives_mask is None else negatives_mask, negatives.shape) & counts[..., None]
    vectors = jnp.where(counts[..., None], h, 0)
    yes = (W[jnp.where(counts, t, 0)] * vectors).sum(-1)
    no = jnp.matvec(W[jnp.where(others, negatives, 0)], vectors)
    hard = jnp.where(counts, jax.nn.softplus(-yes), 0) + jnp.where(others, jax.nn.softplus(no), 0).sum(-1)
    return _reduced(hard, counts, reduction)


def info_nce_loss(
    q: jax.Array, k: jax.Array, temperature: float, mask: jax.Array | None = None, reduction: str = "mean"
) -> jax.Array:
    counts = jnp.broadcast_to(True if mask is None else mask, q.shape[:-1])
    rows, columns = (jnp.where(counts[..., None], each, 0).reshape(counts.size, q.shape[-1]) for each in (q, k))
    scores = jnp.einsum("id,jd->ij", rows, columns) / temperature
    all_of_them = jax.nn.logsumexp(scores, axis=1, where=counts.reshape(-1))
    own = jnp.where(jnp.eye(len(scores), dtype=bool), scores, 0).sum(1)
    losses = jnp.where(counts, (all_of_them - own).reshape(counts.shape), 0)
    return _reduced(losses, counts, reduction)


def _reduced(losses: jax.Array, counts: jax.Array, reduction: str) -> jax.Array:
    number = jnp.maximum(counts.sum(), 1)
    return {"none": losses, "sum": losses.sum(), "mean": losses.sum() / number}[reduction]
