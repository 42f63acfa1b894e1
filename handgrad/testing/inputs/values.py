"""Recipes for the numbers inside of arrays: ties, zeros, both signs and several scales on purpose.

Drawing numbers one by one takes longer than all properties together. So an array is made of bytes, each of which
looks up its number in a table of 256.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import hypothesis.strategies as st
import numpy as np
import numpy.typing as npt

from handgrad.testing.dtypes import limits
from handgrad.testing.inputs.axes import Shape
from handgrad.testing.inputs.tables import SPECIAL, TABLE, near_1, real_tables, table

DType = np.dtype[Any]
Drawn = npt.NDArray[Any]
Bytes = npt.NDArray[np.uint8]

SMALL = (0.0, 1.0, -1.0, 2.0, -2.0, 3.0)  # few, so that they tie; sums and products of them are exact
ANY_NUMBERS = np.arange(len(SPECIAL) + 2, TABLE // 2, dtype=np.uint8)  # where a table has them: behind special ones
TYPICAL = np.take(ANY_NUMBERS, 37 * np.arange(len(ANY_NUMBERS)), mode="wrap")  # all of them, neighbours far apart
SWEPT = range(1, 6)  # the tables that have numbers without gaps between them
DRAWN_AS_BYTES = 1024  # making more than that small takes Hypothesis seconds


@dataclass(frozen=True)
class Recipe:
    """How something is made of drawn bytes: of how many, and what of them. Zeros make the simplest.

    Where a byte chooses among tables, a typical one is made of the first of them: those bytes are its `choices`.
    """

    size: int
    make: Callable[[Bytes], Any]
    choices: tuple[int, ...] = ()

    def simplest(self) -> Any:
        """Make the simplest, towards which Hypothesis shrinks."""
        return self.make(np.zeros(self.size, np.uint8))

    def typical(self) -> Any:
        """Make one in which nothing is special: ordinary numbers, few of which tie; some True, some False."""
        drawn = np.resize(TYPICAL, self.size)
        drawn[list(self.choices)] = 0
        return self.make(drawn)

    def sweep(self, table: int, start: int) -> Any:
        """Make one whose numbers follow one another in a table: the first of them has the place `start`."""
        drawn = np.resize(np.roll(TYPICAL, -start), self.size)
        drawn[list(self.choices)] = table
        return self.make(drawn)

    def strategy(self) -> st.SearchStrategy[Any]:
        """Draw the bytes, and make it of them."""
        return bytes_of(self.size).map(self.make)


def bytes_of(size: int) -> st.SearchStrategy[Bytes]:
    """Draw bytes, one by one, or, where there are many, all from one seed."""
    if size <= DRAWN_AS_BYTES:
        return st.binary(min_size=size, max_size=size).map(lambda each: np.frombuffer(each, np.uint8))
    return st.integers(0, 2**32 - 1).map(
        lambda seed: np.random.default_rng(seed).integers(TABLE, size=size, dtype=np.uint8)
    )


def together(recipes: Mapping[str, Recipe]) -> Recipe:
    """Make several things of the bytes of one draw.

    From several draws alike Hypothesis makes few examples and many mutations, with one drawn array in the place of
    another: of 60 examples, less than 20 had an x of their own.
    """
    starts = _starts(recipes)

    def make(drawn: Bytes) -> dict[str, Any]:
        parts = {name: drawn[start : start + recipes[name].size] for name, start in starts.items()}
        return {name: recipes[name].make(part) for name, part in parts.items()}

    choices = tuple(start + choice for name, start in starts.items() for choice in recipes[name].choices)
    return Recipe(sum(recipe.size for recipe in recipes.values()), make, choices)


def _starts(recipes: Mapping[str, Recipe]) -> dict[str, int]:
    """Tell where the bytes of each recipe start, when those of all lie side by side."""
    sizes = [recipe.size for recipe in recipes.values()]
    return dict(zip(recipes, np.cumsum([0, *sizes]).tolist(), strict=False))


def often_alike(recipes: Mapping[str, Recipe]) -> Recipe:
    """Make several things, half of the time with one first byte: numbers of one scale, whose differences cancel."""
    whole = together(recipes)
    starts = [start for start in _starts(recipes).values() if start < whole.size]

    def make(drawn: Bytes) -> dict[str, Any]:
        alike, rest = drawn[0] % 2, drawn[1:].copy()
        if alike and starts:
            rest[starts] = rest[starts[0]]
        made: dict[str, Any] = whole.make(rest)
        return made

    return Recipe(1 + whole.size, make, (0, *(1 + choice for choice in whole.choices)))


def one_of(choices: Sequence[Any]) -> Recipe:
    """Choose by one byte."""
    return Recipe(1, lambda drawn: choices[drawn[0] % len(choices)], (0,))


@cache
def real_numbers(
    shape: Shape,
    dtype: DType,
    low: float = -math.inf,
    high: float = math.inf,
    kinks: tuple[float, ...] = (),
) -> Recipe:
    """Make numbers between low and high: a few special ones, which tie, among any; then scaled and shifted."""
    if not np.isfinite(_in_dtype(near_1(low, high, kinks), dtype)).all():
        raise ValueError(f"the domain from {low} to {high} has numbers that {dtype} does not have")
    tables = real_tables(low, high, kinks, dtype)
    return _from_one_of(shape, [without_tiny(_in_dtype(each, dtype)) for each in tables])


def _in_dtype(numbers: Drawn, dtype: DType) -> Drawn:
    with np.errstate(over="ignore"):
        return numbers.astype(dtype)


def _from_one_of(shape: Shape, tables: Sequence[Drawn]) -> Recipe:
    """Look numbers up in a table that the first byte chooses, which Hypothesis then makes simple first."""
    return Recipe(math.prod(shape) + 1, lambda drawn: tables[drawn[0] % len(tables)][drawn[1:]].reshape(shape), (0,))


def looked_up(shape: Shape, numbers: Drawn) -> Recipe:
    """Look numbers up in a table of 256."""
    return Recipe(math.prod(shape), lambda drawn: numbers[drawn].reshape(shape))


@cache
def small_integers(
    shape: Shape, dtype: DType, among: tuple[float, ...] = (), low: float = -math.inf, high: float = math.inf
) -> Recipe:
    """Take a few small integers between low and high, and as often from the numbers in `among`."""
    plain = [number for number in SMALL if low <= number <= high]
    return looked_up(shape, table([*plain, *among], list(among)).astype(dtype))


def without_tiny(array: Drawn) -> Drawn:
    """Replace by 0 what the oracle cannot follow: subnormals, which XLA flushes, and what overflows it when cubed."""
    smallest = max(float(limits(array.dtype).tiny), 1e-100)
    return np.where(np.abs(array) < smallest, np.copysign(0, array), array).astype(array.dtype)


@cache
def class_indices(shape: Shape, classes: int) -> Recipe:
    """Make integers from 0 to classes - 1."""
    if classes <= TABLE:
        return looked_up(shape, np.resize(np.arange(max(classes, 1)), TABLE))
    return Recipe(8, lambda drawn: np.random.default_rng(drawn).integers(0, classes, shape))


@cache
def labels_of(shape: Shape, classes: int, dtypes: tuple[DType, ...]) -> Recipe:
    """Make class indices of one of these dtypes that hold all of them, the first where nothing is special."""
    indices = class_indices(shape, classes)
    able = [dtype for dtype in dtypes if classes - 1 <= np.iinfo(dtype).max]
    if not able:
        raise ValueError(f"labels of {classes} classes do not fit in {', '.join(map(str, dtypes))}")
    return Recipe(1 + indices.size, lambda drawn: indices.make(drawn[1:]).astype(able[drawn[0] % len(able)]), (0,))


@cache
def one_hot_rows(shape: Shape, dtype: DType) -> Recipe:
    """Make rows with a single 1."""
    *rows, classes = shape
    indices = class_indices(tuple(rows), classes)
    return Recipe(indices.size, lambda drawn: np.eye(classes, dtype=dtype)[indices.make(drawn)])


@cache
def probability_rows(shape: Shape, dtype: DType) -> Recipe:
    """Make rows of numbers from 0 to 1 that sum to 1, some of them exactly 0."""
    weights = looked_up(shape, table([1.0, 0.0, *np.random.default_rng(0).random(TABLE // 2 - 2)], [1.0, 0.0, 0.5]))
    return Recipe(weights.size, lambda drawn: without_tiny(_normalised(weights.make(drawn)).astype(dtype)))


def _normalised(rows: Drawn) -> Drawn:
    total = rows.sum(axis=-1, keepdims=True)
    return np.where(total > 0, rows, 1) / np.where(total > 0, total, max(rows.shape[-1], 1))


@cache
def booleans(shape: Shape, some: bool = False) -> Recipe:
    """Make True and False: mostly True, so that something counts; mostly False, so that it is little; False alone.

    For `some`, the last is True if no other is.
    """
    mostly_true, false = np.arange(TABLE) % 3 < 2, np.zeros(TABLE, np.bool_)
    made = _from_one_of(shape, [mostly_true, mostly_true, ~mostly_true, false])

    def make(drawn: Bytes) -> Drawn:
        each: Drawn = made.make(drawn)
        each.reshape(-1)[-1:] |= some and not each.any()
        return each

    return replace(made, make=make)
