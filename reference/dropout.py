"""The JAX twin of dropout. It selects before it scales, so that what is dropped is inert."""

import jax
import jax.numpy as jnp


def dropout(x: jax.Array, ratio: float = 0.5, keep: jax.Array | None = None) -> jax.Array:
    if keep is None:
        return x
    kept = jnp.where(keep & (ratio < 1), x, 0)
    return kept / jnp.where(ratio < 1, 1 - ratio, 1)
