"""The layers' contract with their callers: dtypes, shapes, and errors that say what was wrong.

Every check runs before a layer changes any state, so that a call that raises leaves no trace.
"""

import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]
Shape = tuple[int, ...]

ieee = np.errstate(all="ignore")
"""Decorates what follows IEEE 754 in silence: what overflows is inf, and 0/0 is NaN, without a warning."""


class Spec(NamedTuple):
    """What a layer remembers of an input whose values its backward does not need."""

    shape: Shape
    dtype: np.dtype[Any]


def floating(where: str, name: str, argument: npt.ArrayLike) -> Array:
    """Give an argument as a floating array: floating dtypes are kept, integers and booleans become float64.

    Whatever the order of its bytes was, it is native then, and so is that of what is computed from it.

    Raises
    ------
    TypeError
        If it is not made of real numbers. The message names it.
    """
    if type(argument) is np.ndarray and argument.dtype.kind == "f" and argument.dtype.isnative:
        # the usual case, without the calls below; but of what is repeated in memory, NumPy adds products one by one
        return argument if 0 not in argument.strides else np.ascontiguousarray(argument).reshape(argument.shape)
    array = real(where, name, argument)
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def floating_together(where: str, **arguments: npt.ArrayLike) -> tuple[Array, ...]:
    """Give several arguments as floating arrays. A Python number takes the dtype of the arrays beside it."""
    arrays = [floating(where, name, argument) for name, argument in arguments.items()]
    weak = [type(argument) in (bool, int, float) for argument in arguments.values()]
    if not any(weak):
        return tuple(arrays)
    beside = [array.dtype for array, alone in zip(arrays, weak, strict=True) if not alone]
    dtype = np.result_type(0.0, *beside)
    return tuple(array.astype(dtype) if alone else array for array, alone in zip(arrays, weak, strict=True))


def number(where: str, name: str, argument: npt.ArrayLike) -> float:
    """Give an option as a Python number, which has no say in a dtype, or raise an error that names it."""
    array = floating(where, name, argument)
    if array.ndim:
        raise shape_error(where, name, array.shape, "()", "it is one number for all of x")
    return float(array)


def above_0(where: str, name: str, argument: npt.ArrayLike, because: str) -> float:
    """Give an option as a finite number above 0, or raise an error that names it."""
    given = number(where, name, argument)
    if not 0 < given < np.inf:
        raise ValueError(f"{where}: {name} is {given}; expected a finite number above 0, because {because}")
    return given


def share(where: str, name: str, argument: npt.ArrayLike) -> float:
    """Give an option as a number from 0 to 1, or raise an error that names it."""
    given = number(where, name, argument)
    if not 0 <= given <= 1:
        raise ValueError(f"{where}: {name} is {given}; expected a number from 0 to 1, because it is a share")
    return given


def whole_number(where: str, name: str, argument: Any) -> int:
    """Give an option as a whole number, or raise a TypeError that names it."""
    try:
        return operator.index(argument)
    except TypeError:
        raise TypeError(f"{where}: {name} is {argument!r}; expected a whole number") from None


def real(where: str, name: str, argument: npt.ArrayLike) -> npt.NDArray[Any]:
    """Give an argument as an array of real numbers, or raise a TypeError that names it and its dtype."""
    array = as_array(where, name, argument)
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"{where}: {name}.dtype is {array.dtype}; expected floating, integer or boolean, "
            "because layers compute with real numbers"
        )
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def as_array(where: str, name: str, argument: npt.ArrayLike) -> npt.NDArray[Any]:
    """Give an argument as an array, or raise an error that names it: a ValueError if it is ragged.

    A TypeError if it is a masked array, whose mask would be lost: a layer takes a mask as an argument of its own.
    """
    try:
        array = np.asarray(argument)
    except ValueError as error:
        raise ValueError(f"{where}: {name} is not an array: {error}") from None
    if array is not argument and isinstance(argument, np.ma.MaskedArray):
        raise TypeError(f"{where}: {name} is a masked array; expected a plain one, because its mask would be lost")
    return array


def shape_error(where: str, name: str, shape: Shape, expected: Shape | str, because: str) -> ValueError:
    """Word the error that all layers share for a shape that does not fit."""
    return ValueError(f"{where}: {name}.shape is {shape}; expected {expected}, because {because}")


def upstream(layer: Any, dout: npt.ArrayLike) -> Array:
    """Give the gradient that a backward was called with, widened, of the shape of what forward returned.

    Raises
    ------
    RuntimeError
        If forward has not run.
    ValueError, TypeError
        If it has another shape, or is not made of real numbers.
    """
    where = f"{type(layer).__name__}.backward"
    expect_forward(where, hasattr(layer, "out_shape"))
    return _upstream(where, "dout", dout, layer.out_shape)


