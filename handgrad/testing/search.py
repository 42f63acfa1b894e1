"""The search: Hypothesis invents examples until a property fails, and then makes the example small.

Every entry of the pool of shapes gets its share of the examples, the simplest first: left to chance, Hypothesis
favours what it has tried before, and may never come to an empty batch.
"""

import math
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import hypothesis
import hypothesis.strategies as st
import numpy as np

from handgrad.testing.dtypes import is_floating
from handgrad.testing.found import Failure, Found
from handgrad.testing.inputs import Inputs
from handgrad.testing.inputs.axes import Sizes, shape_of
from handgrad.testing.inputs.drawing import Settings, bytes_for, for_all, simplest
from handgrad.testing.inputs.shapes import lengths
from handgrad.testing.inputs.values import (
    SWEPT,
    TYPICAL,
    Bytes,
    Recipe,
    one_of,
    real_numbers,
    small_integers,
    together,
)
from handgrad.testing.oracle import Oracle, UnusableReference
from handgrad.testing.outputs import outputs_first
from handgrad.testing.properties import BATTERY, Property
from handgrad.testing.properties.contract import does_run, runs
from handgrad.testing.properties.layout import LAYOUTS
from handgrad.testing.properties.state import deterministic
from handgrad.testing.simpler import simpler
from handgrad.testing.subject import Subject
from handgrad.testing.trial import Complaint, Trial, copies

LAYOUTS_AND_POISONS = [(layout, poison) for layout in LAYOUTS for poison in (np.nan, np.inf, -np.inf)]
LARGEST_TARGET = 1e9  # what Hypothesis climbs towards must be finite
FEWEST_SWEPT = 20  # numbers of a table, by an example
FEWEST = 3  # examples of a shape; the first of them is always full of zeros


