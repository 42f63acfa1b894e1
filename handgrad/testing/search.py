"""The search: Hypothesis invents examples until a property fails, and then makes the example small.

Every entry of the pool of shapes gets its share of the examples, the simplest first: left to chance, Hypothesis
favours what it has tried before, and may never come to an empty batch.
"""

import math
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import hypothesis
import hypothesis.strategies as st
import numpy as np
from hypothesis import Phase

from handgrad.testing.dtypes import is_floating
from handgrad.testing.inputs import Inputs
from handgrad.testing.oracle import Oracle
from handgrad.testing.properties import BATTERY, LAYOUTS, Property, deterministic, runs
from handgrad.testing.shapes import Sizes, lengths
from handgrad.testing.subject import Subject
from handgrad.testing.trial import Complaint, Trial, copies
from handgrad.testing.values import one_of, real_numbers, small_integers, together

LAYOUTS_AND_POISONS = [(layout, poison) for layout in LAYOUTS for poison in (np.nan, np.inf, -np.inf)]
LARGEST_TARGET = 1e9  # what Hypothesis climbs towards must be finite
FEWEST = 3  # examples of a shape; the first of them is always full of zeros


@dataclass(frozen=True)
class Failure:
    """A property that does not hold, and the smallest example found."""

    property: Property
    complaint: str
    trial: Trial


@dataclass
class Found:
    """What a search saw in one dtype.

    How often each property held, or why it had nothing to say; the worst errors; the shapes; and of which inputs the
    layer gave no gradient, so that none was compared.
    """

    dtype: str
    examples: int = 0
    passed: Counter[str] = field(default_factory=Counter)
    left_out: dict[str, Counter[str]] = field(default_factory=dict)
    worst: dict[str, float] = field(default_factory=dict)
    shapes: Counter[tuple[tuple[int, ...], ...]] = field(default_factory=Counter)
    without_gradient: set[str] = field(default_factory=set)
    failures: list[Failure] = field(default_factory=list)
    seconds: float = 0.0

    def verdict(self, name: str) -> str:
        """Say "passed", "failed", or "left out: " and why."""
        if any(failure.property.__name__ == name for failure in self.failures):
            return "failed"
        if self.passed[name]:
            return "passed"
        reasons = self.left_out.get(name)
        return f"left out: {', '.join(reasons) if reasons else 'a property before it failed'}"


@dataclass(frozen=True)
class Settings:
    """How hard to search: how many examples, drawn from which seed.

    Climbing towards the worst error costs variety: half of the examples are then mutations of the worst so far.
    """

    max_examples: int
    seed: int = 0
    climb: bool = False


