"""Inputs described by named axes: what a layer and its reference are called with.

    arrays(x="... D", W="D M", b="M")

says that the last axis of x is as long as the first of W, and b as long as the last of W. "..." stands for any
leading axes, the same in every argument; a number is a fixed length; "D>0" is an axis that is never empty; and
"2*(D-1)" is computed.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import hypothesis.strategies as st
import numpy as np
import numpy.typing as npt

from handgrad.testing.dtypes import as_floating
from handgrad.testing.inputs.axes import Shape, Sizes, bare, is_named, names_in, shape_of
from handgrad.testing.inputs.drawing import simplest
from handgrad.testing.inputs.shapes import lengths, pool
from handgrad.testing.inputs.values import Drawn, DType, Recipe, often_alike, together
from handgrad.testing.trees import Nested

LARGEST = 100_000  # numbers in an array with a computed length, which may be a product

MakeRecipe = Callable[[Shape, DType, Sizes], Recipe]


@dataclass(frozen=True)
class Argument:
    """One argument: its axes and how its values are drawn.

    `values` gets the shape, the dtype under test and the lengths of all axes; so does `at_kinks`, whose arrays
    are full of points where the derivative jumps, and `is_kink` finds them. Of an argument that a user's own strategy
    draws, `drawn` gets the dtype and the lengths of all axes, and `depends_on` some. Real numbers are from `low` to
    `high`. A mask names the arguments that it masks. Labels name the axis that holds their classes, without which
    there are none; `validated` ones have to be refused where they name no class.
    """

    axes: tuple[str, ...]
    values: MakeRecipe | None = None
    drawn: Callable[[DType, Sizes], st.SearchStrategy[Any]] | None = None
    depends_on: tuple[str, ...] = ()
    at_kinks: MakeRecipe | None = None
    is_kink: Callable[[Drawn], Drawn] | None = None
    masks: tuple[str, ...] = ()
    classes: str | None = None
    validated: bool = False
    low: float = -math.inf
    high: float = math.inf

    def possible(self, sizes: Sizes) -> bool:
        """Tell whether values exist, and not too many: there are no labels for no classes, except for no rows."""
        computed = [axis for axis in self.axes if not is_named(bare(axis)) and names_in(bare(axis))]
        if computed and math.prod(shape_of(self.axes, sizes)) > LARGEST:
            return False
        rows = shape_of((axis for axis in self.axes if axis != self.classes), sizes)
        return self.classes is None or 0 in rows or 0 not in shape_of((self.classes,), sizes)


@dataclass(frozen=True)
class Inputs:
    """The arguments of a layer and its reference, by name, and which of them are nested. Made by `arrays`."""

    arguments: Mapping[str, Argument]
    nested: Nested = field(default_factory=Nested)

    def pool(self) -> list[Sizes]:
        """List the lengths of axes to test at."""
        sizes = pool(axis for argument in self.arguments.values() for axis in argument.axes)
        return [each for each in sizes if all(argument.possible(each) for argument in self.arguments.values())]

    def shapes(self) -> Iterator[Shape]:
        """Give the shape of each argument at each of these lengths."""
        for sizes in self.pool():
            for argument in self.arguments.values():
                yield shape_of(argument.axes, sizes)

    def has_axis(self, axis: str) -> bool:
        """Tell whether the pool gives the length of an axis: a number is one, and names have one in some argument."""
        names = {name for each in self.arguments.values() for other in each.axes for name in names_in(other)}
        return names.issuperset(names_in(axis))

    @property
    def has_kinks(self) -> bool:
        """Tell whether an argument declares kinks or ties."""
        return any(argument.at_kinks for argument in self.arguments.values())

    @property
    def has_strategies(self) -> bool:
        """Tell whether an argument is described by a strategy, so that only an example tells what it is."""
        return any(argument.drawn for argument in self.arguments.values())

    def of_sizes(self, sizes: Sizes, dtype: DType) -> Recipe:
        """Make all arguments that are described by their axes, at given lengths of the axes."""
        return often_alike(
            self._each(sizes, dtype, {name: argument.values for name, argument in self.arguments.items()})
        )

    def typical(self, dtype: npt.DTypeLike = np.float64) -> dict[str, Any]:
        """Make one example in which nothing is special: several rows, each axis of its own length, ordinary numbers.

        What a strategy of your own draws is its simplest.
        """
        pool = self.pool()
        sizes = next((sizes for sizes in pool if min(lengths(sizes), default=1) > 1), pool[0])
        described = self.of_sizes(sizes, as_floating(dtype)).typical()
        return self.in_order(described | simplest(self.others(sizes, as_floating(dtype))))

    def at_kinks(self, sizes: Sizes, dtype: DType) -> Recipe:
        """Make the arguments that have kinks, full of them."""
        kinks = {name: argument.at_kinks for name, argument in self.arguments.items()}
        return together(self._each(sizes, dtype, kinks))

    def _each(self, sizes: Sizes, dtype: DType, recipes: Mapping[str, MakeRecipe | None]) -> dict[str, Recipe]:
        return {
            name: recipe(shape_of(self.arguments[name].axes, sizes), dtype, sizes)
            for name, recipe in recipes.items()
            if recipe
        }

    def others(self, sizes: Sizes, dtype: DType) -> st.SearchStrategy[dict[str, Any]]:
        """Draw the arguments that are described by strategies, at given lengths of the axes."""
        return st.fixed_dictionaries(
            {name: argument.drawn(dtype, sizes) for name, argument in self.arguments.items() if argument.drawn}
        )

    def in_order(self, drawn: Mapping[str, Any]) -> dict[str, Any]:
        """Give arguments in the order in which they are described."""
        return {name: drawn[name] for name in self.arguments}

    def strategy(self, dtype: npt.DTypeLike = np.float64) -> st.SearchStrategy[dict[str, Any]]:
        """Draw all arguments at any lengths of the pool: for `@given`, and properties of your own."""

        def of_sizes(sizes: Sizes) -> st.SearchStrategy[dict[str, Any]]:
            described = self.of_sizes(sizes, as_floating(dtype)).strategy()
            others = self.others(sizes, as_floating(dtype))
            return st.tuples(described, others).map(lambda drawn: self.in_order(drawn[0] | drawn[1]))

        return st.one_of([of_sizes(sizes) for sizes in self.pool()])
