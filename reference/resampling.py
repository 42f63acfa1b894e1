"""JAX twin of upsampling: a number is broadcast along an axis of its own, which its axis then takes in."""

import jax
import jax.numpy as jnp


def upsample(x: jax.Array, factors: tuple[int, ...]) -> jax.Array:
    for axis, factor in enumerate(factors, x.ndim - len(factors)):
        before, length, behind = x.shape[:axis], x.shape[axis], x.shape[axis + 1 :]
        copies = jnp.broadcast_to(jnp.expand_dims(x, axis + 1), (*before, length, factor, *behind))
        x = copies.reshape(*before, length * factor, *behind)
    return x