@dataclass(frozen=True)
class Search:
    """A layer in one dtype, and all examples of it that there may be."""

    subject: Subject
    oracle: Oracle
    inputs: Inputs
    dtype: np.dtype[Any]
    settings: Settings

    def run(self) -> Found:
        """Try every property on every shape. One that fails outright is left out from then on."""
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # which the property `quiet` alone is about
            found = self._run()
        found.seconds = time.perf_counter() - start
        return found

    def _run(self) -> Found:
        found, standing = Found(str(self.dtype)), list(BATTERY)
        self._expect_reference_to_run()
        self._expect_layer_to_fit()
        for sizes, share in self._shares():
            for trial in self._examples(sizes, share):
                failures = self._try(trial, standing, found)
                failed = [failure.property for failure in failures]
                for failure in failures:
                    if found.is_worst(failure):
                        found.keep(self._smallest(failure, found.failures, sizes, share))
                if deterministic in failed:  # what else fails or holds is noise
                    return Found(found.dtype, failures=found.failures[-1:])
                if runs in failed:  # nothing else can be said about this shape
                    break
                standing = [each for each in standing if each is runs or not found.is_settled(each)]
                self._record(found, trial)
        return found

    def _try(self, trial: Trial, standing: Sequence[Property], found: Found) -> list[Failure]:
        """Try properties on one example, and give those that fail."""
        failures = []
        for each in standing:
            try:
                reason = each(trial)
            except UnusableReference:
                raise
            except Exception as error:
                failures.append(_failure(each, error, trial))
                if each in (runs, deterministic):
                    break
            else:
                if reason is None:
                    found.passed[each.__name__] += 1
                else:
                    found.left_out.setdefault(each.__name__, Counter())[reason] += 1
        return failures

    def _smallest(self, failure: Failure, others: Sequence[Failure], sizes: Sizes, share: Settings) -> Failure:
        """Make the example that fails small: it is one of another failure, if that will do.

        Otherwise Hypothesis makes it, which draws the same examples again. Then what numbers can be 0 or 1, are.
        """

        def examine(trial: Trial) -> None:
            nonlocal failure
            trial = replace(trial, earlier=failure.trial.earlier)
            if failure.property is runs or does_run(trial):
                try:
                    failure.property(trial)
                except Exception as error:
                    smaller = _failure(failure.property, error, trial)
                    if smaller.severity == failure.severity:
                        failure = smaller
                        raise

        with suppress(Exception):
            for other in others:
                examine(replace(other.trial))  # a new one, since properties leave traces in its layer
            for_all(self._trials(sizes), share, examine)
        with suppress(Exception):
            simpler(failure.trial, lambda trial: not _holds(examine, trial))
        return failure

    def _expect_reference_to_run(self) -> None:
        """Let the reference raise here, and not from inside of Hypothesis, which says more than is wanted then."""
        if not self.inputs.has_strategies:
            for sizes in self.inputs.pool():
                self.oracle.outputs(self.inputs.of_sizes(sizes, self.dtype).simplest())

    def _expect_layer_to_fit(self) -> None:
        """Let a layer that does not go with the inputs raise here; what else it raises is for `runs` to say."""
        first = self._drawn(self.inputs.pool()[0], replace(self.settings, max_examples=1))[0]
        try:
            layer = self.subject.construct({**copies(first.inputs), **first.options})
        except Exception:
            return
        self.subject.as_run(layer)

    def sample(self) -> list[Trial]:
        """Draw as many examples as a search does, for whoever wants to look at them."""
        return [trial for sizes, share in self._shares() for trial in self._drawn(sizes, share)]

    def examples(self) -> list[Trial]:
        """Give all examples that a search tries."""
        return [trial for sizes, share in self._shares() for trial in self._examples(sizes, share)]

    def _shares(self) -> Iterator[tuple[Sizes, Settings]]:
        """Share the examples out among the shapes; where an axis has length 0, there is little to vary."""
        pool = self.inputs.pool()
        full = [sizes for sizes in pool if 0 not in lengths(sizes)]
        left = self.settings.max_examples - FEWEST * (len(pool) - len(full))
        for sizes in pool:
            number = max(FEWEST, math.ceil(left / len(full))) if sizes in full else FEWEST
            yield sizes, replace(self.settings, max_examples=number)

    def _examples(self, sizes: Sizes, share: Settings) -> list[Trial]:
        """Draw examples of one shape, after those that leave no gaps, if it is the one with the most numbers."""
        sweeps = self._sweeps(sizes) if sizes == max(self.inputs.pool(), key=self._numbers) else []
        return sweeps + self._drawn(sizes, share)

    def _sweeps(self, sizes: Sizes) -> list[Trial]:
        """Make examples that go through the tables of numbers from one end to the other, whatever is drawn."""
        recipe = self._recipe(sizes, simplest(self.inputs.others(sizes, self.dtype)))
        starts = range(0, len(TYPICAL), max(self._numbers(sizes), FEWEST_SWEPT))
        return [recipe.sweep(table, start) for start in starts for table in SWEPT]

    def _numbers(self, sizes: Sizes) -> int:
        """Tell how many numbers the largest of the arguments has."""
        return max(math.prod(shape_of(argument.axes, sizes)) for argument in self.inputs.arguments.values())

    def _drawn(self, sizes: Sizes, share: Settings) -> list[Trial]:
        if not self.inputs.has_strategies and not share.climb:
            recipe = self._recipe(sizes, {})
            return [recipe.make(each) for each in bytes_for(recipe.size, share)]
        drawn: list[Trial] = []

        def take(trial: Trial) -> None:
            trial = replace(trial, earlier=drawn[-1].options if drawn else {})
            drawn.append(trial)
            if share.climb and does_run(trial):
                for name, errors in trial.blamed.items():
                    hypothesis.target(min(float(errors.max(initial=0)), LARGEST_TARGET), label=name)

        for_all(self._trials(sizes), share, take)
        return drawn

    def _trials(self, sizes: Sizes) -> st.SearchStrategy[Trial]:
        """Draw examples of one shape: what a user's own strategies draw, and all else in one go."""
        if not self.inputs.has_strategies:
            return self._recipe(sizes, {}).strategy()
        return self.inputs.others(sizes, self.dtype).flatmap(lambda others: self._recipe(sizes, others).strategy())

    def _recipe(self, sizes: Sizes, others: Mapping[str, Any]) -> Recipe:
        """Make an example of one shape, beside what a user's strategies have drawn."""
        inputs, dtype = self.inputs, self.dtype
        described = inputs.of_sizes(sizes, dtype)
        plainest = inputs.in_order(described.simplest() | others)
        outputs = self.oracle.outputs(plainest)
        every = (*(name for name, each in plainest.items() if isinstance(each, np.ndarray)), *outputs.douts)
        recipes = {
            "inputs": described,
            "douts": together({name: real_numbers(shape, dtype) for name, shape in outputs.douts.items()}),
            "layout and poison": one_of(LAYOUTS_AND_POISONS),
            "relaid": one_of([every] * len(every) + [(name,) for name in every]),
        }
        if inputs.has_kinks:
            whole = together({name: small_integers(shape, dtype) for name, shape in outputs.douts.items()})
            recipes["kinks"] = together({"inputs": inputs.at_kinks(sizes, dtype), "douts": whole})
        everything = together(recipes)

        def trial(drawn: Bytes) -> Trial:
            made = everything.make(drawn)
            arguments = inputs.in_order(made["inputs"] | others)
            layout, poison = made["layout and poison"]
            return Trial(
                self.subject,
                self.oracle,
                described=inputs,
                sizes=sizes,
                inputs={name: each for name, each in arguments.items() if isinstance(each, np.ndarray)},
                options={name: each for name, each in arguments.items() if not isinstance(each, np.ndarray)},
                outputs=outputs,
                douts=made["douts"],
                dtype=dtype,
                kinks={**made["kinks"]["inputs"], **made["kinks"]["douts"]} if "kinks" in made else {},
                layout=layout,
                relaid=made["relaid"],
                poison=poison,
            )

        return Recipe(everything.size, trial, everything.choices)

    def _record(self, found: Found, trial: Trial) -> None:
        found.examples += 1
        found.shapes[tuple(array.shape for array in trial.inputs.values())] += 1
        found.without_gradient |= {name for name, array in trial.inputs.items() if is_floating(array)} - {
            *trial.results
        }
        found.excused += bool(trial.excused)
        found.undefined.update(name for name, exact in trial.truth.items() if np.isnan(exact.value).any())
        found.defined |= {name for name, exact in trial.truth.items() if not np.isnan(exact.value).all()}
        for name, errors in trial.blamed.items():
            found.worst[name] = max(found.worst.get(name, 0), float(errors.max(initial=0)))
        # the last examples may have more outputs
        found.worst, found.undefined = outputs_first(found.worst), Counter(outputs_first(found.undefined))
        sometimes = sorted(found.without_gradient & found.worst.keys())
        if sometimes and all(failure.property is not runs for failure in found.failures):
            complaint = f"backward gives a gradient of {', '.join(sometimes)} for some examples, and none for others"
            found.failures.append(Failure(runs, complaint, trial))


def _holds(examine: Callable[[Trial], None], trial: Trial) -> bool:
    """Tell whether an example raises nothing."""
    try:
        examine(trial)
    except Exception:  # the failure that is examined
        return False
    return True


def _failure(holds: Property, error: Exception, trial: Trial) -> Failure:
    """Say what a property raised; a complaint may be about an example of its own."""
    if isinstance(error, Complaint):
        return Failure(holds, str(error), error.trial or trial)
    return Failure(holds, f"{type(error).__name__}: {error}", trial)
