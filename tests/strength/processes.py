"""Measure in several processes at once, or in a new one."""

import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any


def each_of(measure: Callable[[Any], Any], jobs: Sequence[Any]) -> list[Any]:
    """Measure every job, and say on stderr how far it has come."""
    done = []
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as processes:
        for result in processes.map(measure, jobs):
            done.append(result)
            print(f"\r{measure.__name__}: {len(done)} of {len(jobs)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return done


def in_new_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """Run a function where nothing has been compiled yet."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(function, *arguments).result()
