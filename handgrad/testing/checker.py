"""`check_layer`: every property, on examples that Hypothesis invents, in every dtype."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.testing.inputs import Inputs
from handgrad.testing.oracle import Oracle
from handgrad.testing.page import page
from handgrad.testing.properties import BATTERY, Property
from handgrad.testing.search import Failure, Found, search
from handgrad.testing.subject import Subject

DTYPES = ("float64", "float32", "float16")


@dataclass(frozen=True)
class Report:
    """What a check saw, in one dtype."""

    dtype: str
    found: Found
    failures: Sequence[Failure]
    seconds: float

    @property
    def held(self) -> list[str]:
        """Name the properties that had something to say and never failed."""
        failed = {failure.property.__name__ for failure in self.failures}
        return [name for name in self.found.passed if name not in failed]

    @property
    def page(self) -> str:
        """Say what failed, or nothing."""
        return page(self.failures, self.held) if self.failures else ""


def check_layer(
    layer: Callable[..., Any],
    reference: Callable[..., Any],
    inputs: Inputs,
    *,
    max_examples: int = 100,
    dtypes: Sequence[npt.DTypeLike] = DTYPES,
    seed: int | None = None,
) -> list[Report]:
    """Compare a layer with a pure JAX function, and check that it behaves as a layer should.

    Parameters
    ----------
    layer
        A class or factory. What its signature names of `inputs` goes to it, the rest to its ``forward``.
    reference
        A JAX function that takes all inputs by name and returns one array.
    inputs
        What `arrays` makes.
    max_examples
        How many examples to try in each dtype.
    dtypes
        Which floating dtypes to try.
    seed
        Draw other examples. Without one they are the same in every run.

    Returns
    -------
    A report for each dtype.

    Raises
    ------
    AssertionError
        If a property fails, with a page about all that do.
    """
    reports = inspect_layer(layer, reference, inputs, max_examples=max_examples, dtypes=dtypes, seed=seed)
    pages = [report.page for report in reports if report.failures]
    if pages:
        raise AssertionError("\n\n".join([f"{Subject(layer, list(inputs.arguments)).name} disagrees", *pages]))
    return reports


def inspect_layer(
    layer: Callable[..., Any],
    reference: Callable[..., Any],
    inputs: Inputs,
    *,
    max_examples: int = 100,
    dtypes: Sequence[npt.DTypeLike] = DTYPES,
    seed: int | None = None,
) -> list[Report]:
    """Do what `check_layer` does, and return the reports also of a layer that fails."""
    subject, oracle = Subject(layer, list(inputs.arguments)), Oracle(reference)
    return [
        _inspect(subject, oracle, inputs, np.dtype(dtype), max_examples=max_examples, seed=seed) for dtype in dtypes
    ]


def _inspect(
    subject: Subject, oracle: Oracle, inputs: Inputs, dtype: np.dtype[Any], *, max_examples: int, seed: int | None
) -> Report:
    start = time.perf_counter()
    properties: list[Property] = list(BATTERY)
    failures: list[Failure] = []
    while True:
        found = search(subject, oracle, inputs, dtype, properties, max_examples=max_examples, seed=seed)
        if found.failure is None:
            return Report(str(dtype), found, failures, time.perf_counter() - start)
        failures.append(found.failure)
        properties.remove(found.failure.property)
