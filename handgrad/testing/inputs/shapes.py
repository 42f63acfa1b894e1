"""Which lengths named axes are tested at.

The list is short, because JAX compiles anew for every shape, and forces what random lengths seldom hit: no
leading axis, one, several; lengths of 0, 1 and beyond 8 and 16, as many numbers as processors take at a time; all
axes equal; all axes distinct, in ascending and in descending order. The simplest come first, so that Hypothesis
shrinks towards them.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, permutations

from handgrad.testing.inputs.axes import LEADING, Shape, Sizes, is_possible, names_in

ORDERS = 720  # of lengths that are tried until they are possible


def lengths(sizes: Sizes) -> list[int]:
    """List the lengths of all axes."""
    return [length for shape in sizes.values() for length in shape]


def pool(axes: Iterable[str]) -> list[Sizes]:
    """List the lengths to test the axes at. "..." stands for any number of axes, a name for one."""
    axes = dict.fromkeys(axes)
    names = dict.fromkeys(name for axis in axes for name in names_in(axis))
    named = [name for name in names if name != LEADING]
    found = [
        {LEADING: leading, **sizes}
        for leading, lengths in _lengths(len(named))
        for sizes in islice(arranged(named, lengths, axes), 1)
    ]
    wanted = [{name: sizes[name] for name in names} for sizes in found]
    return [sizes for i, sizes in enumerate(wanted) if sizes not in wanted[:i]]


def arranged(names: Sequence[str], lengths: Sequence[int], axes: Iterable[str]) -> Iterator[Sizes]:
    """Give lengths to names in the order that they have or, where axes are impossible then, in others."""
    for order in [lengths] if 0 in lengths else islice(permutations(lengths), ORDERS):
        sizes = {name: (length,) for name, length in zip(names, order, strict=True)}
        if all(is_possible(axis, sizes) for axis in axes):
            yield sizes


def _lengths(names: int) -> Iterator[tuple[Shape, list[int]]]:
    distinct = list(range(3, 3 + names))
    yield (), [1] * names
    yield (2,), distinct
    yield (), distinct
    yield (3,), [3] * names
    yield (1,), distinct
    yield (4,), [2] * names
    yield (2, 3), distinct
    yield (2, 3, 2), distinct[::-1]
    yield (17,), [17, *range(8 + names, 9, -1)][:names]  # long and distinct: the others are 10, 11, and so on
    yield (0,), distinct
    yield (5,), [1] * names
    for zero in range(names):
        yield (2,), [0 if i == zero else length for i, length in enumerate(distinct)]
    for one in range(1, names):
        yield (2,), [1 if i == one else length for i, length in enumerate(distinct)]
