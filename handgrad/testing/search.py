"""The search: Hypothesis invents examples until a property fails, and then makes the example small."""

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import hypothesis
import hypothesis.strategies as st
import numpy as np
from hypothesis import Phase

from handgrad.testing.agreement import units
from handgrad.testing.inputs import Inputs
from handgrad.testing.oracle import Oracle
from handgrad.testing.properties import LAYOUTS, Property
from handgrad.testing.subject import Subject
from handgrad.testing.trial import Complaint, Trial
from handgrad.testing.values import real_numbers, small_integers

POISONS = (np.nan, np.inf, -np.inf)
LARGEST_TARGET = 1e9  # what Hypothesis climbs towards must be finite


@dataclass
class Found:
    """What one search saw: how often each property held, why it had nothing to say, and the worst error."""

    examples: int = 0
    passed: Counter[str] = field(default_factory=Counter)
    left_out: dict[str, Counter[str]] = field(default_factory=dict)
    worst: dict[str, float] = field(default_factory=dict)
    shapes: Counter[tuple[tuple[int, ...], ...]] = field(default_factory=Counter)
    failure: "Failure | None" = None


@dataclass(frozen=True)
class Failure:
    """A property that does not hold, and the smallest example found."""

    property: Property
    complaint: str
    trial: Trial


@dataclass(frozen=True)
class Settings:
    """How hard to search: how many examples, drawn from which seed (None: the same in every run).

    Climbing towards the worst error costs variety: half of the examples are then mutations of the worst so far.
    """

    max_examples: int
    seed: int | None = None
    climb: bool = False


def search(
    subject: Subject,
    oracle: Oracle,
    inputs: Inputs,
    dtype: np.dtype[Any],
    properties: Sequence[Property],
    settings: Settings,
) -> Found:
    """Try the properties on examples of one dtype. Stop at the first that fails, with its smallest example."""
    found = Found()

    @hypothesis.settings(
        max_examples=settings.max_examples,
        database=None,
        deadline=None,
        derandomize=settings.seed is None,
        report_multiple_bugs=False,
        phases=[Phase.generate, Phase.shrink, *([Phase.target] if settings.climb else [])],
        suppress_health_check=list(hypothesis.HealthCheck),
        verbosity=hypothesis.Verbosity.quiet,
    )
    @hypothesis.given(trials(subject, oracle, inputs, dtype))
    def examine(trial: Trial) -> None:
        for each in properties:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # which the property `quiet` alone is about
                    reason = each(trial)
            except Exception as error:
                about = error.trial if isinstance(error, Complaint) else None
                found.failure = Failure(each, _sentence(error), about or trial)
                raise
            if reason is None:
                found.passed[each.__name__] += 1
            else:
                found.left_out.setdefault(each.__name__, Counter())[reason] += 1
        _record(found, trial, settings.climb)

    try:
        (examine if settings.seed is None else hypothesis.seed(settings.seed)(examine))()
    except Exception:
        if found.failure is None:
            raise
    return found


def _sentence(error: Exception) -> str:
    return str(error) if isinstance(error, Complaint) else f"{type(error).__name__}: {error}"


def _record(found: Found, trial: Trial, climb: bool) -> None:
    found.examples += 1
    found.shapes[tuple(array.shape for array in trial.inputs.values())] += 1
    for name, exact in trial.truth.items():
        if trial.kept[name].shape != exact.value.shape:
            continue  # which the property `shape` has complained of
        error = float(units(trial.kept[name], exact, trial.dtype).max(initial=0))
        found.worst[name] = max(found.worst.get(name, 0), error)
        if climb:
            hypothesis.target(min(error, LARGEST_TARGET), label=name)


@st.composite
def trials(draw: st.DrawFn, subject: Subject, oracle: Oracle, described: Inputs, dtype: np.dtype[Any]) -> Trial:
    """Draw one example."""
    sizes = draw(st.sampled_from(described.pool()))
    drawn = draw(described.of_sizes(sizes, dtype))
    out_shape = oracle.out_shape(drawn)
    kinks = draw(described.at_kinks(sizes, dtype))
    return Trial(
        subject,
        oracle,
        described,
        {name: each for name, each in drawn.items() if isinstance(each, np.ndarray)},
        {name: each for name, each in drawn.items() if not isinstance(each, np.ndarray)},
        draw(real_numbers(out_shape, dtype)),
        dtype,
        kinks and {**kinks, "dout": draw(small_integers(out_shape, dtype))},
        draw(st.sampled_from(sorted(LAYOUTS))),
        draw(st.sampled_from(POISONS)),
    )
