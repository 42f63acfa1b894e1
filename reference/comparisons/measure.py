"""Search every case of the table for its worst disagreement with JAX, on all processors."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, TypeVar

import jax

from handgrad.testing import check_layer
from handgrad.testing.found import Found
from handgrad.testing.trial import called
from reference.cases import CASES, DTYPES, Case
from reference.comparisons.pages.markdown import brief

Shapes = tuple[tuple[int, ...], ...]
T = TypeVar("T")


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
    """One case: a row for each dtype, and the page about what failed, if anything did."""

    rows: Sequence[Row]
    page: str


def on_every_case(
    function: Callable[[int, int, int], T], cases: Sequence[Case], examples: int, seed: int
) -> Iterator[T]:
    """Call a function with each case, several at a time, and yield its results in the order of the table.

    A case is named by its place in the table, because it cannot itself travel between processes.
    """
    if len(cases) == 1:  # for which no process is worth its start
        yield function(CASES.index(cases[0]), examples, seed)
        return
    number = min(len(cases), os.cpu_count() or 1)
    with ProcessPoolExecutor(number, get_context("spawn"), run_inline) as processes:
        jobs = [processes.submit(function, CASES.index(case), examples, seed) for case in cases]
        for job in jobs:
            yield job.result()


def run_inline() -> None:
    """Let JAX compute in the process that asks, since there is one for every processor."""
    config: Any = jax.config
    config.update("jax_cpu_enable_async_dispatch", False)


def measure(index: int, examples: int, seed: int) -> Measured:
    """Measure one case."""
    case = CASES[index]
    report = check_layer(
        case.layer, case.twin, case.inputs, max_examples=examples, dtypes=DTYPES, seed=seed, climb=True, raises=False
    )
    return Measured([_row(case.name, each) for each in report.found], str(report) if report.failures else "")


def _row(name: str, found: Found) -> Row:
    return Row(name, found.dtype, found.examples, list(found.shapes), found.worst, not found.failures)


def worst_errors(row: Row, between: str = "  ") -> str:
    """Write down the worst errors of a row."""
    return between.join(f"{called(name)} {brief(error)}" for name, error in row.worst.items())
