"""JAX twins of the nodes that put numbers into other places."""

import jax
import jax.numpy as jnp


def reshape(x: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    return jnp.reshape(x, shape)


def transpose(x: jax.Array, axes: tuple[int, ...] | None = None) -> jax.Array:
    return jnp.transpose(x, axes)


def concatenate(*arrays: jax.Array, axis: int = 0) -> jax.Array:
    return jnp.concatenate(arrays, axis)


def stack(*arrays: jax.Array, axis: int = 0) -> jax.Array:
    return jnp.stack(arrays, axis)


def split(x: jax.Array, parts: int | tuple[int, ...], axis: int = 0) -> tuple[jax.Array, ...]:
    return tuple(jnp.split(x, parts, axis))
