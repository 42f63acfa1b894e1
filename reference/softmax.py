"""JAX twins of softmax and its logarithms. What a mask hides is replaced before anything is computed."""

import jax
import jax.numpy as jnp

Axes = int | tuple[int, ...] | None


def softmax(x: jax.Array, axis: Axes = -1, mask: jax.Array | None = None) -> jax.Array:
    counts = jnp.broadcast_to(True if mask is None else mask, x.shape)
    return jax.nn.softmax(jnp.where(counts, x, 0), axis, where=counts)


def log_softmax(x: jax.Array, axis: Axes = -1, mask: jax.Array | None = None) -> jax.Array:
    counts = jnp.broadcast_to(True if mask is None else mask, x.shape)
    return jax.nn.log_softmax(jnp.where(counts, x, 0), axis, where=counts)


def log_sum_exp(x: jax.Array, axis: Axes = -1, keepdims: bool = False, mask: jax.Array | None = None) -> jax.Array:
    counts = jnp.broadcast_to(True if mask is None else mask, x.shape)
    return jax.nn.logsumexp(jnp.where(counts, x, 0), axis, where=counts, keepdims=keepdims)
