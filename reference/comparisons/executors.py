"""Call a function many times, wherever an executor does: in processes of this machine, or on a cluster."""

import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from importlib.util import find_spec
from multiprocessing import get_context
from typing import Any, ParamSpec, TypeVar

import jax

P = ParamSpec("P")
T = TypeVar("T")


class NoCluster(Exception):
    """A cluster that cannot be used, and what to do about it."""


def executor_for(jobs: int, cluster: str = "") -> AbstractContextManager[Executor | None]:
    """Give who takes so many jobs: the cluster with this address, if any; else processes, or for one job nobody."""
    if cluster:
        return _cluster(cluster)
    return nullcontext() if jobs == 1 else processes(jobs)  # no process is worth its start for a single job


def processes(jobs: int) -> Executor:
    """Make a process for every processor, or fewer for fewer jobs."""
    one_thread_each()
    return ProcessPoolExecutor(min(jobs, os.cpu_count() or 1), get_context("spawn"), run_inline)


def one_thread_each() -> None:
    """Let processes that are yet to start multiply matrices in one thread: more would wait for each other, busily."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def run_inline() -> None:
    """Let JAX compute in the process that asks, since there is one for every processor."""
    config: Any = jax.config
    config.update("jax_cpu_enable_async_dispatch", False)


def forgetting(job: Callable[P, T]) -> Callable[P, T]:
    """Decorate a job on a case: when it is done, what JAX has compiled for it is forgotten.

    Each compiled function takes pieces of memory, of which Linux allows a process 65,530: some sixty cases.
    """
    forget: Any = jax.clear_caches

    @wraps(job)
    def forgotten(*arguments: P.args, **named: P.kwargs) -> T:
        try:
            return job(*arguments, **named)
        finally:
            forget()

    return forgotten


def _cluster(address: str) -> AbstractContextManager[Executor]:
    if find_spec("distributed") is None:
        raise NoCluster('--cluster needs dask.distributed: pip install "handgrad[cluster]"')
    from reference.comparisons.cluster import cluster  # which nobody else needs

    return cluster(address)


def fan_out(executor: Executor | None, function: Callable[..., T], jobs: Sequence[tuple[Any, ...]]) -> Iterator[T]:
    """Call a function with the arguments of every job, and yield the results in order, as soon as they are there.

    Without an executor, it is called here. What one call raises is raised at once, and the others are cancelled.
    """
    if executor is None:
        yield from (function(*job) for job in jobs)
        return
    futures = [executor.submit(function, *job) for job in jobs]
    waiting = deque(futures)
    try:
        for number, done in enumerate(as_completed(futures), 1):
            done.result()
            _show(f"{function.__name__}: {number} of {len(jobs)}")
            while waiting and waiting[0].done():
                _show("")
                yield waiting.popleft().result()
    finally:
        _show("")
        for each in futures:
            each.cancel()


def _show(progress: str) -> None:
    """Show how far it has come in the last line of a terminal, instead of what was shown there."""
    if sys.stderr.isatty():
        print(f"\r\033[K{progress}", end="", file=sys.stderr, flush=True)
