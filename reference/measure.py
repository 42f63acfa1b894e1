"""Search every case of the table for its worst disagreement with JAX, on all processors."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from handgrad.testing import check_layer
from handgrad.testing.search import Found
from reference.cases import CASES, DTYPES, Case


@dataclass(frozen=True)
class Row:
    """What the search saw of one case in one dtype. `worst` is in units, for the value and every gradient."""

    case: str
    dtype: str
    examples: int
    worst: dict[str, float]
    agrees: bool


@dataclass(frozen=True)
class Measured:
    """One case: a row for each dtype, and the page about what failed, if anything did."""

    rows: Sequence[Row]
    page: str


def measure_all(cases: Sequence[Case], examples: int, seed: int | None) -> Iterator[Measured]:
    """Measure the cases, several at a time, and yield them in the order of the table."""
    processes = ProcessPoolExecutor(min(len(cases), os.cpu_count() or 1), get_context("spawn"))
    with processes:
        jobs = [processes.submit(measure, CASES.index(case), examples, seed) for case in cases]
        for job in jobs:
            yield job.result()


def measure(index: int, examples: int, seed: int | None) -> Measured:
    """Measure one case, named by its place in the table: a case itself cannot travel between processes."""
    case = CASES[index]
    report = check_layer(
        case.layer, case.twin, case.inputs, max_examples=examples, dtypes=DTYPES, seed=seed, climb=True, raises=False
    )
    return Measured([_row(case.name, each) for each in report.found], str(report) if report.failures else "")


def _row(name: str, found: Found) -> Row:
    return Row(name, found.dtype, found.examples, found.worst, not found.failures)
