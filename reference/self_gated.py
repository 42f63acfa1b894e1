"""JAX twins of the self-gated activations. At ±inf, where JAX's own are NaN, they select Relu's values."""

import jax
import jax.numpy as jnp


def hard_swish(x: jax.Array) -> jax.Array:
    inside = jnp.where((x <= -3) | (x >= 3), 0, x)
    return jnp.where(x <= -3, 0, jnp.where(x >= 3, x, inside * (inside + 3) / 6))


def silu(x: jax.Array) -> jax.Array:
    finite = jnp.where(jnp.isinf(x), 0, x)
    return jnp.where(jnp.isinf(x), jax.nn.relu(x), jax.nn.silu(finite))


def gelu(x: jax.Array, approximate: str = "none") -> jax.Array:
    finite = jnp.where(jnp.isinf(x), 0, x)
    if approximate == "none":
        gate = jax.lax.erfc(-finite * jnp.sqrt(0.5)) / 2
    else:
        # jax.nn.gelu has 1 + tanh, which cancels in the left tail
        gate = jax.nn.sigmoid(jnp.sqrt(8 / jnp.pi) * (finite + 0.044715 * finite**3))
    return jnp.where(jnp.isinf(x), jax.nn.relu(x), finite * gate)
