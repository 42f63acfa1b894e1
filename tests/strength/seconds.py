"""CPU seconds for one more layer: in `check_layer`, in the main command and in the tests."""

import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from typing import Any

import numpy as np
import pytest

from handgrad.testing import check_layer
from handgrad.testing.oracle import Oracle
from reference.__main__ import EXAMPLES
from reference.cases import CASES
from reference.comparisons.executors import run_inline
from reference.comparisons.measure import measure
from reference.comparisons.pages.markdown import table
from tests.planted.costly import COSTLY
from tests.strength.processes import in_new_process

TITLE = "Seconds for a layer"
INTRODUCTION = """\
*check_layer*: with its defaults, all properties. *Command*: a layer's share of `python -m reference`. *Tests*: those
that are named after it. *Cold*: JAX has compiled nothing yet. *Warm*: it has, in another process, and kept it on
disk. *Again*: a second time in one process. These are seconds of one processor; starting Python and importing JAX are
not counted. The last layers are none of handgrad's, but have references that are costly to compile or to run. These
figures are of the machine that wrote this page."""
Seconds = dict[str, float]


def sections() -> Iterator[str]:
    """Measure, and write about it."""
    columns = {
        f"{name}: {state}": column
        for name, (time_layers, states) in PARTS.items()
        for state, column in zip(states, in_new_processes(time_layers, len(states)), strict=True)
    }
    rows = [[name, *(brief(each[name]) if name in each else "–" for each in columns.values())] for name in NAMES]
    of_cases = [[column[case.name] for case in CASES] for column in columns.values()]
    summary = [[f"**{name} of handgrad's**", *map(brief, map(of, of_cases))] for name, of in SUMMARY.items()]
    yield f"{INTRODUCTION}\n\n{table(['layer', *columns], [*rows, *summary])}"


def in_new_processes(time_layers: Callable[[str, bool], Seconds], number: int) -> list[Seconds]:
    """Time all layers in one process after another; the third of them does it a second time."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # of a new process; threads that wait busily would count twice
    with tempfile.TemporaryDirectory() as folder:
        return [in_new_process(time_layers, folder, again) for again in (False, False, True)[:number]]


def time_checks(folder: str, again: bool) -> Seconds:
    """Time `check_layer` on every layer, with JAX's cache in a folder."""
    start_in(folder)
    cases = [(case.name, case.layer, case.twin, case.inputs) for case in CASES]
    costly = [(each.name, each.layer, each.reference, each.inputs) for each in COSTLY]
    return {name: timed(check_layer, *layer, again=again) for name, *layer in [*cases, *costly]}


def time_command(folder: str, again: bool) -> Seconds:
    """Time what the main command does for a case."""
    start_in(folder)
    return {case.name: timed(measure, case.name, EXAMPLES, 0, again=again) for case in CASES}


def time_tests(folder: str, again: bool) -> Seconds:
    """Time the tests that are named after a layer."""
    del again
    start_in(folder)
    tests = Tests()
    with redirect_stdout(sys.stderr):
        pytest.main(["-q", "-p", "no:xdist", "-p", "no:cacheprovider", "--assert=plain", "tests"], plugins=[tests])
    return dict(tests.seconds)


class Tests:
    """The tests that are named after a layer, and how long those of each took. Others are left out."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if layer_of(item) in NAMES]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Any:
        start = time.process_time()
        ran = yield
        self.seconds[layer_of(item)] += time.process_time() - start
        return ran


def layer_of(item: pytest.Item) -> str:
    """Tell what a test is parametrised with."""
    return item.nodeid.partition("[")[2].rstrip("]")


def start_in(folder: str) -> None:
    """Let JAX keep what it compiles in a folder, and be ready."""
    os.environ["XDG_CACHE_HOME"] = folder
    run_inline()
    Oracle(lambda x: x)({"x": np.ones(1)}, np.ones(1), ("x",))


def timed(function: Callable[..., Any], *arguments: Any, again: bool) -> float:
    """Time a call, or a second one."""
    if again:
        function(*arguments)
    start = time.process_time()
    function(*arguments)
    return time.process_time() - start


def brief(seconds: float) -> str:
    """Write seconds."""
    return f"{seconds:.2f} s"


NAMES = [each.name for each in (*CASES, *COSTLY)]
SUMMARY = {"median": statistics.median, "slowest": max}
PARTS = {
    "check_layer": (time_checks, ("cold", "warm", "again")),
    "command": (time_command, ("cold", "warm")),
    "tests": (time_tests, ("cold", "warm")),
}
