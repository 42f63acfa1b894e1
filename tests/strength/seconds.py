"""Seconds for `check_layer` on every case of the table, with nothing compiled and with all compiled."""

import os
import statistics
import tempfile
import time
from collections.abc import Iterator

from handgrad.testing import check_layer
from reference.cases import CASES, Case
from reference.comparisons.pages.markdown import table
from tests.strength.processes import in_new_process

TITLE = "Seconds for a layer"
INTRODUCTION = """\
`check_layer` with its defaults, all properties. *Cold*: JAX has compiled nothing yet. *Warm*: it has, in
another process, and kept it on disk. *Again*: a second time in one process. Starting Python and importing JAX
are not counted. These figures are of the machine that wrote this page."""


def sections() -> Iterator[str]:
    """Measure, and write about it."""
    with tempfile.TemporaryDirectory() as folder:
        cold, warm, again = (in_new_process(time_cases, folder, times) for times in (1, 1, 2))
    columns = [cold, warm, again]
    rows = [[case.name, *map(brief, each)] for case, *each in zip(CASES, *columns, strict=True)]
    medians, slowest = (["**" + name + "**", *(brief(of(each)) for each in columns)] for name, of in SUMMARY.items())
    yield f"{INTRODUCTION}\n\n{table(['layer', 'cold', 'warm', 'again'], [*rows, medians, slowest])}"


SUMMARY = {"median": statistics.median, "slowest": max}


def brief(seconds: float) -> str:
    """Write seconds."""
    return f"{seconds:.2f} s"


def time_cases(folder: str, times: int) -> list[float]:
    """Time each case, with JAX's cache in a folder."""
    os.environ["XDG_CACHE_HOME"] = folder
    return [time_case(case, times) for case in CASES]


def time_case(case: Case, times: int) -> float:
    """Time the last of several checks."""
    for _ in range(times):
        start = time.perf_counter()
        check_layer(case.layer, case.twin, case.inputs)
    return time.perf_counter() - start
