"""Whole numbers that choose entries along an axis, and the transpose of choosing."""

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, double, real, typed

Indices = npt.NDArray[np.integer]


def integers(where: str, name: str, argument: npt.ArrayLike) -> Indices:
    """Give an argument as an array of integers, or raise a TypeError: a mask, too, would be taken for 0 and 1."""
    array = typed(argument, real(where, name, argument), np.intp)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{where}: {name}.dtype is {array.dtype}; expected integers, which count from 0")
    return array


def as_indices(
    where: str,
    name: str,
    argument: npt.ArrayLike,
    length: int,
    because: str,
    mask: npt.NDArray[np.bool_] | None = None,
) -> Indices:
    """Give indices from 0 to length - 1 as an array. None of them counts from the end; those masked may be any.

    Raises
    ------
    IndexError
        For one that is out of range, also -1. The message has its value and position.
    TypeError
        If they are not integers.
    """
    array = integers(where, name, argument)
    outside = (array < 0) | (array >= length)
    if mask is not None:
        outside &= mask
    if outside.any():
        expected = f"an index from 0 to {length - 1}" if length else "no index at all"
        raise index_error(where, name, array, outside, f"{expected}, because {because}")
    return array.astype(np.intp)


def index_error(where: str, name: str, array: Indices, outside: npt.NDArray[np.bool_], expected: str) -> IndexError:
    """Word the error for the first number that is outside of what is allowed, with its position."""
    position = tuple(np.argwhere(outside)[0].tolist())
    at = list(position) if position else ""
    return IndexError(f"{where}: {name}{at} is {array[position]}; expected {expected}")


def scatter_add(values: Array, indices: Indices, length: int, dtype: npt.DTypeLike) -> Array:
    """Add up values (..., D) by their indices (...): the sums (length, D), added in float64; D is any more axes.

    To take rows of x, out_i = x_{j(i)}, is linear in x: each place moves with the row that it shows. Its transpose
    sums over the places that show a row, which are several where an index is repeated:

        ⟨dout, δout⟩ = Σᵢ ⟨dout_i, δx_{j(i)}⟩ = Σⱼ ⟨Σᵢ [j(i) = j] dout_i, δx_j⟩

    so that dx_j = Σᵢ [j(i) = j] dout_i. Plain assignment, ``dx[indices] += dout``, adds one of equal indices alone.
    """
    places = np.arange(indices.size)
    indices, values = indices.ravel(), values.reshape(indices.size, *values.shape[indices.ndim :])
    # the rows that are shown may be few of very many: these alone are added up, side by side, and put among zeros.
    # Of each, one place is copied, the last, and the others are added to it: NumPy takes ten times as long to add
    last = np.full(length, -1)
    last[indices] = places
    shown = last >= 0
    sums = double(values[last[shown]])
    others = last[indices] != places
    np.add.at(sums, np.cumsum(shown)[indices[others]] - 1, double(values[others]))
    dx = np.zeros((length, *sums.shape[1:]), dtype)
    dx[shown] = sums
    return dx
