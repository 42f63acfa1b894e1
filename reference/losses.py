"""JAX twins of the losses. They trust their labels, and select before they compute, so that masked rows are inert."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike


def softmax_with_loss(
    x: jax.Array,
    t: jax.Array,
    mask: jax.Array | None = None,
    label_smoothing: float = 0.0,
    class_weights: ArrayLike | None = None,
    reduction: str = "mean",
) -> jax.Array:
    counts = jnp.ones(x.shape[:-1], bool) if mask is None else mask
    scores = jnp.where(counts[..., None], x, 0)
    if t.ndim < x.ndim:
        t = jax.nn.one_hot(t, x.shape[-1], dtype=x.dtype)
    t = jnp.where(counts[..., None], t, 0)
    log_y = jax.nn.log_softmax(scores)
    if class_weights is not None:
        log_y = log_y * jnp.asarray(class_weights, x.dtype)
    # a class that is ruled out (-inf) and not a target adds nothing, also to the gradient
    hit = jnp.where(t == 0, 0, t * jnp.where(t == 0, 0, log_y)).sum(-1)
    alike = jnp.where(label_smoothing == 0, 0, log_y).sum(-1) / max(x.shape[-1], 1)
    return _reduced(-(1 - label_smoothing) * hit - label_smoothing * alike, counts, reduction)


def kl_divergence(x: jax.Array, t: jax.Array, mask: jax.Array | None = None, reduction: str = "mean") -> jax.Array:
    counts = jnp.ones(x.shape[:-1], bool) if mask is None else mask
    scores, t = jnp.where(counts[..., None], x, 0), jnp.where(counts[..., None], t, 0)
    # a class that is no target adds nothing, also if it is ruled out: 0 · log 0 would be NaN
    ratios = jnp.log(jnp.where(t == 0, 1, t)) - jnp.where(t == 0, 0, jax.nn.log_softmax(scores))
    return _reduced((t * ratios).sum(-1), counts, reduction)


def identity_with_loss(
    x: jax.Array, t: jax.Array, mask: jax.Array | None = None, reduction: str = "mean"
) -> jax.Array:
    counts = jnp.ones(x.shape[:-1], bool) if mask is None else mask
    difference = jnp.where(counts[..., None], x, 0) - jnp.where(counts[..., None], t, 0)
    return _reduced(0.5 * jnp.square(difference).sum(-1), counts, reduction)


def _reduced(rows: jax.Array, counts: jax.Array, reduction: str) -> jax.Array:
    rows = jnp.where(counts, rows, 0)
    if reduction == "none":
        return rows
    return rows.sum() / (jnp.maximum(counts.sum(), 1) if reduction == "mean" else 1)
