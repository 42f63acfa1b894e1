"""Search every case of the table for its worst disagreement with JAX."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from handgrad.testing import check_layer
from handgrad.testing.found import Found
from handgrad.testing.oracle.agreement import LIMIT
from handgrad.testing.trial import called
from reference.cases import DTYPES
from reference.comparisons.page import brief, table
from reference.comparisons.pieces import case_named

Shapes = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Row:
    """What the search saw of one case in one dtype. `worst` is in units, for the value and every gradient."""

    case: str
    dtype: str
    examples: int
    shapes: Sequence[Shapes]
    worst: dict[str, float]
    agrees: bool


@dataclass(frozen=True)
class Searched:
    """All rows of a search, and how long it took."""

    rows: Sequence[Row]
    seconds: float

    def __str__(self) -> str:
        """Tell how many examples there were, and how fast."""
        examples = sum(row.examples for row in self.rows)
        return f"{examples:,} examples in {self.seconds:.0f} s, {examples / self.seconds:.0f} per second"


@dataclass(frozen=True)
class Measured:
    """One case: a row for each dtype, which properties failed in which dtypes, and the page about those."""

    rows: Sequence[Row]
    failed: frozenset[tuple[str, str]]
    page: str


def measure(name: str, examples: int, seed: int) -> Measured:
    """Measure one case, or a piece of it."""
    case = case_named(name)
    report = check_layer(
        case.layer, case.twin, case.inputs, max_examples=examples, dtypes=DTYPES, seed=seed, climb=True, raises=False
    )
    failed = {(failure.property.__name__, found.dtype) for found in report.found for failure in found.failures}
    rows = [_row(case.name, each) for each in report.found]
    return Measured(rows, frozenset(failed), str(report) if failed else "")


def _row(name: str, found: Found) -> Row:
    return Row(name, found.dtype, found.examples, list(found.shapes), found.worst, not found.failures)


def merged(pieces: Sequence[Measured]) -> Measured:
    """Put the pieces of a case together."""
    rows = [_one_row(each) for each in zip(*(piece.rows for piece in pieces), strict=True)]
    return Measured(rows, frozenset().union(*(piece.failed for piece in pieces)), "\n\n".join(_pages(pieces)))


def _one_row(rows: Sequence[Row]) -> Row:
    shapes = list(dict.fromkeys(shapes for row in rows for shapes in row.shapes))
    names = dict.fromkeys(name for row in rows for name in row.worst)
    worst = {name: max(row.worst[name] for row in rows if name in row.worst) for name in names}
    return Row(
        rows[0].case, rows[0].dtype, sum(row.examples for row in rows), shapes, worst, all(row.agrees for row in rows)
    )


def _pages(pieces: Sequence[Measured]) -> Iterator[str]:
    """Give the page of each piece where something fails that no page before it is about, and count the other ones."""
    shown: frozenset[tuple[str, str]] = frozenset()
    others = 0
    for piece in pieces:
        if piece.failed <= shown:
            others += bool(piece.failed)
        else:
            shown |= piece.failed
            yield piece.page
    if others:
        yield f"The same fails in {others} more of {len(pieces)} pieces."


def worst_errors(row: Row, between: str = "  ") -> str:
    """Write down the worst errors of a row."""
    return between.join(f"{called(name)} {brief(error)}" for name, error in row.worst.items())


def section(search: Searched) -> str:
    """Say what the search reached, for the page."""
    header = ["case", "dtype", "examples", "shapes", "axes", *REACHED, "worst error in units", "verdict"]
    disagree = sum(not row.agrees for row in search.rows)
    total = f"Altogether {search}. Rows above {LIMIT:.0f} units, which is the limit: {disagree or 'none'}."
    return "\n\n".join([_SEARCHED, table(header, [_cells(row) for row in search.rows]), total])


_SEARCHED = """\
Hypothesis draws the numbers of each example: zeros, ties, both signs, several scales, and an upstream gradient of
both signs. Shapes are not left to chance: the table has how many there were, how many axes the first input had, and
whether some input had an axis of length 0 or 1, or was a square matrix. Errors are in units of what rounding
explains, against JAX in float64."""

REACHED: dict[str, Callable[[Shapes], bool]] = {
    "length 0": lambda shapes: any(0 in shape for shape in shapes),
    "length 1": lambda shapes: any(1 in shape for shape in shapes),
    "square": lambda shapes: any(len(shape) > 1 and shape[-1] == shape[-2] > 1 for shape in shapes),
}


def _cells(row: Row) -> list[str]:
    axes = sorted({len(shapes[0]) for shapes in row.shapes})
    reached = ["yes" if any(each(shapes) for shapes in row.shapes) else "no" for each in REACHED.values()]
    verdict = "agrees" if row.agrees else "**disagrees**"
    counts = [str(row.examples), str(len(row.shapes)), ", ".join(map(str, axes))]
    return [row.case, row.dtype, *counts, *reached, worst_errors(row, ", "), verdict]
