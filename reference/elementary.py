"""JAX twins of the elementary functions."""

import jax
import jax.numpy as jnp


def exp(x: jax.Array) -> jax.Array:
    return jnp.exp(x)


def log(x: jax.Array) -> jax.Array:
    return jnp.log(x)


def reciprocal(x: jax.Array) -> jax.Array:
    return jax.lax.integer_pow(x, -1)


def sqrt(x: jax.Array) -> jax.Array:
    return jnp.sqrt(x)


def power(x: jax.Array, p: float) -> jax.Array:
    return jnp.power(x, p)
