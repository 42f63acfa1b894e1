"""JAX twins of the activations of straight pieces. Each encodes at a kink the convention that the layer declares."""

import jax
import jax.numpy as jnp


def leaky_relu(x: jax.Array, slope: float = 0.01) -> jax.Array:
    # jax.nn.leaky_relu has the slope 1 at 0
    return jnp.where(x > 0, x, slope * x)


def p_relu(x: jax.Array, slope: jax.Array) -> jax.Array:
    return jnp.where(x > 0, x, slope * jnp.where(x > 0, 0, x))


def clip(x: jax.Array, low: float, high: float) -> jax.Array:
    # jnp.clip has the slope 0.5 at a bound
    return jnp.where(x <= low, low, jnp.where(x >= high, high, x))


def abs(x: jax.Array) -> jax.Array:
    # jnp.abs has the slope 1 at 0
    return x * jnp.sign(x)
