"""JAX's operations on numbers of many digits: arrays of mpmath numbers, as NumPy calculates with any objects.

Integers and booleans stay what they are, in arrays of their own. What is undefined, or no real number, is NaN.
"""

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np
import numpy.typing as npt

from reference.comparisons.exact import windows
from reference.comparisons.exact.scattering import gathered, scattered

AnyArray = npt.NDArray[Any]

CONTEXT = mpmath.MPContext()
_exactly = np.frompyfunc(CONTEXT.mpf, 1, 1)


def widened(array: Any) -> AnyArray:
    """Make mpmath numbers of floating-point ones."""
    array = np.asarray(array)
    return np.asarray(_exactly(array.astype(object))) if array.dtype.kind == "f" else array


def _elementwise(function: Callable[..., Any], inputs: int = 1) -> Callable[..., Any]:
    """Apply a function of mpmath numbers to every element; where it is no real number, it is NaN."""

    def real(*numbers: Any) -> Any:
        try:
            value = function(*numbers)
        except (ValueError, ZeroDivisionError):
            return CONTEXT.nan
        return CONTEXT.nan if isinstance(value, CONTEXT.mpc) else value

    apply = np.frompyfunc(real, inputs, 1)
    return lambda *args, **_: apply(*args)


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """Take a function of NumPy, which needs none of the parameters that JAX's operation has."""
    return lambda *args, **_: function(*args)


def _cumulated(x: AnyArray, *, axis: int, reverse: bool) -> AnyArray:
    return np.flip(np.cumsum(np.flip(x, axis), axis), axis) if reverse else np.cumsum(x, axis)


def _broadcast(x: AnyArray, *, shape: Sequence[int], broadcast_dimensions: Sequence[int], **_: Any) -> AnyArray:
    stretched = [1] * len(shape)
    for axis, length in zip(broadcast_dimensions, x.shape, strict=True):
        stretched[axis] = length
    return np.broadcast_to(x.reshape(stretched), shape)


def _converted(x: AnyArray, *, new_dtype: np.dtype[Any], **_: Any) -> AnyArray:
    if x.dtype != object:
        return x.astype(new_dtype)
    if new_dtype.kind == "b":
        return np.not_equal(x, 0)
    return x.astype(new_dtype) if new_dtype.kind in "iu" else x


def _dot(a: AnyArray, b: AnyArray, *, dimension_numbers: Any, **_: Any) -> Any:
    (summed_a, summed_b), (batch_a, batch_b) = dimension_numbers
    axes_a, axes_b = list(range(a.ndim)), list(range(a.ndim, a.ndim + b.ndim))
    for of_a, of_b in zip((*summed_a, *batch_a), (*summed_b, *batch_b), strict=True):
        axes_b[of_b] = of_a
    batch = [axes_a[axis] for axis in batch_a]
    free = [axes_a[axis] for axis in range(a.ndim) if axis not in (*summed_a, *batch_a)]
    free += [axes_b[axis] for axis in range(b.ndim) if axis not in (*summed_b, *batch_b)]
    return np.einsum(a, axes_a, b, axes_b, [*batch, *free])


def _reshaped(x: AnyArray, *, new_sizes: Sequence[int], dimensions: Sequence[int] | None, **_: Any) -> AnyArray:
    """Take the numbers in the order of these axes, if there are any."""
    return (x if dimensions is None else x.transpose(dimensions)).reshape(new_sizes)


def _split(x: AnyArray, *, sizes: Sequence[int], axis: int) -> list[AnyArray]:
    return np.split(x, np.cumsum(sizes)[:-1], axis)


def _sliced(x: AnyArray, *, start_indices: Any, limit_indices: Any, strides: Any) -> AnyArray:
    return x[tuple(map(slice, start_indices, limit_indices, strides or [1] * x.ndim))]


def _dynamic_place(x: AnyArray, starts: Sequence[AnyArray], shape: Sequence[int]) -> tuple[slice, ...]:
    """Find the part of an array that starts there, moved inside where it would stick out."""
    ends = [size - length for size, length in zip(x.shape, shape, strict=True)]
    inside = [min(max(int(start), 0), end) for start, end in zip(starts, ends, strict=True)]
    return tuple(slice(start, start + length) for start, length in zip(inside, shape, strict=True))


def _updated(x: AnyArray, update: AnyArray, *starts: AnyArray) -> AnyArray:
    x = x.copy()
    x[_dynamic_place(x, starts, update.shape)] = update
    return x


