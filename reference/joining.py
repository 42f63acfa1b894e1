"""JAX twins of the nodes that join and cut."""

import jax
import jax.numpy as jnp


def concatenate(*arrays: jax.Array, axis: int = 0) -> jax.Array:
    return jnp.concatenate(arrays, axis)


def stack(*arrays: jax.Array, axis: int = 0) -> jax.Array:
    return jnp.stack(arrays, axis)


def split(x: jax.Array, parts: int | tuple[int, ...], axis: int = 0) -> tuple[jax.Array, ...]:
    return tuple(jnp.split(x, parts, axis))
