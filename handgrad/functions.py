"""What layers compute, as functions: stable at every finite input, over the last axis where there is one.

float16 is computed in float32, and sigmoid and its logarithm in float64 at least; all are rounded once, at the end.
Every function raises TypeError for what is not made of real numbers, and ValueError for shapes that do not fit.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.batches import batch_mean, rows_of
from handgrad.checks import Array, floating, ieee, real, wide
from handgrad.numerics import result_dtype, shifted, squared_error, total
from handgrad.targets import as_outputs, as_rows, as_targets, expected_value


@ieee
def sigmoid(x: npt.ArrayLike) -> Array:
    """Squash to (0, 1): y = 1 / (1 + exp(-x)).

    x and y may have any shape. Where exp(-x) overflows, y is 1 / inf = 0, and the true y is smaller than the
    smallest normal number of its dtype. Everywhere else both tails have their full relative accuracy. For negative x
    it is that of the exponential, which NumPy has in float64 to one unit in the last place and in float32 only to
    2.5.

    Examples
    --------
    >>> sigmoid([-1e4, 0.0, 1e4])
    array([0. , 0.5, 1. ])
    """
    x = floating("sigmoid", "x", x)
    # y = 1 / (1 + exp(-x)), step by step in one array, since to ask for the memory of more takes long
    y = x.astype(np.result_type(x, np.float64))
    np.negative(y, out=y)
    np.exp(y, out=y)
    y += 1
    np.divide(1, y, out=y)
    return np.asarray(y, x.dtype)


@ieee
def log_sigmoid(x: npt.ArrayLike) -> Array:
    """Compute the logarithm of sigmoid: log y = -log(1 + exp(-x)).

    As it stands, exp(-x) overflows on the left, and on the right 1 + exp(-x) has no digits left of what it is more
    than 1. The larger of the two terms, taken out of the sum, leaves an exponential that is at most 1:

        1 + exp(-x) = max(1, exp(-x)) (1 + exp(-|x|))

    so that log y = -(max(-x, 0) + log(1 + exp(-|x|))), in which nothing cancels. The softplus, log(1 + exp(x)), is
    -log σ(-x).

    Examples
    --------
    >>> log_sigmoid([-1000.0, 0.0, 100.0])
    array([-1.00000000e+03, -6.93147181e-01, -3.72007598e-44])
    """
    x = floating("log_sigmoid", "x", x)
    # log y = -(max(-x, 0) + log(1 + exp(-|x|))), step by step in one array, as sigmoid is computed
    log_y = x.astype(np.result_type(x, np.float64))
    np.abs(log_y, out=log_y)
    np.negative(log_y, out=log_y)
    np.exp(log_y, out=log_y)
    np.log1p(log_y, out=log_y)
    log_y += np.maximum(-x, 0)
    np.negative(log_y, out=log_y)
    return np.asarray(log_y, x.dtype)


@ieee
def softmax(x: npt.ArrayLike) -> Array:
    """Turn scores into probabilities: y_k = exp(x_k) / Σᵢ exp(x_i), both (..., C).

    A score of -inf rules its class out (y_k = 0). Where every class is ruled out, every y_k is 0.

    Examples
    --------
    >>> softmax([1000.0, 1000.0, -np.inf])
    array([0.5, 0.5, 0. ])
    """
    x = as_rows("softmax", "x", x)
    scores = shifted(x)
    exps = np.exp(scores, out=scores)
    y = np.divide(exps, total(exps), out=exps)
    return np.asarray(y, x.dtype)


@ieee
def log_softmax(x: npt.ArrayLike) -> Array:
    """Compute the logarithm of softmax: log y_k = x_k - log Σᵢ exp(x_i), both (..., C).

    It is finite where softmax itself underflows to 0.

    Examples
    --------
    >>> log_softmax([0.0, 1000.0])
    array([-1000.,     0.])
    """
    x = as_rows("log_softmax", "x", x)
    scores = shifted(x)
    return np.asarray(scores - np.log(total(np.exp(scores))), x.dtype)


@ieee
def cross_entropy_error(y: npt.ArrayLike, t: npt.ArrayLike) -> np.floating[Any]:
    """Measure probabilities y against targets t: -Σ_k t_k log y_k, mean over the batch.

    y has the shape (..., C); t holds integer class indices (...), or one-hot rows or soft targets (..., C). Raises
    IndexError for a class index out of range.

    Examples
    --------
    >>> cross_entropy_error([[0.5, 0.5], [0.0, 1.0]], [0, 1])
    np.float64(0.34657359027997264)
    >>> cross_entropy_error([0.0, 1.0], 0)
    np.float64(inf)
    """
    y = as_rows("cross_entropy_error", "y", y)
    batch = rows_of("cross_entropy_error", y)
    t = as_targets("cross_entropy_error", real("cross_entropy_error", "t", t), y, batch)
    rows = -expected_value(t, np.log(wide(batch.counted(y))))
    return batch_mean(rows, result_dtype(y, t))


@ieee
def sum_squared_error(y: npt.ArrayLike, t: npt.ArrayLike) -> np.floating[Any]:
    """Measure outputs y against targets t, both (..., D): ½ Σ_k (y_k - t_k)², mean over the batch.

    Examples
    --------
    >>> sum_squared_error([[3.0, 4.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]])
    np.float64(6.25)
    """
    y = as_rows("sum_squared_error", "y", y)
    t = as_outputs("sum_squared_error", t, "y", y)
    batch = rows_of("sum_squared_error", y)
    rows = squared_error(batch.counted(y), batch.counted(t))
    return batch_mean(rows, result_dtype(y, t))
