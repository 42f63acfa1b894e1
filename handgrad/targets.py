"""What a loss is given: rows, targets, as class indices or distributions, and a mask of the rows that count."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, Shape, booleans, floating, real, shape_error, wide
from handgrad.indices import index_error
from handgrad.numerics import row_sums

Mask = npt.NDArray[np.bool_]


def as_rows(where: str, name: str, argument: npt.ArrayLike) -> Array:
    """Give an argument as a floating array (..., C) of rows.

    Raises
    ------
    ValueError, TypeError
        If it is a single number, which has no last axis to sum over, or not made of real numbers.
    """
    batch = floating(where, name, argument)
    if batch.ndim == 0:
        raise shape_error(where, name, batch.shape, "one axis or more", "the last one is summed over")
    return batch


def as_mask(where: str, mask: npt.ArrayLike | None, x: Array) -> Mask | None:
    """Give the mask of a batch x (..., C) as booleans (...), or None where every row counts.

    Raises
    ------
    ValueError, TypeError
        If it is of another shape, or not boolean: 0.0 and 1.0 may well be weights, which a mask is not.
    """
    if mask is None:
        return None
    mask = booleans(where, "mask", mask, "a row counts")
    if mask.shape != x.shape[:-1]:
        raise shape_error(where, "mask", mask.shape, x.shape[:-1], _because(x))
    return mask


def rows_that_count(array: npt.NDArray[Any], mask: Mask | None, leading: Shape) -> npt.NDArray[Any]:
    """Give the N rows that count as one batch: (..., C) becomes (N, C), and labels (...) become (N,).

    The others are left out before anything is computed, so that they may hold anything.
    """
    if mask is not None:
        return array[mask]
    return array if len(leading) == 1 else array.reshape(math.prod(leading), *array.shape[len(leading) :])


def spread(rows: Array, mask: Mask | None, shape: Shape) -> Array:
    """Put the rows that count (N, C) back into their places (..., C), among rows of 0."""
    if mask is None:
        return rows if rows.shape == shape else rows.reshape(shape)
    among_zeros = np.zeros(shape, rows.dtype)
    among_zeros[mask] = rows
    return among_zeros


def as_outputs(where: str, t: npt.ArrayLike, name: str, y: Array) -> npt.NDArray[Any]:
    """Give targets that are what the outputs y, an argument called `name`, should be: real numbers of its shape."""
    t = real(where, "t", t)
    if t.shape != y.shape:
        raise shape_error(where, "t", t.shape, y.shape, f"that is the shape of {name}")
    return t


def as_targets(where: str, t: npt.NDArray[Any], x: Array, mask: Mask | None) -> npt.NDArray[Any]:
    """Give the targets of the rows that count, as distributions (N, C) or, for class indices, as flat indices (N,).

    Which of the two they are is decided by their dtype and number of axes, never by their size. The flat indices are
    those of the target classes among the N · C entries, row by row.

    Raises
    ------
    IndexError
        For a class index that is out of range and not masked. The message has its value and position.
    ValueError
        For targets of another shape.
    """
    leading = x.shape[:-1]
    if t.dtype.kind in "iu" and t.ndim == len(leading):
        return _as_flat_indices(where, t, x, mask)
    if t.shape != x.shape:
        expected = f"{x.shape} for distributions or {leading} for integer class indices"
        raise shape_error(where, "t", t.shape, expected, f"{_because(x)} and t.dtype is {t.dtype}")
    return rows_that_count(t, mask, leading)


def _as_flat_indices(where: str, t: npt.NDArray[Any], x: Array, mask: Mask | None) -> npt.NDArray[Any]:
    if t.shape != x.shape[:-1]:
        raise shape_error(where, "t", t.shape, x.shape[:-1], _because(x))
    classes, counted = x.shape[-1], rows_that_count(t, mask, t.shape)
    try:
        return np.ravel_multi_index((np.arange(len(counted)), counted), (len(counted), classes))
    except ValueError:
        raise _no_class(where, t, x, mask) from None


def _no_class(where: str, t: npt.NDArray[Any], x: Array, mask: Mask | None) -> IndexError:
    classes = x.shape[-1]
    invalid = ((t < 0) | (t >= classes)) & (True if mask is None else mask)
    expected = f"a class index from 0 to {classes - 1}" if classes else "no label at all"
    return index_error(where, "t", t, invalid, f"{expected}, because {_because(x)}")


def _because(batch: Array) -> str:
    return f"the batch has the shape {batch.shape}"


def expected_value(t: npt.NDArray[Any], values: Array) -> Array:
    """Compute Σ_k t_k v_k for each row (N, C). A class with t_k = 0 adds 0, also where v_k is -inf."""
    if t.ndim == 1:
        return values.take(t)
    return row_sums(np.where(t == 0, 0, t * values))


def times_mass(t: npt.NDArray[Any], values: Array) -> Array:
    """Compute Σ_k t_k v for each row (N,). A row without targets adds 0, also where v is NaN."""
    if t.ndim == 1:
        return values
    mass = row_sums(wide(t))
    return np.where(mass == 0, 0, mass * values)


def minus_targets(y: Array, t: npt.NDArray[Any], factor: float | Array) -> Array:
    """Compute (y Σt - t) · factor for each row (N, C), a new array."""
    if t.ndim == 1:
        difference = y * factor
        difference.put(t, (y.take(t) - 1) * factor)  # where t is 1
        return difference
    return (y * row_sums(wide(t))[:, np.newaxis] - t) * factor
