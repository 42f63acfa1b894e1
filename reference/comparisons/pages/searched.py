"""What the search saw of a case, in a sentence."""

from collections.abc import Callable, Iterable, Sequence

from handgrad.testing.oracle.agreement import LIMIT
from handgrad.testing.outputs import called
from reference.comparisons.measure import Row, Shapes
from reference.comparisons.pages.markdown import brief, paragraph

REACHED: dict[str, Callable[[Shapes], bool]] = {
    "length 0": lambda shapes: any(0 in shape for shape in shapes),
    "length 1": lambda shapes: any(1 in shape for shape in shapes),
    "square matrices": lambda shapes: any(len(shape) > 1 and shape[-1] == shape[-2] > 1 for shape in shapes),
}


def searched(rows: Sequence[Row]) -> str:
    """Say what the search reached of a case in all dtypes, and how it went."""
    shapes = {each for row in rows for each in row.shapes}
    axes = sorted({len(each[0]) for each in shapes})
    reached = [what for what, meets in REACHED.items() if any(map(meets, shapes))]
    return paragraph(
        f"Searched in each dtype: {_range(row.examples for row in rows)} examples, "
        f"{_range(len(row.shapes) for row in rows)} shapes of {_range(axes)} {'axis' if axes == [1] else 'axes'}; "
        f"{', '.join(reached) or 'neither length 0 nor length 1'} among them. "
        f"Worst error in units: {', '.join(map(_worst, rows))}. {_verdict(rows)}"
    )


def agree(rows: Iterable[Row]) -> bool:
    """Tell whether all rows agree with JAX."""
    return all(row.agrees for row in rows)


def _range(numbers: Iterable[int]) -> str:
    numbers = sorted(numbers)
    return f"{numbers[0]:,}" if numbers[0] == numbers[-1] else f"{numbers[0]:,} to {numbers[-1]:,}"


def _worst(row: Row) -> str:
    name = max(row.worst, key=row.worst.__getitem__)
    return f"{brief(row.worst[name])} ({row.dtype}, {called(name)})"


def _verdict(rows: Sequence[Row]) -> str:
    disagree = [row.dtype for row in rows if not row.agrees]
    return f"**Disagrees** in {', '.join(disagree)}; {LIMIT:.0f} is the limit." if disagree else "It agrees."
