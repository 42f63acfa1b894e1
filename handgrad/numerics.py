"""Steps that functions and losses share, of rows over their last axis and of the mean over a batch.

float16 is widened to float32, in which a row of ordinary length neither overflows nor stagnates.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, double, long_sum, wide

FLOAT32 = np.finfo(np.float32)  # the narrowest dtype that rows are computed in


def shifted(x: Array) -> Array:
    """Compute x - max x for each row, widened: the shift cancels in every quotient of exponentials."""
    x = wide(x)
    lowest = np.finfo(x.dtype).min  # finite, so that scores of -inf alone stay -inf
    peak = np.maximum.reduce(x, axis=-1, keepdims=True, initial=lowest)
    return x - peak


def total(exps: Array) -> Array:
    """Sum the exponentials of shifted scores (..., C) to (..., 1).

    The largest score contributes exp(0) = 1, so the sum is at least 1, unless every class is ruled out. Then it is
    made 1, of which 0 is the part of each.
    """
    return np.maximum(row_sums(exps)[..., np.newaxis], 1)


def squared_error(y: Array, t: npt.NDArray[Any]) -> Array:
    """Compute ½ Σ_k (y_k - t_k)² for each row."""
    difference = wide(y) - wide(t)
    # halved first: the square may overflow where half of it does not
    return row_sums(difference * (0.5 * difference))


def row_sums(array: Array) -> Array:
    """Sum over the last axis. Numbers that lie side by side are summed pairwise, which loses less than one by one."""
    return np.add.reduce(np.ascontiguousarray(array), axis=-1)


def batch_mean(rows: Array, dtype: np.dtype[Any]) -> np.floating[Any]:
    """Average over the rows of a batch. The mean of nothing is 0."""
    mean = long_sum(rows, 0) / len(rows)
    # a sum may overflow where the mean does not, and 0/0 is NaN where the sum of nothing is 0
    return dtype.type(mean if math.isfinite(mean) else long_sum(rows / len(rows), 0))


def scalable(rows: Array, dout: Array) -> tuple[Array, float | Array]:
    """Give the rows of a batch, widened, and the factor dout / N by which their mean goes back to each of them.

    Both are widened once more where float32 does not have the factor: 0 · inf would be NaN.
    """
    rows, number = wide(rows), max(len(rows), 1)
    factor = float(dout) / number
    if FLOAT32.tiny <= abs(factor) <= FLOAT32.max:
        return rows, factor
    return double(rows), double(dout) / number


def result_dtype(y: Array, t: npt.NDArray[Any]) -> np.dtype[Any]:
    """Promote the dtypes of outputs and targets. Integers, such as class indices, have no say in it."""
    return np.result_type(y, t) if t.dtype.kind == "f" else y.dtype
