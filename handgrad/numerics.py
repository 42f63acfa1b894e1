"""Steps that functions and layers share: of exponentials and of sums over axes.

float16 is widened to float32, in which a row of ordinary length neither overflows nor stagnates.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, wide

FLOAT32 = np.finfo(np.float32)  # the narrowest dtype that rows are computed in
LAST = (-1,)
FEW = 32  # numbers may be added one by one
BLOCK = 2**15  # numbers that stay in the processor's cache from one step to the next


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


def in_blocks(function: Callable[..., Array], dtype: np.dtype[Any], *arrays: npt.NDArray[Any]) -> Array:
    """Apply an elementwise function to arrays (N,), block by block. The result has this dtype, widened."""
    out = np.empty(len(arrays[0]), np.result_type(dtype, np.float32))
    for block in blocks(out):
        out[block] = function(*(each[block] for each in arrays))
    return out


def result_dtype(y: Array, t: npt.NDArray[Any]) -> np.dtype[Any]:
    """Promote the dtypes of outputs and targets. Integers, such as class indices, have no say in it."""
    return np.result_type(y, t) if t.dtype.kind == "f" else y.dtype
