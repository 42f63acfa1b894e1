"""Steps that functions and losses share, of rows over their last axis and of the mean over a batch.

float16 is widened to float32, in which a row of ordinary length neither overflows nor stagnates.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, double, wide


def shifted(x: Array) -> Array:
    """Compute x - max x for each row, widened: the shift cancels in every quotient of exponentials."""
    x = wide(x)
    lowest = np.finfo(x.dtype).min  # finite, so that scores of -inf alone stay -inf
    peak = np.maximum.reduce(x, axis=-1, keepdims=True, initial=lowest)
    return np.subtract(x, peak, order="C")  # rows that are contiguous are summed pairwise, which loses less


def total(exps: Array) -> Array:
    """Sum the exponentials of shifted scores (..., C) to (..., 1).

    The largest score contributes exp(0) = 1, so the sum is at least 1, unless every class is ruled out.
    """
    return np.maximum(np.add.reduce(exps, axis=-1, keepdims=True), 1)


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
