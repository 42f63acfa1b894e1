"""Whole numbers that choose entries along an axis, and the transpose of choosing."""

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, double, real

Indices = npt.NDArray[np.integer]


def as_indices(where: str, indices: npt.ArrayLike, length: int, because: str) -> Indices:
    """Give indices from 0 to length - 1 as an array. None of them counts from the end.

    Raises
    ------
    IndexError
        For one that is out of range, also -1. The message has its value and position.
    TypeError
        If they are not integers: a mask, too, would be taken for indices 0 and 1.
    """
    array = real(where, "indices", indices)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{where}: indices.dtype is {array.dtype}; expected integers, which count from 0")
    outside = (array < 0) | (array >= length)
    if outside.any():
        expected = f"an index from 0 to {length - 1}" if length else "no index at all"
        raise index_error(where, "indices", array, outside, f"{expected}, because {because}")
    return array.astype(np.intp)


def index_error(where: str, name: str, array: Indices, outside: npt.NDArray[np.bool_], expected: str) -> IndexError:
    """Word the error for the first number that is outside of what is allowed, with its position."""
    position = tuple(np.argwhere(outside)[0].tolist())
    at = list(position) if position else ""
    return IndexError(f"{where}: {name}{at} is {array[position]}; expected {expected}")


def scatter_add(values: Array, indices: Indices, length: int) -> Array:
    """Add up values (..., D) by their indices (...): the sums (length, D), in float64 at least; D is any more axes.

    To take rows of x, out_i = x_{j(i)}, is linear in x: each place moves with the row that it shows. Its transpose
    sums over the places that show a row, which are several where an index is repeated:

        ⟨dout, δout⟩ = Σᵢ ⟨dout_i, δx_{j(i)}⟩ = Σⱼ ⟨Σᵢ [j(i) = j] dout_i, δx_j⟩

    so that dx_j = Σᵢ [j(i) = j] dout_i. Plain assignment, ``dx[indices] += dout``, adds one of equal indices alone.
    """
    values = double(values)
    sums = np.zeros((length, *values.shape[indices.ndim :]), values.dtype)
    np.add.at(sums, indices, values)
    return sums
