"""Measure in several processes at once, or in a new one."""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from reference.comparisons.executors import fan_out, processes


def each_of(measure: Callable[[Any], Any], jobs: Sequence[Any]) -> list[Any]:
    """Measure every job."""
    with processes(len(jobs)) as executor:
        return list(fan_out(executor, measure, [(job,) for job in jobs]))


def in_new_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """Run a function where nothing has been compiled yet."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(function, *arguments).result()
