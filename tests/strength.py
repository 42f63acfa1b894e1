"""How strong the checker is, beside the gradient checks that people use.

    python -m tests.strength [--write]

prints tables, and with --write puts them into reference/checkers.md. Takes a few minutes.
"""

import argparse
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from handgrad.testing import arrays, check_layer
from handgrad.testing.dtypes import is_floating
from handgrad.testing.oracle import oracle_of
from handgrad.testing.search import Search, Settings
from handgrad.testing.subject import Subject
from reference.cases import CASES
from tests.baselines import CHECKS, Problem, complains
from tests.planted.bug import Bug
from tests.planted.catalogue import BUGS, KINDS
from tests.planted.right import RIGHT, Right

PAGE = Path(__file__).parents[1] / "reference" / "checkers.md"
OURS = "check_layer"
NAMES = (*CHECKS, OURS)
DRAWN = 10  # of our inputs for each of the other checks
SIZES = {10: (2, 5), 100: (10, 10), 1_000: (20, 50), 10_000: (100, 100)}
ERRORS = tuple(mantissa * 10.0**-exponent for exponent in range(1, 16) for mantissa in (1, 0.3))
FLOAT32_CHECKS = ("check_grads f32", "allclose", OURS)

INTRODUCTION = """# Which gradient check catches what

`python -m tests.strength --write` measured this page. It plants bugs in layers, one at a time, and runs the gradient
checks that people use on them, and `handgrad.testing.check_layer`. The bugs are in `tests/planted/`, the other checks
in `tests/baselines.py`, each with the step and the tolerance that its users give it."""


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser("python -m tests.strength", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the tables into reference/checkers.md")
    options = parser.parse_args()
    page = "\n\n".join([INTRODUCTION, *sections()]) + "\n"
    print(page)
    if options.write:
        PAGE.write_text(page)


def sections() -> Iterator[str]:
    """Measure one table after the other."""
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as processes:
        progress("bugs")
        bugs = dict(zip(BUGS, processes.map(measure_bug, range(len(BUGS))), strict=True))
        progress("right layers")
        right = list(processes.map(measure_right, range(len(RIGHT))))
        progress("smallest errors")
        jobs = [
            (name, size, dtype) for dtype in ("float64", "float32") for name in checks_in(dtype) for size in SIZES
        ]
        smallest = dict(zip(jobs, processes.map(smallest_error, jobs), strict=True))
    yield caught_table(bugs, right, "typical", TYPICAL)
    yield caught_table(bugs, right, "ours", OUR_INPUTS)
    yield named(bugs)
    yield curve(smallest)
    progress("seconds")
    yield seconds()


def progress(what: str) -> None:
    """Say what is being measured."""
    print(f"measuring: {what}", file=sys.stderr, flush=True)


# Bugs


def measure_bug(index: int) -> dict[str, Any]:
    """Run every check on one planted bug."""
    bug = BUGS[index]
    report = check_layer(bug.layer, bug.right.reference, bug.right.inputs, dtypes=bug.dtypes, raises=False)
    return {**verdicts(bug.layer, bug.right), OURS: bool(report.failed), "named": named_by(bug, report.diagnosis)}


def named_by(bug: Bug, diagnosis: str) -> bool:
    """Tell whether the diagnosis says what the bug is."""
    return re.search(bug.says, diagnosis) is not None


def measure_right(index: int) -> dict[str, Any]:
    """Run every check on one right layer."""
    right = RIGHT[index]
    report = check_layer(right.layer, right.reference, right.inputs, raises=False)
    return {**verdicts(right.layer, right), OURS: bool(report.failed)}


def verdicts(layer: Callable[..., Any], right: Right) -> dict[str, Any]:
    """Tell which of the other checks complain of a layer: at a typical input, or at one of ours."""
    search = Search(
        Subject(layer, list(right.inputs.arguments)),
        oracle_of(right.reference),
        right.inputs,
        np.dtype(np.float64),
        Settings(max_examples=60),
    )
    drawn = [trial.inputs for trial in search.sample()]
    ordinary = typical(right, max(drawn, key=lambda inputs: sum(int(np.sum(each != 0)) for each in inputs.values())))
    spread = drawn[:: max(len(drawn) // DRAWN, 1)]
    return {
        "typical": {name: complains(check, problem(search, ordinary)) for name, check in CHECKS.items()},
        "ours": {
            name: any(complains(check, problem(search, inputs)) for inputs in spread)
            for name, check in CHECKS.items()
        },
    }


def problem(search: Search, inputs: Mapping[str, Any]) -> Problem:
    """Put a layer and its inputs together."""
    return Problem(search.subject, search.oracle.reference, inputs)


def typical(right: Right, drawn: Mapping[str, Any]) -> dict[str, Any]:
    """Give normally distributed numbers of the shapes drawn, as people do; labels and masks are kept."""
    random = np.random.default_rng(0)
    return {
        name: random.standard_normal(each.shape)
        if is_floating(each) and right.inputs.arguments[name].classes is None
        else each
        for name, each in drawn.items()
    }


TYPICAL = """## Planted bugs caught, each check as it is used

At one typical input: normally distributed numbers, labels and masks as they come. `check_layer` draws its own inputs.
The last line is about right layers: a check that complains of them cannot be believed."""

OUR_INPUTS = """## The same, at our inputs

Now the others get ten inputs of those that `check_layer` draws: with zeros, ties, large numbers, empty batches. This
tells the inputs from what is compared: good inputs help every check, and make those that compare loosely, or near
kinks, complain of right layers."""


def caught_table(bugs: Mapping[Bug, Any], right: Sequence[Any], inputs: str, title: str) -> str:
    """Count the bugs caught of each kind."""

    def caught(measured: Any, name: str) -> bool:
        return bool(measured[OURS] if name == OURS else measured[inputs][name])

    rows = [
        [kind, len(planted), *(sum(caught(bugs[bug], name) for bug in planted) for name in NAMES)]
        for kind, planted in KINDS.items()
    ]
    total = ["**all**", *(sum(row[column] for row in rows) for column in range(1, len(NAMES) + 2))]
    false = [
        "*false alarms, on right layers*",
        len(RIGHT),
        *(sum(caught(each, name) for each in right) for name in NAMES),
    ]
    return f"{title}\n\n{table(['kind of bug', 'planted', *NAMES], [*rows, total, false])}"


def named(bugs: Mapping[Bug, Any]) -> str:
    """Say how many bugs the diagnosis names."""
    share = {kind: sum(bugs[bug]["named"] for bug in planted) for kind, planted in KINDS.items()}
    rows = [[kind, len(KINDS[kind]), number] for kind, number in share.items()]
    total = ["**all**", len(BUGS), f"{sum(share.values())} ({sum(share.values()) / len(BUGS):.0%})"]
    return f"{NAMED}\n\n{table(['kind of bug', 'planted', 'named'], [*rows, total])}"


NAMED = """## Bugs named

`check_layer` tries to say in one line what is wrong. A bug counts as named if that line matches the words that its
entry in the catalogue asks for."""


# Small errors


class Dense:
    """x W, with one element of dW wrong by a relative error."""

    wrong_by = 0.0

    def __init__(self, W: Any) -> None:
        self.W = W

    def forward(self, x: Any) -> Any:
        self.x = x
        return x @ self.W

    def backward(self, dout: Any) -> Any:
        self.dW = self.x.T @ dout
        self.dW[-1, -1] *= 1 + self.wrong_by
        return dout @ self.W.T


def dense(x: Any, W: Any) -> Any:
    """What Dense equals."""
    return x @ W


def checks_in(dtype: str) -> Sequence[str]:
    """Name the checks that are used in a dtype; finite differences are not in float32."""
    return [name for name in NAMES if name != "check_grads f32"] if dtype == "float64" else FLOAT32_CHECKS


def smallest_error(job: tuple[str, int, str]) -> float | None:
    """Find the smallest error that a check catches; the errors are tried by bisection."""
    name, size, dtype = job
    fewest, most = -1, len(ERRORS) - 1  # caught up to here, and no further than there
    while fewest < most:
        middle = (fewest + most + 1) // 2
        fewest, most = (middle, most) if catches(name, size, dtype, ERRORS[middle]) else (fewest, middle - 1)
    return ERRORS[fewest] if fewest >= 0 else None


def catches(name: str, size: int, dtype: str, error: float) -> bool:
    """Tell whether a check notices one wrong element."""
    rows, columns = SIZES[size]
    layer = type("Planted", (Dense,), {"wrong_by": error})
    if name == OURS:
        inputs = arrays(x=f"3 {rows}", W=f"{rows} {columns}")
        return bool(check_layer(layer, dense, inputs, dtypes=[dtype], max_examples=30, raises=False).failed)
    random = np.random.default_rng(0)
    numbers = {"x": random.standard_normal((3, rows)), "W": random.standard_normal((rows, columns))}
    inputs = {each: array.astype(dtype) for each, array in numbers.items()}
    return complains(CHECKS[name], Problem(Subject(layer, ["x", "W"]), dense, inputs))


def curve(smallest: Mapping[tuple[str, int, str], float | None]) -> str:
    """Tabulate the smallest errors."""
    rows = [
        [name, dtype, *(brief(smallest[name, size, dtype]) for size in SIZES)]
        for dtype in ("float64", "float32")
        for name in checks_in(dtype)
    ]
    return f"{CURVE}\n\n{table(['check', 'dtype', *(f'{size:,} elements' for size in SIZES)], rows)}"


CURVE = """## The smallest error caught

One element of a dense layer's dW is wrong by a relative error. The table has the smallest error that each check
catches, by the number of elements of dW; a dash where not even 1e-1 is caught."""


def brief(error: float | None) -> str:
    """Print an error."""
    return "–" if error is None else f"{error:.0e}"


# Seconds


def seconds() -> str:
    """Time check_layer on every case of the table: with nothing compiled, compiled on disk, and in this process."""
    with tempfile.TemporaryDirectory() as folder:
        rows = []
        for kind in ("cold", "compiled before, in another process", "a second time, in one process"):
            fresh = in_new_process(time_cases, folder, kind.startswith("a second"))
            rows.append([kind, f"{statistics.median(fresh):.2f} s", f"{max(fresh):.2f} s"])
    return f"{SECONDS}\n\n{table(['JAX', 'median', 'slowest'], rows)}"


SECONDS = f"""## Seconds for a layer

`check_layer` with its defaults, all properties, over the {len(CASES)} cases of `reference/cases.py`. Starting Python
and importing JAX are not counted. These figures are of the machine that wrote this page."""


def in_new_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """Run a function where nothing has been compiled yet."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(function, *arguments).result()


def time_cases(folder: str, twice: bool) -> list[float]:
    """Time each case, with JAX's cache in a folder."""
    os.environ["XDG_CACHE_HOME"] = folder
    return [time_case(case, twice) for case in CASES]


def time_case(case: Any, twice: bool) -> float:
    """Time one check, after another if it is the second that counts."""
    for _ in range(1 + twice):
        start = time.perf_counter()
        check_layer(case.layer, case.twin, case.inputs)
    return time.perf_counter() - start


def table(head: Sequence[Any], rows: Sequence[Sequence[Any]]) -> str:
    """Write a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


if __name__ == "__main__":
    main()
