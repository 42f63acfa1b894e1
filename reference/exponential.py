"""JAX twins of the activations made of exponentials."""

import jax
import jax.numpy as jnp


def tanh(x: jax.Array) -> jax.Array:
    return jnp.tanh(x)


def softplus(x: jax.Array, beta: float = 1.0) -> jax.Array:
    return jax.nn.softplus(beta * x) / beta


def log_sigmoid(x: jax.Array) -> jax.Array:
    return jax.nn.log_sigmoid(x)


def elu(x: jax.Array, alpha: float = 1.0) -> jax.Array:
    return jnp.where(x > 0, x, alpha * jnp.expm1(jnp.where(x > 0, 0, x)))
