"""JAX twins of the normalisations of rows. Rows that do not count are replaced before anything is computed."""

import jax
import jax.numpy as jnp

Axes = int | tuple[int, ...] | None


def layer_norm(
    x: jax.Array, gamma: jax.Array, beta: jax.Array, mask: jax.Array | None = None, eps: float = 1e-5
) -> jax.Array:
    counts = jnp.ones((*x.shape[:-1], 1), bool) if mask is None else mask[..., None]
    x = jnp.where(counts, x, 0)
    variance = jnp.var(x, axis=-1, keepdims=True)  # two passes, unlike that of jax.nn.standardize
    z = (x - jnp.mean(x, axis=-1, keepdims=True)) * jax.lax.rsqrt(variance + eps)
    return jnp.where(counts, z * gamma + beta, 0)


def rms_norm(x: jax.Array, gamma: jax.Array, mask: jax.Array | None = None, eps: float = 1e-5) -> jax.Array:
    counts = jnp.ones((*x.shape[:-1], 1), bool) if mask is None else mask[..., None]
    x = jnp.where(counts, x, 0)
    z = x * jax.lax.rsqrt(jnp.mean(jnp.square(x), axis=-1, keepdims=True) + eps)
    return jnp.where(counts, z * gamma, 0)


def l2_normalize(x: jax.Array, axis: Axes = -1, eps: float = 1e-12) -> jax.Array:
    return x / jnp.sqrt(jnp.sum(jnp.square(x), axis=axis, keepdims=True) + eps)
