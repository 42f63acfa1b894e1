"""JAX twins of the activations. Each encodes at a kink the convention that the layer declares."""

import jax


def relu(x: jax.Array) -> jax.Array:
    # jax.nn.relu has the slope 0 at 0, where jnp.maximum(x, 0) has 0.5
    return jax.nn.relu(x)


def sigmoid(x: jax.Array) -> jax.Array:
    return jax.nn.sigmoid(x)
