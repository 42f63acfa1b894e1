"""Numerics that several layers share: stable at every finite input, over the last axis where there is one.

float16 is computed in float32 and rounded once, at the end.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, floating, ieee, shape_error, wide
from handgrad.targets import Mask, as_mask, as_targets


@ieee
def sigmoid(x: npt.ArrayLike) -> Array:
    """Squash to (0, 1): y = 1 / (1 + exp(-x)).

    exp(-x) overflows for large negative x. There the fraction is multiplied by exp(x) / exp(x), so that only
    the exponential of -|x| is ever taken, and both tails keep their full relative accuracy.

    Examples
    --------
    >>> sigmoid([-1e4, 0.0, 1e4])
    array([0. , 0.5, 1. ])
    """
    (x,) = floating("sigmoid", x=x)
    # y = 1 / (1 + exp(-x)) where x >= 0, and exp(x) / (exp(x) + 1) elsewhere
    e = np.exp(-np.abs(wide(x)))
    y = np.where(x >= 0, 1, e) / (1 + e)
    return y.astype(x.dtype, copy=False)


@ieee
def softmax(x: npt.ArrayLike) -> Array:
    """Turn scores into probabilities: y_k = exp(x_k) / Σᵢ exp(x_i).

    A score of -inf rules its class out (y_k = 0). Where every class is ruled out, every y_k is 0.

    Examples
    --------
    >>> softmax([1000.0, 1000.0, -np.inf])
    array([0.5, 0.5, 0. ])
    """
    (x,) = floating("softmax", x=x)
    _, exps, total = _shifted_exponentials("softmax", x)
    return (exps / total).astype(x.dtype, copy=False)


@ieee
def log_softmax(x: npt.ArrayLike) -> Array:
    """Compute the logarithm of softmax: log y_k = x_k - log Σᵢ exp(x_i).

    It is finite where softmax itself underflows to 0.

    Examples
    --------
    >>> log_softmax([0.0, 1000.0])
    array([-1000.,     0.])
    """
    (x,) = floating("log_softmax", x=x)
    shifted, _, total = _shifted_exponentials("log_softmax", x)
    return (shifted - np.log(total)).astype(x.dtype, copy=False)


def _shifted_exponentials(where: str, x: Array) -> tuple[Array, Array, Array]:
    """Compute x - max x, its exponentials, and their sum: the shift cancels in every quotient of exponentials."""
    if x.ndim == 0:
        raise shape_error(where, "x", x.shape, "(..., C)", "the last axis holds the classes")
    x = wide(x)
    peak = np.max(x, axis=-1, keepdims=True, initial=-np.inf)
    shifted = x - np.where(peak == -np.inf, 0, peak)
    exps = np.exp(shifted)
    # The largest entry contributes exp(0) = 1, so the sum is at least 1, unless every class is ruled out.
    total = np.maximum(exps.sum(axis=-1, keepdims=True), 1)
    return shifted, exps, total


@ieee
def cross_entropy_error(y: npt.ArrayLike, t: npt.ArrayLike) -> np.floating[Any]:
    """Measure probabilities y against targets t: -Σ_k t_k log y_k, mean over the batch.

    y has the shape (..., C); t holds integer class indices (...), or one-hot rows or soft targets (..., C).

    Examples
    --------
    >>> cross_entropy_error([[0.5, 0.5], [0.0, 1.0]], [0, 1])
    np.float64(0.34657359027997264)
    >>> cross_entropy_error([0.0, 1.0], 0)
    np.float64(inf)
    """
    (y,) = floating("cross_entropy_error", y=y)
    mask = as_mask("cross_entropy_error", None, y)
    t = as_targets("cross_entropy_error", t, y, mask)
    return batch_mean(cross_entropy(np.log(wide(y)), t), mask, result_dtype(y, t))


@ieee
def sum_squared_error(y: npt.ArrayLike, t: npt.ArrayLike) -> np.floating[Any]:
    """Measure outputs y against targets t, both (..., D): ½ Σ_k (y_k - t_k)², mean over the batch.

    Examples
    --------
    >>> sum_squared_error([[3.0, 4.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]])
    np.float64(6.25)
    """
    y, t = floating("sum_squared_error", y=y, t=t)
    mask = as_mask("sum_squared_error", None, y)
    if t.shape != y.shape:
        raise shape_error("sum_squared_error", "t", t.shape, y.shape, "that is the shape of y")
    return batch_mean(squared_error(y, t), mask, result_dtype(y, t))


def cross_entropy(log_y: Array, t: npt.NDArray[Any]) -> Array:
    """Compute -Σ_k t_k log y_k for each row. A class with t_k = 0 adds 0, also where log y_k is -inf."""
    if t.ndim < log_y.ndim:
        return -_pick(log_y, t)[..., 0]
    return -np.where(t == 0, 0, t * log_y).sum(axis=-1)


def squared_error(y: Array, t: Array) -> Array:
    """Compute ½ Σ_k (y_k - t_k)² for each row."""
    return 0.5 * np.square(wide(y) - wide(t)).sum(axis=-1)


def subtract_targets(y: Array, t: npt.NDArray[Any]) -> Array:
    """Compute y Σt - t for each row. For a class index Σt is 1, and t a one-hot row that is never built."""
    y = wide(y)
    if t.ndim == y.ndim:
        return y * wide(t).sum(axis=-1, keepdims=True) - t
    difference = y.copy()
    if y.size:
        np.put_along_axis(difference, t[..., np.newaxis], _pick(y, t) - 1, axis=-1)
    return difference


def _pick(y: Array, t: npt.NDArray[Any]) -> Array:
    """Pick the entry of each row's class. Without any class there are only masked rows, of which nothing is known."""
    if y.shape[-1] == 0:
        return np.full((*t.shape, 1), np.nan, y.dtype)
    return np.take_along_axis(y, t[..., np.newaxis], axis=-1)


def batch_size(mask: Mask) -> int:
    """Count the rows that a loss is the mean of: at least 1, so that the mean of nothing is 0."""
    # an int, because float32 / np.int64 is float64
    return max(int(np.count_nonzero(mask)), 1)


def batch_mean(rows: Array, mask: Mask, dtype: np.dtype[Any]) -> np.floating[Any]:
    """Average over the rows that count. The others may hold anything: they are selected away, not multiplied."""
    mean = np.where(mask, rows, 0).sum() / batch_size(mask)
    return dtype.type(mean)


def scale_rows(drows: Array, mask: Mask, dout: Array) -> Array:
    """Go back through batch_mean: each row that counts has the N-th part of dout, and the others have 0."""
    return np.where(mask[..., np.newaxis], drows * (float(dout) / batch_size(mask)), 0)


def result_dtype(y: Array, t: npt.NDArray[Any]) -> np.dtype[Any]:
    """Promote the dtypes of outputs and targets. Class indices have no say in it."""
    return np.result_type(y, t) if t.dtype.kind == "f" else y.dtype
