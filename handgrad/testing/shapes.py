"""Which lengths named axes are tested at.

The list is short, because JAX compiles anew for every shape, and forces what random lengths seldom hit: no
leading axis, one, several; lengths of 0 and 1; all axes equal; all axes distinct. The simplest come first, so that
Hypothesis shrinks towards them.
"""

from collections.abc import Iterable, Iterator, Mapping

Shape = tuple[int, ...]
Sizes = Mapping[str, Shape]

LEADING = "..."


def parse(axes: str) -> tuple[str, ...]:
    """Split a description such as "... N 3" into axes: LEADING, names and fixed lengths."""
    names = tuple(axes.split())
    for name in names:
        if name != LEADING and not name.isdecimal() and not name.isidentifier():
            raise ValueError(f"axes {axes!r}: {name!r} is neither '...' nor a name nor a length")
    if names.count(LEADING) > 1:
        raise ValueError(f"axes {axes!r}: '...' may stand there once")
    return names


def shape_of(axes: Iterable[str], sizes: Sizes) -> Shape:
    """Look up how long the axes are."""
    return tuple(length for axis in axes for length in ((int(axis),) if axis.isdecimal() else sizes[axis]))


def lengths(sizes: Sizes) -> list[int]:
    """List the lengths of all axes."""
    return [length for shape in sizes.values() for length in shape]


def pool(axes: Iterable[str]) -> list[Sizes]:
    """List the lengths to test the axes at. "..." stands for any number of axes, a name for one."""
    axes = dict.fromkeys(axis for axis in axes if not axis.isdecimal())
    names = [axis for axis in axes if axis != LEADING]
    found = [
        {LEADING: leading} | {name: (length,) for name, length in zip(names, lengths, strict=True)}
        for leading, lengths in _lengths(len(names))
    ]
    wanted = [{axis: sizes[axis] for axis in axes} for sizes in found]
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
    yield (0,), distinct
    yield (5,), [1] * names
    for zero in range(names):
        yield (2,), [0 if i == zero else length for i, length in enumerate(distinct)]
    for one in range(1, names):
        yield (2,), [1 if i == one else length for i, length in enumerate(distinct)]
