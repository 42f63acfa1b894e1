"""JAX twins of pooling over all of space. They select before they compute, so that hidden places are inert."""

import jax
import jax.numpy as jnp


def global_average_pool(x: jax.Array, space: int = 2, mask: jax.Array | None = None) -> jax.Array:
    counts = _counts(x, space, mask)
    number = counts.sum(_axes(space))
    return jnp.where(counts, x, 0).sum(_axes(space)) / jnp.maximum(number, 1)


def global_max_pool(x: jax.Array, space: int = 2, mask: jax.Array | None = None) -> jax.Array:
    """Equal numbers share evenly, as `jnp.max` has it."""
    counts = _counts(x, space, mask)
    largest = jnp.max(jnp.where(counts, x, -jnp.inf), _axes(space), initial=-jnp.inf)
    return jnp.where(counts.any(_axes(space)), largest, 0)


def _axes(space: int) -> tuple[int, ...]:
    return tuple(range(-space, 0))


def _counts(x: jax.Array, space: int, mask: jax.Array | None) -> jax.Array:
    return jnp.broadcast_to(True if mask is None else jnp.expand_dims(mask, -space - 1), x.shape)
