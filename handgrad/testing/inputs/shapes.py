"""Which lengths named axes are tested at.

The list is short, because JAX compiles anew for every shape, and forces what random lengths seldom hit: no
leading axis, one, several; lengths of 0, 1 and beyond 8 and 16, as many numbers as processors take at a time; all
axes equal; all axes distinct, in ascending and in descending order. The simplest come first, so that Hypothesis
shrinks towards them.
"""

from collections.abc import Iterable, Iterator, Mapping

Shape = tuple[int, ...]
Sizes = Mapping[str, Shape]

LEADING = "..."
NOT_EMPTY = ">0"


def parse(axes: str) -> tuple[str, ...]:
    """Split a description such as "... N D>0 3" into axes: LEADING, names, names of no empty axes, fixed lengths."""
    if not isinstance(axes, str):
        raise TypeError(f"axes are {axes!r}; expected a text, such as '... D'")
    names = tuple(axes.split())
    for name in names:
        if name != LEADING and not name.isdecimal() and not bare(name).isidentifier():
            raise ValueError(
                f"axes {axes!r}: {name!r} is neither '...' nor a name, with '>0' or without, nor a length"
            )
    if names.count(LEADING) > 1:
        raise ValueError(f"axes {axes!r}: '...' may stand there once")
    return names


def bare(axis: str) -> str:
    """Give the name of an axis alone."""
    return axis.removesuffix(NOT_EMPTY)


def shape_of(axes: Iterable[str], sizes: Sizes) -> Shape:
    """Look up how long the axes are."""
    return tuple(length for axis in axes for length in ((int(axis),) if axis.isdecimal() else sizes[bare(axis)]))


def lengths(sizes: Sizes) -> list[int]:
    """List the lengths of all axes."""
    return [length for shape in sizes.values() for length in shape]


def pool(axes: Iterable[str]) -> list[Sizes]:
    """List the lengths to test the axes at. "..." stands for any number of axes, a name for one."""
    given = [axis for axis in axes if not axis.isdecimal()]
    axes = dict.fromkeys(map(bare, given))
    filled = {bare(axis) for axis in given if axis.endswith(NOT_EMPTY)}
    names = [axis for axis in axes if axis != LEADING]
    found = [
        {LEADING: leading} | {name: (length,) for name, length in zip(names, lengths, strict=True)}
        for leading, lengths in _lengths(len(names))
    ]
    wanted = [{axis: sizes[axis] for axis in axes} for sizes in found if all(0 not in sizes[axis] for axis in filled)]
    return [sizes for i, sizes in enumerate(wanted) if sizes not in wanted[:i]]


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
