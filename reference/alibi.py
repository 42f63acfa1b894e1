"""The JAX twin of the biases against distance."""

import jax
import jax.numpy as jnp


def alibi(slopes: jax.Array, query_positions: jax.Array, key_positions: jax.Array) -> jax.Array:
    p_t, p_s = query_positions[..., :, None], key_positions[..., None, :]
    distances = jnp.where(p_t > p_s, p_t - p_s, p_s - p_t).astype(slopes.dtype)
    return -jnp.einsum("h,...ts->...hts", slopes, distances)
