"""The layers' contract with their callers: dtypes, shapes, and errors that say what was wrong.

Every check runs before a layer changes any state, so that a call that raises leaves no trace.
"""

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

    Raises
    ------
    TypeError
        If it is not made of real numbers. The message names it.
    """
    if type(argument) is np.ndarray and argument.dtype.kind == "f":
        return argument  # the usual case, without the calls below
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


def real(where: str, name: str, argument: npt.ArrayLike) -> npt.NDArray[Any]:
    """Give an argument as an array of real numbers, or raise a TypeError that names it and its dtype."""
    array = as_array(where, name, argument)
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"{where}: {name}.dtype is {array.dtype}; expected floating, integer or boolean, "
            "because layers compute with real numbers"
        )
    return array


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
    if not hasattr(layer, "out_shape"):
        raise RuntimeError(f"{where}: call forward first; there is nothing to go back through yet")
    dout = floating(where, "dout", dout)
    if dout.shape != layer.out_shape:
        raise shape_error(where, "dout", dout.shape, layer.out_shape, "that is the shape of forward's output")
    return wide(dout)


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
    summed = long_sum(grad, (*range(added), *stretched))
    return np.asarray(summed, like.dtype).reshape(like.shape)
