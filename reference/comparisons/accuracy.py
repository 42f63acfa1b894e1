"""How far handgrad's results and JAX's are from the exact ones, on the same inputs, in the same dtype.

Both are judged by the same ruler, ulps, and by the same exact value. An ulp is taken at the size of the result
or, where terms cancel, at the size of the rounding errors that no evaluation in the dtype can avoid.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import islice
from operator import add
from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.testing.inputs import Inputs
from handgrad.testing.inputs.axes import LEADING, Sizes, names_in
from handgrad.testing.inputs.drawing import Settings
from handgrad.testing.inputs.shapes import arranged
from handgrad.testing.oracle import Oracle
from handgrad.testing.outputs import called, gradients, outputs_first
from handgrad.testing.search import Search
from handgrad.testing.subject import Subject
from handgrad.testing.trial import Trial
from reference.cases import Case
from reference.comparisons.answers import Truth, exact_truths, float64_truths, jax_answers, with_options
from reference.comparisons.score import Errors, Score, score
from reference.comparisons.ulps import is_normal, ulps

LARGER_EXAMPLES = 5
LARGER_LEADING, LARGER_LENGTH = 8, 20
LARGEST = LARGER_LENGTH**3  # numbers along all named axes, about: many digits take their time


@dataclass(frozen=True)
class Accuracy:
    """One result of one case in one dtype: errors in ulps, and how handgrad scores against JAX.

    `unoptimised` is the score against JAX without XLA's optimiser.
    """

    case: str
    dtype: str
    result: str
    worst: float
    jax_worst: float
    score: Score
    unoptimised: Score


class Larger(Inputs):
    """The same arguments with longer axes, so that sums have many terms."""

    def pool(self) -> list[Sizes]:
        """Give one set of lengths, all distinct; or the usual ones, if computed lengths make arrays too large."""
        axes = [axis for argument in self.arguments.values() for axis in argument.axes]
        named = [name for name in dict.fromkeys(name for axis in axes for name in names_in(axis)) if name != LEADING]
        length = min(LARGER_LENGTH, round(LARGEST ** (1 / max(len(named), 1))))
        longer = [length + length // 4 * i for i in range(len(named))]
        found = [{LEADING: (LARGER_LEADING,), **sizes} for sizes in islice(arranged(named, longer, axes), 1)]
        return [each for each in found if all(argument.possible(each) for argument in self.arguments.values())]


def merged(pieces: Sequence[Accuracy]) -> list[Accuracy]:
    """Put together what pieces of a case say of the same results."""
    results: dict[tuple[str, str], list[Accuracy]] = {}
    for each in pieces:
        results.setdefault((each.dtype, each.result), []).append(each)
    return [_one_result(each) for each in results.values()]


def _one_result(pieces: Sequence[Accuracy]) -> Accuracy:
    return replace(
        pieces[0],
        worst=max(piece.worst for piece in pieces),
        jax_worst=max(piece.jax_worst for piece in pieces),
        score=reduce(add, (piece.score for piece in pieces)),
        unoptimised=reduce(add, (piece.unoptimised for piece in pieces)),
    )


def accuracy_of(case: Case, dtype: np.dtype[Any], examples: int, seed: int) -> Iterator[Accuracy]:
    """Measure every result of one case in one dtype."""
    errors: dict[str, list[tuple[Errors, Errors, Errors]]] = {}
    for trial in _drawn(case, dtype, examples, seed):
        for name, each in _all_errors(case, trial).items():
            errors.setdefault(name, []).append(each)
    for name, found in outputs_first(errors).items():
        ours, jaxs, unoptimised = zip(*found, strict=True)
        yield Accuracy(
            case.name,
            str(dtype),
            called(name),
            _worst(ours),
            _worst(jaxs),
            score(zip(ours, jaxs, strict=True)),
            score(zip(ours, unoptimised, strict=True)),
        )


def _worst(errors: Sequence[Errors]) -> float:
    return max(each.max(initial=0) for each in errors)


def _drawn(case: Case, dtype: np.dtype[Any], examples: int, seed: int) -> list[Trial]:
    """Draw examples as the checker does, and some larger ones: as many as are asked for, of all shapes."""
    subject, oracle = Subject(case.layer, list(case.inputs.arguments)), Oracle(case.twin)
    drawn = [(case.inputs, examples), (Larger(case.inputs.arguments), LARGER_EXAMPLES)]
    return [
        trial
        for inputs, number in drawn
        for trial in _some(Search(subject, oracle, inputs, dtype, Settings(number, seed)).sample(), number)
    ]


def _some(trials: list[Trial], number: int) -> list[Trial]:
    """Take every so many of them: a search has more, so that each shape has its examples."""
    return trials[:: max(1, len(trials) // number)]


def _all_errors(case: Case, trial: Trial) -> dict[str, tuple[Errors, Errors, Errors]]:
    """Give the errors of handgrad, of JAX, and of JAX not optimised, of each result that is judged."""
    twin, wrt = with_options(case.twin, trial.options), tuple(gradients(trial.kept))
    dout = trial.outputs.together(trial.douts)
    truths = (exact_truths if trial.dtype == np.float64 else float64_truths)(twin, trial.inputs, dout, wrt)
    answers = [trial.kept, *(jax_answers(twin, trial.inputs, dout, wrt, each) for each in (True, False))]
    ours, jaxs, unoptimised = ({name: _errors(each[name], truths[name]) for name in trial.errors} for each in answers)
    return {name: (ours[name], jaxs[name], unoptimised[name]) for name in trial.errors}


def _errors(got: npt.NDArray[Any], truth: Truth) -> Errors:
    entitled = np.where(np.isfinite(truth.entitled), truth.entitled, 0)
    error = ulps(got, truth, np.maximum(np.abs(truth.value), entitled), got.dtype)
    return error[is_normal(truth.value, got.dtype)]
