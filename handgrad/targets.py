"""What a loss is given: rows, and targets, as class indices or distributions."""

from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.batches import Batch
from handgrad.checks import Array, floating, real, shape_error, wide
from handgrad.indices import index_error
from handgrad.numerics import row_sums


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


def as_outputs(where: str, t: npt.ArrayLike, name: str, y: Array) -> npt.NDArray[Any]:
    """Give targets that are what the outputs y, an argument called `name`, should be: real numbers of its shape."""
    t = real(where, "t", t)
    if t.shape != y.shape:
        raise shape_error(where, "t", t.shape, y.shape, f"that is the shape of {name}")
    return t


def as_targets(where: str, t: npt.NDArray[Any], x: Array, batch: Batch) -> npt.NDArray[Any]:
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
    if not t.size and t.ndim == len(leading):
        t = t.astype(np.intp)  # an empty list is no list of floating numbers
    if t.dtype.kind in "iu" and t.ndim == len(leading):
        return _as_flat_indices(where, t, x, batch)
    if t.shape != x.shape:
        expected = f"{x.shape} for distributions or {leading} for integer class indices"
        raise shape_error(where, "t", t.shape, expected, f"{_because(x)} and t.dtype is {t.dtype}")
    return batch.counted(t)


def _as_flat_indices(where: str, t: npt.NDArray[Any], x: Array, batch: Batch) -> npt.NDArray[Any]:
    if t.shape != x.shape[:-1]:
        raise shape_error(where, "t", t.shape, x.shape[:-1], _because(x))
    classes, counted = x.shape[-1], batch.counted(t)
    try:
        return np.ravel_multi_index((np.arange(len(counted)), counted), (len(counted), classes))
    except ValueError:
        raise _no_class(where, t, x, batch) from None


def _no_class(where: str, t: npt.NDArray[Any], x: Array, batch: Batch) -> IndexError:
    classes = x.shape[-1]
    invalid = ((t < 0) | (t >= classes)) & (True if batch.mask is None else batch.mask)
    expected = f"a class index from 0 to {classes - 1}" if classes else "no label at all"
    return index_error(where, "t", t, invalid, f"{expected}, because {_because(x)}")


def _because(batch: Array) -> str:
    return f"the batch has the shape {batch.shape}"


def as_class_weights(where: str, class_weights: npt.ArrayLike | None, x: Array) -> npt.NDArray[Any] | None:
    """Give a weight for each class of a batch x (..., C), widened as x is, in whose dtype they have no say."""
    if class_weights is None:
        return None
    weights = real(where, "class_weights", class_weights)
    if weights.shape != x.shape[-1:]:
        raise shape_error(where, "class_weights", weights.shape, x.shape[-1:], _because(x))
    return weights.astype(np.result_type(x, np.float32))


def smoothed(t: npt.NDArray[Any], share: float, scores: Array) -> npt.NDArray[Any]:
    """Compute (1 - ε) t + ε / C for each row: each target gives a share of ε away, to all classes alike."""
    if share == 0:
        return t
    return (1 - share) * _distributions(t, scores) + share / max(scores.shape[1], 1)


def weighted(t: npt.NDArray[Any], weights: npt.NDArray[Any] | None, scores: Array) -> npt.NDArray[Any]:
    """Compute w_k t_k for each row."""
    return t if weights is None else weighed(_distributions(t, scores), weights)


def _distributions(t: npt.NDArray[Any], scores: Array) -> npt.NDArray[Any]:
    """Give targets as distributions (N, C), those of flat indices as one-hot rows, in the dtype of the scores."""
    if t.ndim > 1:
        return wide(t)
    one_hot = np.zeros_like(scores)
    one_hot.put(t, 1)
    return one_hot


def expected_value(t: npt.NDArray[Any], values: Array) -> Array:
    """Compute Σ_k t_k v_k for each row (N, C). A class with t_k = 0 adds 0, also where v_k is -inf."""
    if t.ndim == 1:
        return values.take(t)
    return row_sums(weighed(t, values))


def weighed(weights: npt.NDArray[Any], values: Array) -> Array:
    """Compute the products of weights and values: 0 where the weight is 0, also where the value is not finite."""
    products = weights * values
    return products if np.isfinite(products).all() else np.where(weights == 0, 0, products)


def times_mass(t: npt.NDArray[Any], values: Array) -> Array:
    """Compute Σ_k t_k v for each row (N,). A row without targets adds 0, also where v is NaN."""
    if t.ndim == 1:
        return values
    mass = row_sums(wide(t))
    return np.where(mass == 0, 0, mass * values)


def minus_targets(y: Array, t: npt.NDArray[Any], factor: float | Array) -> Array:
    """Compute (y Σt - t) · factor for each row (N, C), a new array. A factor is one for all rows, or (N, 1)."""
    if t.ndim == 1:
        difference = y * factor
        difference.put(t, (y.take(t)[:, np.newaxis] - 1) * factor)  # where t is 1
        return difference
    return (y * row_sums(wide(t))[:, np.newaxis] - t) * factor
