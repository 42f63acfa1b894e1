"""JAX twins of the gated linear units."""

import jax
import jax.numpy as jnp


def glu(x: jax.Array, axis: int = -1) -> jax.Array:
    return jax.nn.glu(x, axis)


def swi_glu(gate: jax.Array, up: jax.Array) -> jax.Array:
    return jax.nn.silu(gate) * up


def ge_glu(gate: jax.Array, up: jax.Array, approximate: str = "none") -> jax.Array:
    if approximate == "none":
        return gate * jax.lax.erfc(-gate * jnp.sqrt(0.5)) / 2 * up
    return gate * jax.nn.sigmoid(jnp.sqrt(8 / jnp.pi) * (gate + 0.044715 * gate**3)) * up
