"""JAX twins of the convolutions: JAX's own, and what JAX transposes it to. They trust shapes and options."""

import jax
import jax.numpy as jnp
from jax import lax

Numbers = int | tuple[int, ...]
Padding = int | str | tuple[int | tuple[int, int], ...]


def convolution(
    x: jax.Array,
    W: jax.Array,
    b: jax.Array,
    stride: Numbers = 1,
    pad: Padding = 0,
    dilation: Numbers = 1,
    groups: int = 1,
) -> jax.Array:
    return _convolved(x, W, stride, pad, dilation, groups) + b.reshape(b.size, *[1] * (W.ndim - 2))


def convolution_transpose(
    x: jax.Array,
    W: jax.Array,
    b: jax.Array,
    stride: Numbers = 1,
    pad: Padding = 0,
    dilation: Numbers = 1,
    groups: int = 1,
    out_pad: Numbers = 0,
) -> jax.Array:
    channels = x.ndim - W.ndim + 1
    each = zip(x.shape[channels + 1 :], _per_axis(stride, W), _spans(W, dilation), _per_axis(out_pad, W), strict=True)
    if pad in ("same", "causal"):
        lengths = [windows * step for windows, step, *_ in each]
    else:
        padding = [low + high for low, high in _pairs(pad, W)]
        room = [(windows - 1) * step + span + more for windows, step, span, more in each]
        lengths = [length - around for length, around in zip(room, padding, strict=True)]
    out = jnp.zeros((*x.shape[:channels], b.size, *lengths), x.dtype)
    back = jax.linear_transpose(lambda out: _convolved(out, W, stride, pad, dilation, groups), out)
    return back(x)[0] + b.reshape(b.size, *[1] * (W.ndim - 2))


def _convolved(
    x: jax.Array, W: jax.Array, stride: Numbers, pad: Padding, dilation: Numbers, groups: int
) -> jax.Array:
    """Convolve samples with any leading axes, or none: JAX takes one."""
    channels = x.ndim - W.ndim + 1
    samples = lax.collapse(x[jnp.newaxis], 0, channels + 1)
    if pad == "causal":
        pad = tuple((span - 1, 0) for span in _spans(W, dilation))
    out = lax.conv_general_dilated(
        samples,
        W,
        _per_axis(stride, W),
        pad.upper() if isinstance(pad, str) else _pairs(pad, W),
        rhs_dilation=_per_axis(dilation, W),
        feature_group_count=groups,
    )
    return out.reshape(*x.shape[:channels], *out.shape[1:])


def _spans(W: jax.Array, dilation: Numbers) -> list[int]:
    return [(size - 1) * gap + 1 for size, gap in zip(W.shape[2:], _per_axis(dilation, W), strict=True)]


def _per_axis(option: Numbers, W: jax.Array) -> tuple[int, ...]:
    return option if isinstance(option, tuple) else (option,) * (W.ndim - 2)


def _pairs(pad: Padding, W: jax.Array) -> list[tuple[int, int]]:
    if isinstance(pad, str):
        pad = 0  # which "valid" is
    each = pad if isinstance(pad, tuple) else (pad,) * (W.ndim - 2)
    return [one if isinstance(one, tuple) else (one, one) for one in each]