def upstreams(layer: Any, douts: Sequence[npt.ArrayLike]) -> list[Array]:
    """Give the upstream gradients of several outputs, whose shapes are `out_shapes`. Those left out at the end are 0.

    Raises
    ------
    RuntimeError, ValueError, TypeError
        As `upstream` does; and TypeError if there is none, or more than outputs.
    """
    where = f"{type(layer).__name__}.backward"
    expect_forward(where, hasattr(layer, "out_shapes"))
    shapes = layer.out_shapes
    if not 1 <= len(douts) <= len(shapes):
        expected = f"1 to {len(shapes)}, because that is the number of outputs"
        raise TypeError(f"{where}: got {len(douts)} upstream gradients; expected {expected}")
    given = [_upstream(where, f"douts[{i}]", dout, shapes[i]) for i, dout in enumerate(douts)]
    return given + [np.zeros(shape, given[0].dtype) for shape in shapes[len(given) :]]


def _upstream(where: str, name: str, dout: npt.ArrayLike, shape: Shape) -> Array:
    dout = floating(where, name, dout)
    if dout.shape != shape:
        raise shape_error(where, name, dout.shape, shape, "that is the shape of forward's output")
    return wide(dout)


def expect_forward(where: str, has_run: bool) -> None:
    """Raise RuntimeError where backward is called and forward has not run."""
    if not has_run:
        raise RuntimeError(f"{where}: call forward first; there is nothing to go back through yet")


def remembered(out: Array) -> Array:
    """Make an output that backward needs read-only, so that a stray in-place write raises."""
    out.flags.writeable = False
    return out


def wide(array: Array) -> Array:
    """Widen float16 to float32, in which sums of a row do not overflow; leave the rest as it is."""
    return array.astype(np.float32) if array.dtype == np.float16 else array


def double(array: Array) -> Array:
    """Widen to float64, in which the product of two float32 numbers is exact."""
    return array.astype(np.result_type(array, np.float64), copy=False)


def long_sum(array: Array, axes: int | tuple[int, ...]) -> Array:
    """Sum in float64: NumPy adds rows one by one, so that a sum of float32 stagnates at 2²⁴ times a row."""
    return np.add.reduce(array, axis=axes, dtype=np.float64 if array.itemsize < 8 else None)


def sum_to(grad: Array, like: Spec | Array) -> Array:
    """Sum a gradient over the axes that broadcasting added to `like` or stretched, and give it its dtype.

    Broadcasting copies an entry to many places; each of them has a say in its gradient. Always a new array.
    """
    added = grad.ndim - len(like.shape)
    stretched = [added + axis for axis, length in enumerate(like.shape) if length == 1]
    axes = (*range(added), *stretched)
    summed = long_sum(grad, axes) if axes else grad  # in float64, the same numbers would take twice the memory
    return np.array(summed, like.dtype).reshape(like.shape)


def expect_broadcastable(where: str, **arrays: npt.NDArray[Any]) -> None:
    """Raise a ValueError that names the last of the arrays unless all of them broadcast together."""
    try:
        np.broadcast_shapes(*(array.shape for array in arrays.values()))
    except ValueError:
        *others, name = arrays
        because = " and ".join(f"{other}.shape is {arrays[other].shape}" for other in others)
        raise shape_error(where, name, arrays[name].shape, "axes that broadcast", because) from None


def broadcast_to(where: str, name: str, array: npt.NDArray[Any], shape: Shape, because: str) -> npt.NDArray[Any]:
    """Broadcast an array to a shape, or raise a ValueError that names it and both shapes."""
    try:
        return np.broadcast_to(array, shape)
    except ValueError:
        raise shape_error(where, name, array.shape, f"{shape} or one that broadcasts to it", because) from None


def typed(argument: npt.ArrayLike, array: npt.NDArray[Any], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Give what was made of an argument, in a dtype if that was an empty list, which has none of its own."""
    return array.astype(dtype) if isinstance(argument, list | tuple) and not array.size else array


def booleans(where: str, name: str, argument: npt.ArrayLike, true_where: str) -> npt.NDArray[np.bool_]:
    """Give an argument as booleans, or raise a TypeError: 0.0 and 1.0 may well be weights, which choose nothing."""
    array = typed(argument, as_array(where, name, argument), np.bool_)
    if array.dtype != np.bool_:
        raise TypeError(f"{where}: {name}.dtype is {array.dtype}; expected bool, True where {true_where}")
    return array
