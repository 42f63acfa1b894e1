"""JAX twins of layers that are made of layers, each for the layers that its case has in it."""

import jax
import jax.numpy as jnp


def sequential(x: jax.Array, W1: jax.Array, b1: jax.Array, W2: jax.Array, b2: jax.Array) -> jax.Array:
    hidden = jax.nn.sigmoid(jnp.einsum("...d,dm->...m", x, W1) + b1)
    return jnp.einsum("...d,dm->...m", hidden, W2) + b2


def residual(x: jax.Array, W: jax.Array, b: jax.Array) -> jax.Array:
    return x + jax.nn.sigmoid(jnp.einsum("...d,dm->...m", x, W) + b)
