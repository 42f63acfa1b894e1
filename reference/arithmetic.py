"""JAX twins of arithmetic."""

import jax
import jax.numpy as jnp


def add(a: jax.Array, b: jax.Array) -> jax.Array:
    return jnp.add(a, b)


def subtract(a: jax.Array, b: jax.Array) -> jax.Array:
    return jnp.subtract(a, b)


def multiply(a: jax.Array, b: jax.Array) -> jax.Array:
    return jnp.multiply(a, b)


def divide(a: jax.Array, b: jax.Array) -> jax.Array:
    return jnp.divide(a, b)
