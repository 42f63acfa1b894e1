"""The smallest error in one element of dW that each check catches, by the size of dW."""

from collections.abc import Iterator

import numpy as np

from handgrad.testing import arrays, check_layer
from handgrad.testing.subject import Subject
from reference.comparisons.pages.markdown import table
from tests.baselines.checks import CHECKS, FLOAT32, FLOAT64, dtypes_of
from tests.baselines.problem import Problem, complains
from tests.planted.right import dense
from tests.planted.small import dense_off_by
from tests.strength.figure import Job, Smallest, write_figure
from tests.strength.processes import each_of
from tests.strength.verdicts import NAMES, OURS

SIZES = {10: (2, 5), 100: (10, 10), 1_000: (20, 50), 10_000: (100, 100)}
ERRORS = tuple(mantissa * 10.0**-exponent for exponent in range(1, 16) for mantissa in (1, 0.3))

TITLE = "The smallest error caught"
INTRODUCTION = """\
One element of dW of a dense layer, x W with three rows of x, is wrong by a relative error. The table has the
smallest error that a check catches, by the number of elements of dW. A dash: not even 1e-1 is caught, or the
right layer is rejected, too. In the figure, the green checks differentiate numerically by each element, the purple
ones along one vector.

![The smallest relative error caught in one element, by the size of dW, in float64 and float32](checkers.svg)"""


def sections() -> Iterator[str]:
    """Measure, write the figure, and write about it."""
    jobs = [(name, dtype, size) for dtype in (FLOAT64, FLOAT32) for name in names_in(dtype) for size in SIZES]
    smallest = dict(zip(jobs, each_of(smallest_error, jobs), strict=True))
    write_figure(smallest)
    yield f"{INTRODUCTION}\n\n{curve_table(smallest)}"


def names_in(dtype: str) -> list[str]:
    """Name the checks that can be used in a dtype."""
    return [name for name in NAMES if name == OURS or dtype in dtypes_of(name)]


def smallest_error(job: Job) -> float | None:
    """Find the smallest error that a check catches, by bisection."""
    name, dtype, size = job
    if complaint(name, dtype, size, 0.0):
        return None
    fewest, most = -1, len(ERRORS) - 1  # caught up to here, and no further than there
    while fewest < most:
        middle = (fewest + most + 1) // 2
        fewest, most = (middle, most) if complaint(name, dtype, size, ERRORS[middle]) else (fewest, middle - 1)
    return ERRORS[fewest] if fewest >= 0 else None


def complaint(name: str, dtype: str, size: int, error: float) -> bool:
    """Tell whether a check complains of a dense layer with one wrong element."""
    rows, columns = SIZES[size]
    layer = dense_off_by(error)
    if name == OURS:
        inputs = arrays(x=f"3 {rows}", W=f"{rows} {columns}")
        return bool(check_layer(layer, dense, inputs, dtypes=[dtype], max_examples=30, raises=False).failed)
    random = np.random.default_rng(0)
    shapes = {"x": (3, rows), "W": (rows, columns)}
    inputs = {each: random.standard_normal(shape).astype(dtype) for each, shape in shapes.items()}
    return complains(CHECKS[name], Problem(Subject(layer, ["x", "W"]), dense, inputs))


def curve_table(smallest: Smallest) -> str:
    """Tabulate the smallest errors."""
    rows = [
        [name, dtype, *(brief(smallest[name, dtype, size]) for size in SIZES)]
        for dtype in (FLOAT64, FLOAT32)
        for name in names_in(dtype)
    ]
    return table(["check", "dtype", *(f"{size:,} elements" for size in SIZES)], rows)


def brief(error: float | None) -> str:
    """Write an error."""
    return "–" if error is None else f"{error:.0e}"
