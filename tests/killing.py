"""What becomes of a mutant: does check_layer notice it, and if not, do the tests?

Cases and tests are run once with the source as it is. A mutant is then tried on those that call what was changed, the
fastest first, and no longer than until one of them fails.
"""

import io
import os
import signal
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from functools import cache
from typing import Any
from unittest import mock

import jax
import pytest

from handgrad.testing import check_layer
from handgrad.testing.search import Search
from handgrad.testing.trial import Trial
from reference.cases import CASES, DTYPES
from tests.modules import ROOT, users
from tests.mutators import Mutant
from tests.recording import Ran, callers, recorded
from tests.swapping import swapped

EXAMPLES = 30
SECONDS = 60  # of the processor, for one case or test
MANY = 40  # cases whose compiled references are kept: of some sixty, Linux runs out of pieces of memory
OPTIONS = (
    "-qx",
    "--tb=no",
    "-Wignore::pytest.PytestAssertRewriteWarning",
    "-pno:cacheprovider",
    "-pno:hypothesispytest",  # it would have to be loaded before Hypothesis is used
    "-pno:unraisableexception",  # it collects garbage, which takes longer than most tests
)
OF_EVERY_LAYER = ("edge_cases", "errors", "layer")
BY_NAME = {case.name: case for case in CASES}


def killed_by_checker(module: str, mutant: Mutant) -> bool:
    """Run check_layer on the cases that call what was changed."""
    names = callers(cases_of(module), module, mutant.function)
    with swapped(module, mutant.source):
        return any(map(fails, names))


@cache
def cases_of(module: str) -> dict[str, Ran]:
    """Check the layers of a module and of all that lean on it, as they are."""
    rooms, runs = users(module), {}
    for name in (case.name for case in CASES if case.family in rooms):
        with recorded() as runs[name]:
            failed = fails(name)
        if failed:
            raise RuntimeError(f"check_layer fails for {name} without a mutant")
    return runs


def fails(name: str) -> bool:
    """Run check_layer on a case, dtype by dtype, until something fails."""
    case = BY_NAME[name]
    forget_some(name)
    try:
        with limited(), drawn_once(), mock.patch.object(Search, "_smallest", side_effect=Failed):
            for dtype in DTYPES:
                check_layer(case.layer, case.twin, case.inputs, max_examples=EXAMPLES, dtypes=[dtype])
    except (Exception, Failed, TooLong):
        return True
    return False


class Failed(BaseException):
    """Something fails: how small an example there is, and what is probably wrong, need not be known."""


class TooLong(BaseException):
    """No error of the layer, of which the checker would then search the smallest example."""


@contextmanager
def limited() -> Iterator[None]:
    """Raise TooLong in what takes too long, as a loop that never ends."""
    signal.signal(signal.SIGPROF, _too_long)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _too_long(*_: Any) -> None:
    raise TooLong


DRAWN: dict[Any, list[Trial]] = {}
COMPILED: set[str] = set()


@contextmanager
def drawn_once() -> Iterator[None]:
    """Have the examples of a case drawn once in this process: they are the same for every mutant."""

    def examples(search: Search, *shape: Any) -> list[Trial]:
        key = id(search.inputs), str(search.dtype), repr(shape)
        if key not in DRAWN:
            DRAWN[key] = draw(search, *shape)
        return [replace(trial, subject=search.subject) for trial in DRAWN[key]]

    draw = Search._examples
    with mock.patch.object(Search, "_examples", examples):
        yield


def forget_some(name: str) -> None:
    """Forget what is compiled before it is too much."""
    if len(COMPILED) == MANY and name not in COMPILED:
        jax.clear_caches()
        COMPILED.clear()
    COMPILED.add(name)


def killed_by_tests(module: str, mutant: Mutant) -> bool:
    """Run the tests that call what was changed: of the module and of all that lean on it, and of every layer."""
    for rooms in (tuple(users(module)), OF_EVERY_LAYER):
        names = callers(tests_of(rooms), module, mutant.function)
        with swapped(module, mutant.source):
            if names and not succeed({name.partition("::")[0] for name in names}, Only(names)):
                return True
    return False


@cache
def tests_of(rooms: Sequence[str]) -> dict[str, Ran]:
    """Run the tests of rooms as they are."""
    files = [file for room in rooms if (ROOT / (file := f"tests/test_{room}.py")).exists()]
    recorder = Recorder()
    if files and not succeed(files, recorder):
        raise RuntimeError(f"one of {', '.join(files)} fails without a mutant")
    return recorder.runs


def succeed(files: Collection[str], plugin: Any) -> bool:
    """Run tests in this process, and tell whether they succeed."""
    os.environ["HYPOTHESIS_PROFILE"] = "quick"
    with redirect_stdout(io.StringIO()):
        return pytest.main([*OPTIONS, *files], plugins=[plugin]) == pytest.ExitCode.OK


class Recorder:
    """Has pytest record what each test calls."""

    def __init__(self) -> None:
        self.runs: dict[str, Ran] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        with recorded() as self.runs[item.nodeid]:
            return (yield)


class Only:
    """Has pytest run these tests alone, in their order, and none too long."""

    def __init__(self, names: Sequence[str]) -> None:
        self.places = {name: place for place, name in enumerate(names)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        chosen = [item for item in items if item.nodeid in self.places]
        items[:] = sorted(chosen, key=lambda item: self.places[item.nodeid])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, Any, Any]:
        with limited():
            return (yield)
