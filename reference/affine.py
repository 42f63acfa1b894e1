"""JAX twin of the affine map."""

import jax.numpy as jnp


def affine(x, W, b):
    return jnp.einsum("...d,dm->...m", x, W) + b
