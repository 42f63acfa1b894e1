"""Hypothesis strategies for the numbers inside of arrays: ties, zeros, both signs and several scales on purpose.

Drawing numbers one by one takes longer than all properties together. So an array is drawn as bytes, each of which
looks up its number in a table of 256: simple numbers first, towards which Hypothesis shrinks; then any numbers; and
in its second half the simple ones again, so that they are as frequent as all others.
"""

import math
from functools import cache
from typing import Any

import hypothesis.strategies as st
import numpy as np
import numpy.typing as npt

from handgrad.testing.dtypes import limits
from handgrad.testing.shapes import Shape

DType = np.dtype[Any]
Drawn = npt.NDArray[Any]

SPECIAL = (0.0, 1.0, -1.0, -0.0, 0.5, 2.0)
SMALL = (0.0, 1.0, -1.0, 2.0, -2.0, 3.0)  # few, so that they tie; sums and products of them are exact
SCALES = (1.0, 1e-3, 1e3)
OFFSETS = (-0.0, -0.0, -0.0, 1e3)  # adding -0.0 keeps the sign of a zero
ALL_EQUAL = (0.0, 1.0)
SCALES_AND_OFFSETS = (*((scale, offset) for offset in OFFSETS for scale in SCALES), ALL_EQUAL)
TABLE = 256
DRAWN_AS_BYTES = 1024  # Hypothesis has room for 8,192 bytes in an example


@cache
def real_numbers(
    shape: Shape,
    dtype: DType,
    low: float = -math.inf,
    high: float = math.inf,
    kinks: tuple[float, ...] = (),
) -> st.SearchStrategy[Drawn]:
    """Draw numbers between low and high: a few special ones, which tie, among any; then scaled and shifted."""
    base = _real_table(low, high, kinks)
    tables = [
        without_tiny(np.clip(base * scale + offset, low, high).astype(dtype)) for scale, offset in SCALES_AND_OFFSETS
    ]
    # the last byte chooses scale and offset
    return numbers_below_256(math.prod(shape) + 1).map(
        lambda drawn: tables[drawn[-1] % len(tables)][drawn[:-1]].reshape(shape)
    )


def _real_table(low: float, high: float, kinks: tuple[float, ...]) -> Drawn:
    bottom, top = max(low, min(-10.0, 2 * high)), min(high, max(10.0, 2 * low))
    special = [number for number in SPECIAL + kinks if bottom <= number <= top]
    random = np.random.default_rng(0)
    any_numbers = bottom + (top - bottom) * random.random(TABLE // 2 - len(special))
    return _table([*special, *sorted(any_numbers, key=abs)], special)


def _table(simple_first: list[float], often: list[float]) -> Drawn:
    """Make a table of 256 numbers, the second half of it of those that are to be frequent."""
    half = np.resize(np.array(simple_first, np.float64), TABLE // 2)
    return np.concatenate([half, np.resize(np.array(often or simple_first, np.float64), TABLE // 2)])


def looked_up(shape: Shape, table: Drawn) -> st.SearchStrategy[Drawn]:
    """Draw an array of numbers from a table of 256."""
    return numbers_below_256(math.prod(shape)).map(lambda drawn: table[drawn].reshape(shape))


def numbers_below_256(size: int) -> st.SearchStrategy[npt.NDArray[np.uint8]]:
    """Draw bytes: one by one, or, where there are many, all from one seed."""
    if size <= DRAWN_AS_BYTES:
        return st.binary(min_size=size, max_size=size).map(lambda drawn: np.frombuffer(drawn, np.uint8))
    return st.integers(0, 2**32 - 1).map(
        lambda seed: np.random.default_rng(seed).integers(TABLE, size=size, dtype=np.uint8)
    )


@cache
def small_integers(
    shape: Shape, dtype: DType, among: tuple[float, ...] = (), low: float = -math.inf, high: float = math.inf
) -> st.SearchStrategy[Drawn]:
    """Draw from a few small integers between low and high, and as often from the numbers in `among`."""
    plain = [number for number in SMALL if low <= number <= high]
    return looked_up(shape, _table([*plain, *among], list(among)).astype(dtype))


def without_tiny(array: Drawn) -> Drawn:
    """Replace by 0 what the oracle cannot follow: subnormals, which XLA flushes, and what overflows it when cubed."""
    smallest = max(float(limits(array.dtype).tiny), 1e-100)
    return np.where(np.abs(array) < smallest, np.copysign(0, array), array).astype(array.dtype)


@cache
def class_indices(shape: Shape, classes: int) -> st.SearchStrategy[Drawn]:
    """Draw integers from 0 to classes - 1."""
    if classes > TABLE:
        return st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).integers(0, classes, shape))
    return looked_up(shape, np.resize(np.arange(max(classes, 1)), TABLE))


@cache
def one_hot_rows(shape: Shape, dtype: DType) -> st.SearchStrategy[Drawn]:
    """Draw rows with a single 1."""
    *rows, classes = shape
    return class_indices(tuple(rows), classes).map(lambda indices: np.eye(classes, dtype=dtype)[indices])


@cache
def probability_rows(shape: Shape, dtype: DType) -> st.SearchStrategy[Drawn]:
    """Draw rows of numbers from 0 to 1 that sum to 1, some of them exactly 0."""
    weights = looked_up(shape, _table([1.0, 0.0, *np.random.default_rng(0).random(TABLE // 2 - 2)], [1.0, 0.0, 0.5]))
    return weights.map(lambda rows: without_tiny(_normalised(rows).astype(dtype)))


def _normalised(rows: Drawn) -> Drawn:
    total = rows.sum(axis=-1, keepdims=True)
    return np.where(total > 0, rows, 1) / np.where(total > 0, total, max(rows.shape[-1], 1))


@cache
def booleans(shape: Shape) -> st.SearchStrategy[Drawn]:
    """Draw True and False: mostly True, so that something counts; mostly False, so that it is little; False alone."""
    mostly_true, false = np.arange(TABLE) % 3 < 2, np.zeros(TABLE, np.bool_)
    tables = [mostly_true, mostly_true, ~mostly_true, false]
    # the last byte chooses the table
    return numbers_below_256(math.prod(shape) + 1).map(
        lambda drawn: tables[drawn[-1] % len(tables)][drawn[:-1]].reshape(shape)
    )
