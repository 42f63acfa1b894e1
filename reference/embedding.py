"""JAX twins of the tables of vectors. They trust their indices, and select, so that masked ones are inert."""

import jax
import jax.numpy as jnp


def embedding(W: jax.Array, indices: jax.Array, mask: jax.Array | None = None) -> jax.Array:
    counts = jnp.broadcast_to(True if mask is None else mask, indices.shape)
    rows = jnp.take(W, jnp.where(counts, indices, 0), axis=0, mode="clip")
    return jnp.where(counts[..., None], rows, 0)


def embedding_dot(W: jax.Array, h: jax.Array, indices: jax.Array, mask: jax.Array | None = None) -> jax.Array:
    counts = jnp.broadcast_to(True if mask is None else mask, indices.shape)
    several = h if indices.ndim < h.ndim else h[..., None, :]
    vectors = jnp.where(counts[..., None], several, 0)
    return jnp.where(counts, jnp.einsum("...d,...d", embedding(W, indices, mask), vectors), 0)
