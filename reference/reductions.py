"""JAX twins of the reductions. They select before they compute, so that masked entries are inert.

`jnp.max` and `jnp.min` share a gradient evenly among the entries that are tied.
"""

import jax
import jax.numpy as jnp

Axes = int | tuple[int, ...] | None


def sum(x: jax.Array, axis: Axes = None, keepdims: bool = False, mask: jax.Array | None = None) -> jax.Array:
    return jnp.sum(_selected(x, mask, 0), axis=axis, keepdims=keepdims)


def mean(x: jax.Array, axis: Axes = None, keepdims: bool = False, mask: jax.Array | None = None) -> jax.Array:
    counts = jnp.broadcast_to(True if mask is None else mask, x.shape)
    number = jnp.sum(counts, axis=axis, keepdims=keepdims)
    return sum(x, axis, keepdims, mask) / jnp.maximum(number, 1)


def max(x: jax.Array, axis: Axes = None, keepdims: bool = False, mask: jax.Array | None = None) -> jax.Array:
    return jnp.max(_selected(x, mask, -jnp.inf), axis=axis, keepdims=keepdims, initial=-jnp.inf)


def min(x: jax.Array, axis: Axes = None, keepdims: bool = False, mask: jax.Array | None = None) -> jax.Array:
    return jnp.min(_selected(x, mask, jnp.inf), axis=axis, keepdims=keepdims, initial=jnp.inf)


def _selected(x: jax.Array, mask: jax.Array | None, hidden: float) -> jax.Array:
    return x if mask is None else jnp.where(mask, x, hidden)
