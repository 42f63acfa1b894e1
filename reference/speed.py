"""How fast the layers are: handgrad's time over that of others who do the same work.

Times drift on a machine that others use, too. So each contender waits in a process of its own, with one thread, and
they take turns; a ratio is of times from the same turn, and the median of all turns counts.
"""

import os
import platform
import sys
import time
import tracemalloc
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

from reference.page import table
from reference.works import BOOK, CONTENDERS, FLOOR, OURS, TORCH, WORKS, Step

TURNS = 15
SECONDS_OF_A_TURN = 0.05
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
}

Times = Mapping[str, list[float]]


def measure(index: int) -> tuple[Times, Mapping[str, int]]:
    """Time one work: each contender's seconds, turn by turn, and the peaks of memory that NumPy asked for."""
    contenders = [name for name in CONTENDERS if name != TORCH or find_spec("torch")]
    with ExitStack() as stack:
        running = {name: stack.enter_context(waiting(index, name)) for name in contenders}
        peaks = {name: running[name].recv() for name in contenders}
        times: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(TURNS):
            for name, connection in running.items():
                connection.send("go")
                times[name].append(connection.recv())
    return times, {name: peaks[name] for name in (OURS, BOOK)}


@contextmanager
def waiting(index: int, contender: str) -> Iterator[Connection]:
    """Start a process that gets a contender ready and waits for its turns."""
    here, there = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=take_turns, args=(index, contender, there), daemon=True)
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    process.start()
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})
    try:
        yield here
    finally:
        here.send("stop")
        process.join()


def take_turns(index: int, contender: str, connection: Connection) -> None:
    """Tell the peak of memory, then a time whenever asked to."""
    if hasattr(os, "sched_setaffinity"):  # JAX asks how many processors it may use
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    step = WORKS[index]().contenders[contender]()
    connection.send(peak(step))
    repetitions = max(1, round(SECONDS_OF_A_TURN / seconds(step, 1)))
    while connection.recv() == "go":
        connection.send(seconds(step, repetitions))


def peak(step: Step) -> int:
    """Measure the most memory that a step has at one time, and warm it up."""
    step()
    tracemalloc.start()
    step()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def seconds(step: Step, repetitions: int) -> float:
    """Time a step."""
    start = time.perf_counter()
    for _ in range(repetitions):
        step()
    return (time.perf_counter() - start) / repetitions


def ratio(times: Times, other: str) -> float:
    """Compare handgrad's time with another's: the median over the turns."""
    return median(ours / theirs for ours, theirs in zip(times[OURS], times[other], strict=True))


def section() -> str:
    """Time all works, and lay out what came of it."""
    contenders = [name for name in CONTENDERS if name != OURS and (name != TORCH or find_spec("torch"))]
    rows, memory, met = [], [], []
    for index, make in enumerate(WORKS):
        work = make()
        print(f"timing {work.name}", file=sys.stderr, flush=True)
        times, peaks = measure(index)
        ratios = {name: ratio(times, name) for name in contenders}
        met += [ratios[name] <= aim for name, aim in work.targets.items() if name in ratios]
        rows.append([work.name, *(against(ratios[name], work.targets.get(name)) for name in contenders)])
        memory.append([work.name, *(f"{size / 1e6:.2f} MB" for size in peaks.values())])
    return "\n\n".join(
        [
            INTRODUCTION,
            table(["handgrad's time over that of", *contenders], rows),
            f"{sum(met)} of {len(met)} aims are met; a ratio that misses its aim is bold. {CAUSES}",
            f"Measured on {processor()}, with {versions(contenders)}.",
            MEMORY,
            table(["work", *(OURS, BOOK)], memory),
        ]
    )


def against(measured: float, target: float | None) -> str:
    """Print a ratio with its aim, and in bold where it misses it."""
    if target is None:
        return f"{measured:.2f}"
    return f"{measured:.2f} (aim: {target:.2f})" if measured <= target else f"**{measured:.2f}** (aim: {target:.2f})"


def processor() -> str:
    """Name the processor, where the system tells."""
    described = Path("/proc/cpuinfo")
    lines = described.read_text().splitlines() if described.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def versions(contenders: Collection[str]) -> str:
    """Name the releases that were timed."""
    packages = ["numpy", "jax", *(["torch"] if TORCH in contenders else [])]
    return ", ".join(f"{package} {version(package)}" for package in packages)


INTRODUCTION = f"""\
Forward and backward in float32, on one thread: handgrad's time over that of others who do the same. Below 1 handgrad
is the faster one; in brackets is what it aims at. `python -m reference --speed` measured this: each contender waits
in a process of its own, they take {TURNS} turns, and a ratio is the median over the turns.

- {FLOOR.capitalize()} is what no implementation can do without: the bare matrix products of a network; for the others
  a copy of the bytes that have to move.
- {BOOK.capitalize()} is the code of *Deep Learning from Scratch*, which checks nothing, writes into its arguments,
  and is given labels as one-hot rows.
- jax.jit is the compiled vector-Jacobian product of our JAX twin, its arguments on its own device beforehand."""

CAUSES = """\
What stands in the way: NumPy passes over memory once for every operation, where XLA fuses them into one pass, and
takes longer for the float32 exponentials of a large array alone than jax.jit for the whole Sigmoid. In a small step,
most of what is not a matrix product is Python: calls, checks of dtype and shape, and what keeps finite inputs from
causing warnings; the book's code, which checks nothing, pays for the calls alone."""

MEMORY = """\
The most memory that NumPy asked for at one time during such a step, results included:"""
