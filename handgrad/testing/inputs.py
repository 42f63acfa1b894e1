"""Inputs described by named axes: what a layer and its reference are called with.

    arrays(x="... D", W="D M", b="M")

says that the last axis of x is as long as the first of W, and b as long as the last of W. "..." stands for any
leading axes, the same in every argument; a number is a fixed length.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import hypothesis.strategies as st
import numpy as np
import numpy.typing as npt

from handgrad.testing.shapes import Shape, Sizes, parse, pool, shape_of
from handgrad.testing.values import (
    Drawn,
    DType,
    booleans,
    class_indices,
    one_hot_rows,
    probability_rows,
    real_numbers,
)


@dataclass(frozen=True)
class Argument:
    """One argument: its axes and how its values are drawn.

    `values` gets the shape, the dtype under test and the lengths of all axes. A mask names the arguments that it
    masks. Labels name the axis that holds their classes, without which there are none.
    """

    axes: tuple[str, ...]
    values: Callable[[Shape, DType, Sizes], st.SearchStrategy[Drawn]]
    masks: tuple[str, ...] = ()
    classes: str | None = None

    def possible(self, sizes: Sizes) -> bool:
        """Tell whether values exist: there are no labels for no classes, except for no rows."""
        rows = shape_of((axis for axis in self.axes if axis != self.classes), sizes)
        return self.classes is None or 0 in rows or 0 not in shape_of((self.classes,), sizes)


@dataclass(frozen=True)
class Inputs:
    """The arguments of a layer and its reference, by name. Made by `arrays`."""

    arguments: Mapping[str, Argument]

    def pool(self) -> list[Sizes]:
        """List the lengths of axes to test at."""
        sizes = pool(axis for argument in self.arguments.values() for axis in argument.axes)
        return [each for each in sizes if all(argument.possible(each) for argument in self.arguments.values())]

    def of_sizes(self, sizes: Sizes, dtype: npt.DTypeLike) -> st.SearchStrategy[dict[str, Drawn]]:
        """Draw all arguments at given lengths of the axes."""
        drawn = st.fixed_dictionaries(
            {
                name: argument.values(shape_of(argument.axes, sizes), np.dtype(dtype), sizes)
                for name, argument in self.arguments.items()
            }
        )
        # fixed_dictionaries promises the keys, not their order
        return drawn.map(lambda arrays: {name: arrays[name] for name in self.arguments})

    def strategy(self, dtype: npt.DTypeLike = np.float64) -> st.SearchStrategy[dict[str, Drawn]]:
        """Draw all arguments at any lengths of the pool: for `@given`, and properties of your own."""
        return st.sampled_from(self.pool()).flatmap(lambda sizes: self.of_sizes(sizes, dtype))


def arrays(**arguments: str | Argument) -> Inputs:
    """Describe the inputs of a layer and its reference.

    Parameters
    ----------
    **arguments
        For each argument its axes, for real numbers of all kinds, or one of the functions below for others.

    Examples
    --------
    >>> affine = arrays(x="... D", W="D M", b="M")
    >>> classifier = arrays(x="... C", t=labels("...", classes="C"), mask=masks("...", of="x t"))
    """
    return Inputs({name: reals(each) if isinstance(each, str) else each for name, each in arguments.items()})


def reals(axes: str, low: float = -math.inf, high: float = math.inf) -> Argument:
    """Real numbers from `low` to `high`, of the dtype under test: both signs, zeros, ties, several scales."""
    return Argument(parse(axes), lambda shape, dtype, _: real_numbers(shape, dtype, low, high))


def labels(axes: str, *, classes: str) -> Argument:
    """Integer class indices, for as many classes as the axis `classes` is long."""
    return Argument(
        parse(axes), lambda shape, _, sizes: class_indices(shape, shape_of((classes,), sizes)[0]), classes=classes
    )


def one_hot(axes: str) -> Argument:
    """Rows with a single 1, over the last axis."""
    parsed = parse(axes)
    return Argument(parsed, lambda shape, dtype, _: one_hot_rows(shape, dtype), classes=parsed[-1])


def probabilities(axes: str) -> Argument:
    """Rows of numbers from 0 to 1 that sum to 1, over the last axis."""
    return Argument(parse(axes), lambda shape, dtype, _: probability_rows(shape, dtype))


def masks(axes: str, *, of: str) -> Argument:
    """Booleans: True where an entry of the arguments named in `of` counts. Their leading axes are the mask's."""
    return Argument(parse(axes), lambda shape, *_: booleans(shape), masks=tuple(of.split()))
