"""Steps that functions and layers share: of exponentials and sums over axes, and of the mean over a batch.

float16 is widened to float32, in which a row of ordinary length neither overflows nor stagnates.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, double, long_sum, wide

FLOAT32 = np.finfo(np.float32)  # the narrowest dtype that rows are computed in
LAST = (-1,)
FEW = 32  # numbers may be added one by one
BLOCK = 2**16  # numbers that stay in the processor's cache from one step to the next


def shifted(x: Array, axes: tuple[int, ...] = LAST) -> Array:
    """Compute x - max x over some axes, widened: the shift cancels in every quotient of exponentials."""
    x = wide(x)
    return x - peak(x, axes)


def peak(x: Array, axes: tuple[int, ...]) -> Array:
    """Find max x over some axes, which stay with length 1. Of nothing, or of -inf alone, it is the lowest number."""
    lowest = np.finfo(x.dtype).min  # finite, so that scores of -inf alone stay -inf
    return np.maximum.reduce(x, axis=axes, keepdims=True, initial=lowest)


def total(exps: Array, axes: tuple[int, ...] = LAST) -> Array:
    """Sum the exponentials of shifted scores over some axes, which stay with length 1.

    The largest score contributes exp(0) = 1, so the sum is at least 1, unless every class is ruled out. Then it is
    made 1, of which 0 is the part of each.
    """
    return np.maximum(sums(exps, axes), 1)


def squared_error(y: Array, t: npt.NDArray[Any]) -> Array:
    """Compute ½ Σ_k (y_k - t_k)² for each row."""
    difference = wide(y) - wide(t)
    # halved first: the square may overflow where half of it does not
    return row_sums(difference * (0.5 * difference))


def row_sums(array: Array) -> Array:
    """Sum over the last axis. Numbers that lie side by side are summed pairwise, which loses less than one by one."""
    return np.add.reduce(np.ascontiguousarray(array), axis=-1)


def sums(array: Array, axes: tuple[int, ...] = LAST) -> Array:
    """Sum over any axes, which stay with length 1, and over all of them as accurately as over the last."""
    for axis in axes:
        array = _sum_along(array, axis)
    return array


def _sum_along(array: Array, axis: int) -> Array:
    """Sum over an axis. If that is not the last, NumPy adds one by one; so it is in pairs, until few are left."""
    if axis in (-1, array.ndim - 1):
        return row_sums(array)[..., np.newaxis]
    terms = array.swapaxes(0, axis)
    while len(terms) > FEW:
        half, odd = divmod(len(terms), 2)
        pairs = terms[:half] + terms[half + odd :]
        pairs[:odd] += terms[half : half + odd]
        terms = pairs
    return np.add.reduce(terms, axis=0, keepdims=True).swapaxes(0, axis)


def blocks(rows: Array) -> Iterator[slice]:
    """Cut a batch into blocks of rows, so that steps that are taken block by block find them in the cache."""
    length = max(BLOCK // max(math.prod(rows.shape[1:]), 1), 1)
    return (slice(start, start + length) for start in range(0, len(rows), length))


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