OPERATIONS: dict[str, Callable[..., Any]] = {
    "abs": _plain(np.absolute),
    "add": _plain(np.add),
    "add_any": _plain(np.add),
    "and": _plain(np.bitwise_and),
    "argmax": lambda x, *, axes, **_: np.argmax(x, axes[0]),
    "argmin": lambda x, *, axes, **_: np.argmin(x, axes[0]),
    "broadcast_in_dim": _broadcast,
    "ceil": _elementwise(CONTEXT.ceil),
    "clamp": lambda low, x, high: np.minimum(np.maximum(x, low), high),
    "concatenate": lambda *arrays, dimension: np.concatenate(arrays, dimension),
    "conv_general_dilated": windows.convolved,
    "convert_element_type": _converted,
    "copy": _plain(np.array),
    "cos": _elementwise(CONTEXT.cos),
    "cumsum": _cumulated,
    "div": _elementwise(operator.truediv, 2),
    "dot_general": _dot,
    "dynamic_slice": lambda x, *starts, slice_sizes: x[_dynamic_place(x, starts, slice_sizes)],
    "dynamic_update_slice": _updated,
    "eq": _plain(np.equal),
    "erf": _elementwise(CONTEXT.erf),
    "erf_inv": _elementwise(CONTEXT.erfinv),
    "erfc": _elementwise(CONTEXT.erfc),
    "exp": _elementwise(CONTEXT.exp),
    "exp2": _elementwise(lambda x: CONTEXT.power(2, x)),
    "expm1": _elementwise(CONTEXT.expm1),
    "floor": _elementwise(CONTEXT.floor),
    "gather": gathered,
    "ge": _plain(np.greater_equal),
    "gt": _plain(np.greater),
    "integer_pow": lambda x, *, y: _elementwise(lambda base: base**y)(x),
    "iota": lambda *, dtype, shape, dimension, **_: np.indices(shape, dtype)[dimension],
    "is_finite": lambda x: np.asarray(_elementwise(CONTEXT.isfinite)(x), bool),
    "le": _plain(np.less_equal),
    "log": _elementwise(CONTEXT.log),
    "log1p": _elementwise(CONTEXT.log1p),
    "logistic": _elementwise(lambda x: 1 / (1 + CONTEXT.exp(-x))),
    "lt": _plain(np.less),
    "max": _plain(np.maximum),
    "min": _plain(np.minimum),
    "mul": _plain(np.multiply),
    "ne": _plain(np.not_equal),
    "neg": _plain(np.negative),
    "not": _plain(np.invert),
    "or": _plain(np.bitwise_or),
    "pad": windows.padded,
    "pow": _elementwise(CONTEXT.power, 2),
    "reduce_max": lambda x, *, axes, **_: x.max(axis=tuple(axes), initial=-np.inf),
    "reduce_min": lambda x, *, axes, **_: x.min(axis=tuple(axes), initial=np.inf),
    "reduce_sum": lambda x, *, axes, **_: x.sum(axis=tuple(axes)),
    "reduce_window_max": windows.reduced(np.max, -math.inf),
    "reduce_window_min": windows.reduced(np.min, math.inf),
    "reduce_window_sum": windows.reduced(np.sum, 0),
    "reshape": _reshaped,
    "rev": lambda x, *, dimensions: np.flip(x, dimensions),
    "round": _elementwise(CONTEXT.nint),
    "rsqrt": _elementwise(lambda x: 1 / CONTEXT.sqrt(x)),
    "scatter-add": scattered,
    "select_and_scatter_add": windows.scattered_to_chosen,
    "select_n": lambda which, *cases: np.choose(which, cases),
    "sign": _elementwise(CONTEXT.sign),
    "sin": _elementwise(CONTEXT.sin),
    "slice": _sliced,
    "split": _split,
    "sqrt": _elementwise(CONTEXT.sqrt),
    "square": _plain(np.square),
    "squeeze": lambda x, *, dimensions: np.squeeze(x, tuple(dimensions)),
    "stack": lambda *arrays, axis: np.stack(arrays, axis),
    "stop_gradient": _plain(np.array),
    "sub": _plain(np.subtract),
    "tanh": _elementwise(CONTEXT.tanh),
    "tile": lambda x, *, reps: np.tile(x, reps),
    "transpose": lambda x, *, permutation: np.transpose(x, permutation),
    "unstack": lambda x, *, axis: list(np.moveaxis(x, axis, 0)),
}
