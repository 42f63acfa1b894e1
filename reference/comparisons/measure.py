"""Search every case of the table for its worst disagreement with JAX."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from handgrad.testing import check_layer
from handgrad.testing.found import Found
from handgrad.testing.outputs import called
from reference.cases import DTYPES
from reference.comparisons.executors import forgetting
from reference.comparisons.pages.markdown import brief
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


@forgetting
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


def worst_errors(row: Row) -> str:
    """Write down the worst errors of a row."""
    return "  ".join(f"{called(name)} {brief(error)}" for name, error in row.worst.items())
