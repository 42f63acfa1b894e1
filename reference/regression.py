"""JAX twins of the losses of measured numbers. They select before they compute, so that masked entries are inert."""

import jax
import jax.numpy as jnp


def mean_squared_error(
    x: jax.Array, t: jax.Array, mask: jax.Array | None = None, reduction: str = "mean"
) -> jax.Array:
    return _reduced(jnp.square(_errors(x, t, mask)), mask, reduction)


def l1_loss(x: jax.Array, t: jax.Array, mask: jax.Array | None = None, reduction: str = "mean") -> jax.Array:
    e = _errors(x, t, mask)
    # jnp.abs has the slope 1 at 0
    return _reduced(jnp.where(e > 0, e, jnp.where(e < 0, -e, 0)), mask, reduction)


def huber_loss(
    x: jax.Array, t: jax.Array, mask: jax.Array | None = None, delta: float = 1.0, reduction: str = "mean"
) -> jax.Array:
    e = _errors(x, t, mask)
    small = jnp.abs(e) <= delta
    # a square that is not taken may overflow, and its slope, which is inf then, times 0 would be NaN
    parabola, line = jnp.square(jnp.where(small, e, 0)) / 2, delta * (jnp.abs(e) - delta / 2)
    return _reduced(jnp.where(small, parabola, line), mask, reduction)


def _errors(x: jax.Array, t: jax.Array, mask: jax.Array | None) -> jax.Array:
    counts = True if mask is None else mask
    return jnp.where(counts, x, 0) - jnp.where(counts, t, 0)


def _reduced(losses: jax.Array, mask: jax.Array | None, reduction: str) -> jax.Array:
    if reduction == "none":
        return losses
    number = jnp.broadcast_to(True if mask is None else mask, losses.shape).sum()
    return losses.sum() / (jnp.maximum(number, 1) if reduction == "mean" else 1)
