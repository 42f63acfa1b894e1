"""JAX twin of the matrix product."""

import jax
import jax.numpy as jnp


def mat_mul(a: jax.Array, b: jax.Array) -> jax.Array:
    return jnp.matmul(a, b)
