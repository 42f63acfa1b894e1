"""Hypothesis strategies for the numbers inside of arrays: ties, zeros, both signs and several scales on purpose."""

import math
from typing import Any

import hypothesis.extra.numpy as hnp
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
OFFSETS = (0.0, 0.0, 0.0, 1e3)
DRAWN_ONE_BY_ONE = 64


@st.composite
def real_numbers(
    draw: st.DrawFn,
    shape: Shape,
    dtype: DType,
    low: float = -math.inf,
    high: float = math.inf,
    kinks: tuple[float, ...] = (),
) -> Drawn:
    """Draw numbers between low and high: a few special ones, which tie, among any; then scaled and shifted."""
    few = math.prod(shape) <= DRAWN_ONE_BY_ONE
    base = draw(_few(shape, low, high, SPECIAL + kinks) if few else _many(shape))
    scaled = base.astype(np.float64) * draw(st.sampled_from(SCALES)) + draw(st.sampled_from(OFFSETS))
    return without_tiny(np.clip(scaled, low, high).astype(dtype))


def small_integers(
    shape: Shape, dtype: DType, among: tuple[float, ...] = (), low: float = -math.inf, high: float = math.inf
) -> st.SearchStrategy[Drawn]:
    """Draw from a few small integers between low and high, and as often from the numbers in `among`."""
    plain = [number for number in SMALL if low <= number <= high]
    elements = [st.sampled_from(numbers) for numbers in (among, plain) if numbers]
    return hnp.arrays(np.float64, shape, elements=st.one_of(elements), fill=st.nothing()).map(
        lambda array: array.astype(dtype)
    )


def _few(shape: Shape, low: float, high: float, special: tuple[float, ...]) -> st.SearchStrategy[Drawn]:
    bottom, top = max(low, min(-10.0, 2 * high)), min(high, max(10.0, 2 * low))
    possible = [number for number in special if bottom <= number <= top]
    any_number = st.floats(bottom, top, allow_subnormal=False)
    elements = st.sampled_from(possible) | any_number if possible else any_number
    return hnp.arrays(np.float64, shape, elements=elements, fill=st.nothing())


@st.composite
def _many(draw: st.DrawFn, shape: Shape) -> Drawn:
    """Draw a seed for the bulk of the numbers and a few special ones among them, which is much faster."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    numbers = random.standard_normal(shape)
    numbers.flat[random.choice(numbers.size, 8)] = draw(st.sampled_from(SPECIAL))
    return numbers


def without_tiny(array: Drawn) -> Drawn:
    """Replace by 0 what the oracle cannot follow: subnormals, which XLA flushes, and what overflows it when cubed."""
    smallest = max(float(limits(array.dtype).tiny), 1e-100)
    return np.where(np.abs(array) < smallest, np.copysign(0, array), array).astype(array.dtype)


def class_indices(shape: Shape, classes: int) -> st.SearchStrategy[Drawn]:
    """Draw integers from 0 to classes - 1."""
    return hnp.arrays(np.int64, shape, elements=st.integers(0, max(classes - 1, 0)), fill=st.nothing())


def one_hot_rows(shape: Shape, dtype: DType) -> st.SearchStrategy[Drawn]:
    """Draw rows with a single 1."""
    *rows, classes = shape
    return class_indices(tuple(rows), classes).map(lambda indices: np.eye(classes, dtype=dtype)[indices])


def probability_rows(shape: Shape, dtype: DType) -> st.SearchStrategy[Drawn]:
    """Draw rows of numbers from 0 to 1 that sum to 1, some of them exactly 0."""
    weights = hnp.arrays(np.float64, shape, elements=st.sampled_from((1.0, 0.0)) | st.floats(0, 1), fill=st.nothing())
    return weights.map(lambda rows: without_tiny(_normalised(rows).astype(dtype)))


def _normalised(rows: Drawn) -> Drawn:
    total = rows.sum(axis=-1, keepdims=True)
    return np.where(total > 0, rows, 1) / np.where(total > 0, total, max(rows.shape[-1], 1))


def booleans(shape: Shape) -> st.SearchStrategy[Drawn]:
    """Draw True and False: mostly True, so that something counts, and sometimes False alone."""
    some = hnp.arrays(np.bool_, shape, elements=st.sampled_from((True, True, False)), fill=st.nothing())
    none = st.builds(np.zeros, st.just(shape), st.just(np.bool_))
    return st.sampled_from((some, some, some, none)).flatmap(lambda strategy: strategy)
