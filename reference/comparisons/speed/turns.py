"""Time contenders who take turns at the same work.

Times drift on a machine that others use, too. So each contender waits in a process of its own, with one thread, and
they take turns; a ratio is of times from the same turn, and the median of all turns counts.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing import get_context
from multiprocessing.connection import Connection
from statistics import median

from reference.comparisons.machine import kernel
from reference.comparisons.speed.contenders import BARE, FLOOR, OURS, TORCH, Step, peak
from reference.comparisons.speed.works import WORKS

TURNS = 15
SECONDS_OF_A_TURN = 0.05
ENVIRONMENT = {  # one thread, and a profiler that does not tell when it starts
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "KINETO_LOG_LEVEL": "99",
}
# What pins a library to the kernels of an older processor: nobody is timed with them.
PINS = (
    "ATEN_CPU_CAPABILITY",
    "MKL_CBWR",
    "MKL_ENABLE_INSTRUCTIONS",
    "NPY_DISABLE_CPU_FEATURES",
    "ONEDNN_MAX_CPU_ISA",
    "OPENBLAS_CORETYPE",
)


@dataclass(frozen=True)
class Timed:
    """A work's name and aims, each contender's seconds turn by turn, the peaks of their memory, NumPy's kernel."""

    work: str
    targets: Mapping[str, float]
    times: Mapping[str, Sequence[float]]
    peaks: Mapping[str, int]
    kernel: str = ""

    def ratios(self, one: str, other: str) -> list[float]:
        """Compare one's time with another's, turn by turn."""
        return [mine / theirs for mine, theirs in zip(self.times[one], self.times[other], strict=True)]

    def ratio(self, one: str, other: str) -> float:
        """Give the median over the turns."""
        return median(self.ratios(one, other))


def measure(index: int) -> Timed:
    """Time one work."""
    work = WORKS[index]()
    with ExitStack() as stack:
        running = {
            name: stack.enter_context(waiting(index, name))
            for name in work.contenders
            if name != TORCH or find_spec("torch")
        }
        told = {name: connection.recv() for name, connection in running.items()}
        times: dict[str, list[float]] = {name: [] for name in running}
        for _ in range(TURNS):
            for name, connection in running.items():
                connection.send("go")
                times[name].append(connection.recv())
    peaks = {name: size for name, (size, _) in told.items() if name not in (FLOOR, BARE)}
    return Timed(work.name, work.targets, times, peaks, told[OURS][1])


@contextmanager
def waiting(index: int, contender: str) -> Iterator[Connection]:
    """Start a process that gets a contender ready and waits for its turns."""
    here, there = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=take_turns, args=(index, contender, there), daemon=True)
    with environment():
        process.start()
    try:
        yield here
    finally:
        here.send("stop")
        process.join()


@contextmanager
def environment() -> Iterator[None]:
    """Set what processes inherit that are started meanwhile."""
    before = dict(os.environ)
    for name in PINS:
        os.environ.pop(name, None)
    os.environ.update(ENVIRONMENT)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def take_turns(index: int, contender: str, connection: Connection) -> None:
    """Tell the peak of memory and the kernel, then a time whenever asked to."""
    if hasattr(os, "sched_setaffinity"):  # JAX asks how many processors it may use
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    step = WORKS[index]().contenders[contender]()
    connection.send((peak(step), kernel()))
    repetitions = max(1, round(SECONDS_OF_A_TURN / seconds(step, 1)))
    while connection.recv() == "go":
        connection.send(seconds(step, repetitions))


def seconds(step: Step, repetitions: int) -> float:
    """Time a step."""
    start = time.perf_counter()
    for _ in range(repetitions):
        step()
    return (time.perf_counter() - start) / repetitions
