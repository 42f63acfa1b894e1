"""JAX twins of pooling: windows are stacked and one entry of each selected; for means, JAX sums over windows."""

import jax
import jax.numpy as jnp
from jax import lax

Numbers = int | tuple[int, ...]
Padding = int | str | tuple[int | tuple[int, int], ...]
Pairs = list[tuple[int, int]]


def max_pool(x: jax.Array, size: tuple[int, ...], stride: Numbers | None = None, pad: Padding = 0) -> jax.Array:
    strides, pairs = _per_axis(size if stride is None else stride, size), _pairs(pad, x, size, stride)
    seen = _windows(x, -jnp.inf, size, strides, pairs)
    there = _windows(jnp.full(x.shape, True), False, size, strides, pairs)
    largest = there & ((seen == jnp.max(seen, -1, keepdims=True)) | jnp.isnan(seen))
    first = jnp.argmax(largest, -1)[..., jnp.newaxis]
    return jnp.take_along_axis(seen, first, -1)[..., 0]


def average_pool(
    x: jax.Array,
    size: tuple[int, ...],
    stride: Numbers | None = None,
    pad: Padding = 0,
    count_include_pad: bool = False,
) -> jax.Array:
    others = x.ndim - len(size)
    padding = [(0, 0, 0)] * others + [(low, high, 0) for low, high in _pairs(pad, x, size, stride)]
    strides = _per_axis(size if stride is None else stride, size)
    counted = lax.pad(jnp.ones(x.shape, x.dtype), jnp.asarray(count_include_pad, x.dtype), padding)
    sums, numbers = (
        lax.reduce_window(each, 0.0, lax.add, (*[1] * others, *size), (*[1] * others, *strides), "VALID")
        for each in (lax.pad(x, jnp.zeros((), x.dtype), padding), counted)
    )
    return sums / numbers


def _windows(x: jax.Array, beyond: float, size: tuple[int, ...], strides: tuple[int, ...], pairs: Pairs) -> jax.Array:
    """Stack what the windows see along a last axis: axis by axis, entries that lie a stride apart."""
    space = range(x.ndim - len(size), x.ndim)
    for axis, length, step, (low, high) in zip(space, size, strides, pairs, strict=True):
        around = [(low, high, 0) if each == axis else (0, 0, 0) for each in range(x.ndim)]
        padded = lax.pad(x, jnp.asarray(beyond, x.dtype), around)
        windows = (padded.shape[axis] - length) // step + 1
        each_tap = [slice(k, k + windows * step, step) for k in range(length)]
        x = jnp.stack([padded[(slice(None),) * axis + (seen,)] for seen in each_tap], -1)
    return lax.collapse(x, space.stop)


def _per_axis(option: Numbers, size: tuple[int, ...]) -> tuple[int, ...]:
    return option if isinstance(option, tuple) else (option,) * len(size)


def _pairs(pad: Padding, x: jax.Array, size: tuple[int, ...], stride: Numbers | None) -> Pairs:
    if pad == "causal":
        return [(length - 1, 0) for length in size]
    if isinstance(pad, str):
        strides = _per_axis(size if stride is None else stride, size)
        return list(lax.padtype_to_pads(x.shape[-len(size) :], size, strides, pad.upper()))
    each = pad if isinstance(pad, tuple) else (pad,) * len(size)
    return [one if isinstance(one, tuple) else (one, one) for one in each]
