"""`check_layer`: every property, on examples that Hypothesis invents, in every dtype."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.testing.inputs import Inputs
from handgrad.testing.oracle import Oracle, oracle_of
from handgrad.testing.page import page
from handgrad.testing.properties import BATTERY, Property, runs
from handgrad.testing.search import Failure, Found, Settings, search
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
    failures = [failure for report in reports for failure in report.failures]
    if failures:
        raise AssertionError(failure_page(reports))
    return reports


def failure_page(reports: Sequence[Report]) -> str:
    """Say which properties failed in which dtypes, on which examples."""
    failures = [failure for report in reports for failure in report.failures]
    failed = {failure.property for failure in failures}
    held = [
        each.__name__
        for each in BATTERY
        if each not in failed and all(each.__name__ in report.held for report in reports)
    ]
    return page(failures[0].trial.subject.name, failures, held)


def inspect_layer(
    layer: Callable[..., Any],
    reference: Callable[..., Any],
    inputs: Inputs,
    *,
    max_examples: int = 100,
    dtypes: Sequence[npt.DTypeLike] = DTYPES,
    seed: int | None = None,
    climb: bool = False,
) -> list[Report]:
    """Do what `check_layer` does, and return the reports also of a layer that fails.

    With `climb`, half of the examples look for the worst error that the other half found.
    """
    if not isinstance(inputs, Inputs):
        raise TypeError(f"inputs is a {type(inputs).__name__}; expected what arrays(...) makes")
    if not dtypes:
        raise ValueError("dtypes is empty, and checking in no dtype would prove nothing")
    subject, oracle = Subject(layer, list(inputs.arguments)), oracle_of(reference)
    settings = Settings(max_examples, seed, climb)
    return [_inspect(subject, oracle, inputs, np.dtype(dtype), settings) for dtype in dtypes]


def _inspect(subject: Subject, oracle: Oracle, inputs: Inputs, dtype: np.dtype[Any], settings: Settings) -> Report:
    """Search until no property fails any more, each time without those that have failed."""
    start = time.perf_counter()
    properties: list[Property] = list(BATTERY)
    failures: list[Failure] = []
    while True:
        found = search(subject, oracle, inputs, dtype, properties, settings)
        if found.failure is not None:
            failures.append(found.failure)
            properties.remove(found.failure.property)
        if found.failure is None or found.failure.property is runs:
            return Report(str(dtype), found, failures, time.perf_counter() - start)
