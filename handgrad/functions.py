"""Numerics that several layers share: stable at every finite input, over the last axis where there is one.

float16 is computed in float32 and rounded once, at the end.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, double, floating, ieee, real, shape_error, wide
from handgrad.targets import as_targets, counting, expect_rows, expected_value


@ieee
def sigmoid(x: npt.ArrayLike) -> Array:
    """Squash to (0, 1): y = 1 / (1 + exp(-x)).

    Where exp(-x) overflows, 1 / inf = 0 is the right answer: y is then smaller than the smallest normal number of
    its dtype. Everywhere else both tails have their full relative accuracy.

    Examples
    --------
    >>> sigmoid([-1e4, 0.0, 1e4])
    array([0. , 0.5, 1. ])
    """
    x = floating("sigmoid", "x", x)
    y = 1 / (1 + np.exp(-wide(x)))
    return np.asarray(y, x.dtype)


@ieee
def softmax(x: npt.ArrayLike) -> Array:
    """Turn scores into probabilities: y_k = exp(x_k) / Σᵢ exp(x_i).

    A score of -inf rules its class out (y_k = 0). Where every class is ruled out, every y_k is 0.

    Examples
    --------
    >>> softmax([1000.0, 1000.0, -np.inf])
    array([0.5, 0.5, 0. ])
    """
    x = floating("softmax", "x", x)
    exps = np.exp(shifted("softmax", x))
    return np.asarray(exps / total(exps), x.dtype)


@ieee
def log_softmax(x: npt.ArrayLike) -> Array:
    """Compute the logarithm of softmax: log y_k = x_k - log Σᵢ exp(x_i).

    It is finite where softmax itself underflows to 0.

    Examples
    --------
    >>> log_softmax([0.0, 1000.0])
    array([-1000.,     0.])
    """
    x = floating("log_softmax", "x", x)
    scores = shifted("log_softmax", x)
    return np.asarray(scores - np.log(total(np.exp(scores))), x.dtype)


def shifted(where: str, x: Array) -> Array:
    """Compute x - max x for each row, widened: the shift cancels in every quotient of exponentials."""
    if x.ndim == 0:
        raise shape_error(where, "x", x.shape, "(..., C)", "the last axis holds the classes")
    x = wide(x)
    lowest = np.finfo(x.dtype).min  # finite, so that scores of -inf alone stay -inf
    peak = np.maximum.reduce(x, axis=-1, keepdims=True, initial=lowest)
    return np.subtract(x, peak, order="C")  # rows that are contiguous are summed pairwise, which loses less


def total(exps: Array) -> Array:
    """Sum the exponentials of shifted scores (..., C) to (..., 1).

    The largest score contributes exp(0) = 1, so the sum is at least 1, unless every class is ruled out.
    """
    return np.maximum(np.add.reduce(exps, axis=-1, keepdims=True), 1)


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
    y = floating("cross_entropy_error", "y", y)
    expect_rows("cross_entropy_error", "y", y)
    t = as_targets("cross_entropy_error", t, y, mask=None)
    rows = -expected_value(t, np.log(wide(counting(y, None, y.shape[:-1]))))
    return batch_mean(rows, result_dtype(y, t))


@ieee
def sum_squared_error(y: npt.ArrayLike, t: npt.ArrayLike) -> np.floating[Any]:
    """Measure outputs y against targets t, both (..., D): ½ Σ_k (y_k - t_k)², mean over the batch.

    Examples
    --------
    >>> sum_squared_error([[3.0, 4.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]])
    np.float64(6.25)
    """
    y, t = floating("sum_squared_error", "y", y), real("sum_squared_error", "t", t)
    expect_rows("sum_squared_error", "y", y)
    if t.shape != y.shape:
        raise shape_error("sum_squared_error", "t", t.shape, y.shape, "that is the shape of y")
    rows = squared_error(*(counting(each, None, y.shape[:-1]) for each in (y, t)))
    return batch_mean(rows, result_dtype(y, t))


def squared_error(y: Array, t: npt.NDArray[Any]) -> Array:
    """Compute ½ Σ_k (y_k - t_k)² for each row."""
    return 0.5 * np.square(wide(y) - wide(t)).sum(axis=-1)


def batch_mean(rows: Array, dtype: np.dtype[Any]) -> np.floating[Any]:
    """Average over the rows of a batch. The mean of nothing is 0."""
    return dtype.type(np.add.reduce(rows) / max(len(rows), 1))


def scalable(rows: Array, dout: Array) -> tuple[Array, float]:
    """Give the rows of a batch, widened, and the factor dout / N by which their mean goes back to each of them."""
    rows, factor = wide(rows), float(dout) / max(len(rows), 1)
    # a factor too large for the rows would become inf, and 0 · inf is NaN
    return (rows if abs(factor) <= np.finfo(rows.dtype).max else double(rows)), factor


def result_dtype(y: Array, t: npt.NDArray[Any]) -> np.dtype[Any]:
    """Promote the dtypes of outputs and targets. Integers, such as class indices, have no say in it."""
    return np.result_type(y, t) if t.dtype.kind == "f" else y.dtype
