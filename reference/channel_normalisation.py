"""JAX twins of the normalisations by channels: the channels go to the end, where all else is a batch of rows."""

import jax
import jax.numpy as jnp


def batch_norm(
    x: jax.Array,
    gamma: jax.Array,
    beta: jax.Array,
    statistics: tuple[jax.Array, jax.Array] | None = None,
    axis: int = 1,
    eps: float = 1e-5,
    mask: jax.Array | None = None,
) -> jax.Array:
    rows = jnp.moveaxis(x, axis, -1)
    counts = jnp.ones((*rows.shape[:-1], 1), bool) if mask is None else mask[..., None]
    rows = jnp.where(counts, rows, 0)
    if statistics is None:
        over, n = tuple(range(x.ndim - 1)), jnp.maximum(jnp.sum(counts), 1)
        mean = jnp.sum(rows, axis=over) / n
        var = jnp.sum(jnp.where(counts, jnp.square(rows - mean), 0), axis=over) / n
    else:
        mean, var = (jnp.asarray(each, x.dtype) for each in statistics)
    z = (rows - mean) * jax.lax.rsqrt(var + eps)
    return jnp.moveaxis(jnp.where(counts, z * gamma + beta, 0), -1, axis)


def group_norm(
    x: jax.Array,
    gamma: jax.Array,
    beta: jax.Array,
    groups: int,
    axis: int = 1,
    eps: float = 1e-5,
    mask: jax.Array | None = None,
) -> jax.Array:
    counts = jnp.ones_like(x, bool) if mask is None else jnp.broadcast_to(jnp.expand_dims(mask, axis), x.shape)
    over = tuple(range(axis % x.ndim, x.ndim))
    parts = zip(jnp.split(jnp.where(counts, x, 0), groups, axis), jnp.split(counts, groups, axis), strict=True)
    z = jnp.concatenate([_standardised(part, of_part, over, eps) for part, of_part in parts], axis)
    along = (-1, *[1] * (len(over) - 1))
    return jnp.where(counts, z * gamma.reshape(along) + beta.reshape(along), 0)


def _standardised(x: jax.Array, counts: jax.Array, over: tuple[int, ...], eps: float) -> jax.Array:
    n = jnp.maximum(jnp.sum(counts, axis=over, keepdims=True), 1)
    centred = jnp.where(counts, x - jnp.sum(x, axis=over, keepdims=True) / n, 0)
    return centred * jax.lax.rsqrt(jnp.sum(jnp.square(centred), axis=over, keepdims=True) / n + eps)
