"""JAX twins of layers that are made of layers, each for the layers that its case has in it."""

import jax
import jax.numpy as jnp


def sequential(x: jax.Array, W1: jax.Array, b1: jax.Array, W2: jax.Array, b2: jax.Array) -> jax.Array:
    hidden = jax.nn.sigmoid(jnp.einsum("...d,dm->...m", x, W1) + b1)
    return jnp.einsum("...d,dm->...m", hidden, W2) + b2


def residual(x: jax.Array, W: jax.Array, b: jax.Array) -> jax.Array:
    return x + jax.nn.sigmoid(jnp.einsum("...d,dm->...m", x, W) + b)


def transformer_block(
    x: jax.Array,
    g1: jax.Array,
    Wq: jax.Array,
    Wk: jax.Array,
    Wv: jax.Array,
    Wo: jax.Array,
    g2: jax.Array,
    W1: jax.Array,
    b1: jax.Array,
    W2: jax.Array,
    b2: jax.Array,
    mask: jax.Array,
) -> jax.Array:
    x, counts = jnp.where(mask[..., None], x, 0), mask[..., :, None] & mask[..., None, :]
    h = x + _attention(_rms_norm(x, g1), Wq, Wk, Wv, Wo, counts)
    hidden = jax.nn.sigmoid(jnp.einsum("...d,dm->...m", _rms_norm(h, g2), W1) + b1)
    return jnp.where(mask[..., None], h + jnp.einsum("...d,dm->...m", hidden, W2) + b2, 0)


def _rms_norm(x: jax.Array, gamma: jax.Array) -> jax.Array:
    return gamma * x / jnp.sqrt(jnp.mean(jnp.square(x), -1, keepdims=True) + 1e-5)


def _attention(
    x: jax.Array, Wq: jax.Array, Wk: jax.Array, Wv: jax.Array, Wo: jax.Array, counts: jax.Array
) -> jax.Array:
    q, k, v = (jnp.einsum("...td,da->...ta", x, W) for W in (Wq, Wk, Wv))
    scores = jnp.where(counts, jnp.einsum("...ta,...sa->...ts", q, k) * q.shape[-1] ** -0.5, 0)
    return jnp.einsum("...ts,...sa->...ta", jax.nn.softmax(scores, where=counts), v) @ Wo
