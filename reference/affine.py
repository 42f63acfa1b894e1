"""JAX twin of the affine map."""

import jax
import jax.numpy as jnp


def affine(x: jax.Array, W: jax.Array, b: jax.Array) -> jax.Array:
    return jnp.einsum("...d,dm->...m", x, W) + b
