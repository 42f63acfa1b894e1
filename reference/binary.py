"""JAX twins of the losses of yes or no. They select before they compute, so that masked entries are inert."""

import jax
import jax.numpy as jnp


def sigmoid_with_loss(
    x: jax.Array,
    t: jax.Array,
    mask: jax.Array | None = None,
    pos_weight: float = 1.0,
    reduction: str = "mean",
) -> jax.Array:
    counts = jnp.broadcast_to(True if mask is None else mask, x.shape)
    x, t = jnp.where(counts, x, 0), jnp.where(counts, t, 0)
    hit, miss = pos_weight * t, 1 - t
    losses = -hit * jax.nn.log_sigmoid(_where(hit, x)) - miss * jax.nn.log_sigmoid(-_where(miss, x))
    return _reduced(losses, counts, reduction)


def focal_loss(
    x: jax.Array,
    t: jax.Array,
    mask: jax.Array | None = None,
    gamma: float = 2.0,
    alpha: float | None = None,
    reduction: str = "mean",
) -> jax.Array:
    counts = jnp.broadcast_to(True if mask is None else mask, x.shape)
    x, t = jnp.where(counts, x, 0), jnp.where(counts, t, 0)
    yes, no = (1.0, 1.0) if alpha is None else (alpha, 1 - alpha)
    hit, miss = yes * t, no * (1 - t)
    losses = hit * _focal(_where(hit, x), gamma) + miss * _focal(-_where(miss, x), gamma)
    return _reduced(losses, counts, reduction)


def _focal(z: jax.Array, gamma: float) -> jax.Array:
    return -jnp.exp(gamma * jax.nn.log_sigmoid(-z)) * jax.nn.log_sigmoid(z)


def _where(weights: jax.Array, x: jax.Array) -> jax.Array:
    # an answer that is certainly wrong and has no weight adds nothing: 0 · inf would be NaN
    return jnp.where(weights == 0, 0, x)


def _reduced(losses: jax.Array, counts: jax.Array, reduction: str) -> jax.Array:
    losses = jnp.where(counts, losses, 0)
    if reduction == "none":
        return losses
    return losses.sum() / (jnp.maximum(counts.sum(), 1) if reduction == "mean" else 1)