@dataclass(frozen=True)
class Search:
    """A layer in one dtype, and all examples of it that there may be."""

    subject: Subject
    oracle: Oracle
    inputs: Inputs
    dtype: np.dtype[Any]
    settings: Settings

    def run(self) -> Found:
        """Try every property on every shape. One that fails is left out from then on."""
        start = time.perf_counter()
        found = self._run()
        found.seconds = time.perf_counter() - start
        return found

    def _run(self) -> Found:
        found, properties = Found(str(self.dtype)), list(BATTERY)
        self._expect_reference_to_run()
        self._expect_layer_to_fit()
        for sizes, number in self._shares():
            while failure := self._find(sizes, number, properties, found):
                if failure.property is deterministic:  # what else fails or holds is noise
                    return Found(found.dtype, failures=[failure])
                if failure.property is runs:  # nothing else can be said about this shape
                    if runs not in [each.property for each in found.failures]:
                        found.failures.append(failure)
                    break
                found.failures.append(failure)
                properties.remove(failure.property)
        return found

    def _expect_reference_to_run(self) -> None:
        """Let the reference raise here, and not from inside of Hypothesis, which says more than is wanted then."""
        if not self.inputs.has_strategies:
            for sizes in self.inputs.pool():
                self.oracle.out_shape(self.inputs.of_sizes(sizes, self.dtype).simplest())

    def _expect_layer_to_fit(self) -> None:
        """Let a layer that does not go with the inputs raise here; what else it raises is for `runs` to say."""
        drawn: list[Trial] = []
        self._for_all(self.inputs.pool()[0], FEWEST, drawn.append)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                layer = self.subject.construct({**copies(drawn[0].inputs), **drawn[0].options})
        except Exception:
            return
        self.subject.fit(layer)

    def sample(self) -> list[Trial]:
        """Draw as many examples as a search does, for whoever wants to look at them."""
        drawn: list[Trial] = []
        for sizes, number in self._shares():
            self._for_all(sizes, number, drawn.append)
        return drawn

    def _shares(self) -> Iterator[tuple[Sizes, int]]:
        """Share the examples out among the shapes; where an axis has length 0, there is little to vary."""
        pool = self.inputs.pool()
        full = [sizes for sizes in pool if 0 not in lengths(sizes)]
        left = self.settings.max_examples - FEWEST * (len(pool) - len(full))
        for sizes in pool:
            yield sizes, max(FEWEST, math.ceil(left / len(full))) if sizes in full else FEWEST

    def _find(self, sizes: Sizes, number: int, properties: Sequence[Property], found: Found) -> Failure | None:
        """Try properties until one fails, and give its smallest example."""
        failure: Failure | None = None
        failing: list[Property] = []  # once there is one, Hypothesis makes its example small

        def examine(trial: Trial) -> None:
            nonlocal failure
            for each in [runs, *failing] if failing else properties:
                try:
                    reason = each(trial)
                except Exception as error:
                    about = error.trial if isinstance(error, Complaint) else None
                    failure = Failure(each, _sentence(error), about or trial)
                    failing[:] = failing or [each]
                    raise
                if reason is None:
                    found.passed[each.__name__] += 1
                else:
                    found.left_out.setdefault(each.__name__, Counter())[reason] += 1
            if not failing:
                self._record(found, trial)

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # which the property `quiet` alone is about
                self._for_all(sizes, number, examine)
        except Exception:
            if failure is None:
                raise
        return failure

    def _for_all(self, sizes: Sizes, number: int, examine: Callable[[Trial], None]) -> None:
        """Let Hypothesis call a function with examples of one shape."""

        def test(trial: Trial) -> None:
            examine(trial)

        seeded = hypothesis.seed(self.settings.seed)(test)
        hypothesis.settings(
            max_examples=number,
            database=None,
            deadline=None,
            report_multiple_bugs=False,
            phases=[Phase.generate, Phase.shrink, *([Phase.target] if self.settings.climb else [])],
            suppress_health_check=list(hypothesis.HealthCheck),
            verbosity=hypothesis.Verbosity.quiet,
        )(hypothesis.given(trials(self, sizes))(seeded))()

    def _record(self, found: Found, trial: Trial) -> None:
        found.examples += 1
        found.shapes[tuple(array.shape for array in trial.inputs.values())] += 1
        found.without_gradient |= {name for name, array in trial.inputs.items() if is_floating(array)} - {
            *trial.results
        }
        for name, errors in trial.errors.items():
            error = float(errors.max(initial=0))
            found.worst[name] = max(found.worst.get(name, 0), error)
            if self.settings.climb:
                hypothesis.target(min(error, LARGEST_TARGET), label=name)


def _sentence(error: Exception) -> str:
    return str(error) if isinstance(error, Complaint) else f"{type(error).__name__}: {error}"


def trials(search: Search, sizes: Sizes) -> st.SearchStrategy[Trial]:
    """Draw examples of one shape: what a user's own strategies draw, and all else in one go."""
    if not search.inputs.has_strategies:
        return _trials_with(search, sizes, {})
    return search.inputs.others(search.dtype).flatmap(partial(_trials_with, search, sizes))


def _trials_with(search: Search, sizes: Sizes, others: Mapping[str, Any]) -> st.SearchStrategy[Trial]:
    inputs, dtype = search.inputs, search.dtype
    described = inputs.of_sizes(sizes, dtype)
    out_shape = search.oracle.out_shape(inputs.in_order(described.simplest() | others))
    recipes = {
        "inputs": described,
        "dout": real_numbers(out_shape, dtype),
        "layout and poison": one_of(LAYOUTS_AND_POISONS),
    }
    if inputs.has_kinks:
        at_kinks = {"inputs": inputs.at_kinks(sizes, dtype), "dout": small_integers(out_shape, dtype)}
        recipes["kinks"] = together(at_kinks)

    def trial(made: Mapping[str, Any]) -> Trial:
        drawn = inputs.in_order(made["inputs"] | others)
        return Trial(
            search.subject,
            search.oracle,
            inputs,
            sizes,
            {name: each for name, each in drawn.items() if isinstance(each, np.ndarray)},
            {name: each for name, each in drawn.items() if not isinstance(each, np.ndarray)},
            made["dout"],
            dtype,
            {**made["kinks"]["inputs"], "dout": made["kinks"]["dout"]} if "kinks" in made else {},
            *made["layout and poison"],
        )

    return together(recipes).strategy().map(trial)
