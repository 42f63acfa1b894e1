"""How far handgrad's results and JAX's are from the exact ones, on the same inputs, in the same dtype.

Both are judged by the same ruler, ulps, and by the same exact value. An ulp is taken at the size of the result
or, where terms cancel, at the size of the rounding errors that no evaluation in the dtype can avoid.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import chain, groupby
from operator import add
from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.testing.inputs import Inputs
from handgrad.testing.inputs.drawing import Settings
from handgrad.testing.inputs.shapes import LEADING, Sizes
from handgrad.testing.oracle import Oracle
from handgrad.testing.search import Search
from handgrad.testing.subject import Subject
from handgrad.testing.trial import Trial, called, gradients
from reference.cases import DTYPES, Case
from reference.comparisons.answers import Truth, exact_truths, float64_truths, jax_answers
from reference.comparisons.exact import digits_for
from reference.comparisons.machine import machine
from reference.comparisons.page import brief, paragraph, table
from reference.comparisons.pieces import case_named
from reference.comparisons.score import BY_CHANCE, SIGNIFICANT, VERDICTS, Errors, Score, score
from reference.comparisons.ulps import is_normal, ulps

LARGER_EXAMPLES = 5
LARGER_LEADING, LARGER_LENGTH = 8, 20

DIGITS = digits_for(np.dtype(np.float64))


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
        """Give one set of lengths, all distinct."""
        axes = dict.fromkeys(axis for argument in self.arguments.values() for axis in argument.axes)
        named = [axis for axis in axes if axis != LEADING and not axis.isdecimal()]
        return [{LEADING: (LARGER_LEADING,)} | {axis: (LARGER_LENGTH + 5 * i,) for i, axis in enumerate(named)}]


def accuracy_of(name: str, examples: int, seed: int) -> list[Accuracy]:
    """Measure one case, or a piece of it, in every dtype."""
    case = case_named(name)
    return [each for dtype in DTYPES for each in _measure(case, np.dtype(dtype), examples, seed)]


def merged(pieces: Sequence[list[Accuracy]]) -> list[Accuracy]:
    """Put the pieces of a case together."""
    results: dict[tuple[str, str], list[Accuracy]] = {}
    for each in chain.from_iterable(pieces):
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


def _measure(case: Case, dtype: np.dtype[Any], examples: int, seed: int) -> Iterator[Accuracy]:
    errors: dict[str, list[tuple[Errors, Errors, Errors]]] = {}
    for trial in _drawn(case, dtype, examples, seed):
        for name, each in _all_errors(case, trial).items():
            errors.setdefault(name, []).append(each)
    for name, found in errors.items():
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
    """Draw examples as the checker does, and some larger ones."""
    subject, oracle = Subject(case.layer, list(case.inputs.arguments)), Oracle(case.twin)
    drawn = [(case.inputs, examples), (Larger(case.inputs.arguments), LARGER_EXAMPLES)]
    return [
        trial
        for inputs, number in drawn
        for trial in Search(subject, oracle, inputs, dtype, Settings(number, seed)).sample()
    ]


def _all_errors(case: Case, trial: Trial) -> dict[str, tuple[Errors, Errors, Errors]]:
    """Give the errors of handgrad, of JAX, and of JAX not optimised, of each result that is judged."""
    wrt = tuple(gradients(trial.kept))
    truths = (exact_truths if trial.dtype == np.float64 else float64_truths)(case.twin, trial.inputs, trial.dout, wrt)
    answers = [trial.kept, *(jax_answers(case.twin, trial.inputs, trial.dout, wrt, each) for each in (True, False))]
    ours, jaxs, unoptimised = ({name: _errors(each[name], truths[name]) for name in trial.errors} for each in answers)
    return {name: (ours[name], jaxs[name], unoptimised[name]) for name in trial.errors}


def _errors(got: npt.NDArray[Any], truth: Truth) -> Errors:
    entitled = np.where(np.isfinite(truth.entitled), truth.entitled, 0)
    error = ulps(got, truth, np.maximum(np.abs(truth.value), entitled), got.dtype)
    return error[is_normal(truth.value, got.dtype)]


def section(results: Sequence[Accuracy]) -> str:
    """Say how close handgrad and JAX are to the exact results, for the page."""
    rows = [_row(list(group)) for _, group in groupby(results, lambda each: (each.case, each.dtype))]
    header = ["case", "dtype", "handgrad: worst error in ulps", "JAX: worst error in ulps", "handgrad is"]
    return "\n\n".join(
        [_JUDGED, paragraph(_RULE), summary(results), table(header, rows), f"Measured with {machine()}."]
    )


_JUDGED = f"""\
Both are given the same inputs in the same dtype, drawn as the search draws them, and some whose sums have many terms.
Both are judged by the exact results: those of the formula that JAX traced, evaluated in {DIGITS} digits for float64
and in float64 for the narrower dtypes. Where terms cancel, an ulp of what is left of them would say nothing; it is
then taken at the size of the rounding errors that no evaluation in the dtype can avoid. Results below the dtype's
smallest normal number are left out; for functions of one number in float32, the next section has them. `inf` is a
result that overflows although the exact one does not."""

_RULE = f"""\
handgrad is called closer where its average error is the smaller one in significantly more examples than JAX's: by
more than {SIGNIFICANT} standard errors. Farther is the opposite. Chance alone brings one of the two about once in
{1 / BY_CHANCE:.0f} times. handgrad computes float16 in a wider dtype, and of float32 Exp, Sigmoid and the sums that
broadcasting and biases call for; so it is closer there above all."""


def summary(results: Sequence[Accuracy]) -> str:
    """Count the verdicts, and say where and why results are farther than JAX's."""
    header = ["dtype", "results", *(f"handgrad is {verdict}" for verdict in VERDICTS), "worst of all", "JAX's"]
    dtypes = [(dtype, [each for each in results if each.dtype == dtype]) for dtype in DTYPES]
    rows = [_counts(dtype, those) for dtype, those in [*dtypes, ("all", results)]]
    farther = [_farther(each) for each in results if each.score.verdict == "farther"]
    why = [paragraph(_WHY), "\n".join(farther)] if farther else ["No result is farther than JAX's."]
    return "\n\n".join([table(header, rows), *why, paragraph(_larger(results))])


def _counts(dtype: str, results: Sequence[Accuracy]) -> list[str]:
    verdicts = Counter(each.score.verdict for each in results)
    worst = max(results, key=lambda each: each.worst)
    return [
        dtype,
        str(len(results)),
        *(str(verdicts[verdict]) for verdict in VERDICTS),
        f"{brief(worst.worst)} ({worst.case}, {worst.result})",
        brief(max(each.jax_worst for each in results)),
    ]


_WHY = """\
A farther result is compared once more, with JAX without XLA's optimiser. The optimiser fuses a product and the sum
that it is added to into one instruction (FMA), which rounds once where NumPy rounds twice. Where that is the reason,
the difference goes with it."""


def _farther(result: Accuracy) -> str:
    with_it, without = (
        f"JAX is closer in {score.theirs} examples, handgrad in {score.ours}"
        for score in (result.score, result.unoptimised)
    )
    goes = 2 * result.unoptimised.lead < result.score.lead
    why = "FMA" if goes else "another order of summation, another formula, or chance"
    return (
        f"- Farther: {result.case} in {result.dtype}, {result.result}. {with_it}; without the optimiser, {without}. "
        f"The reason: {why}."
    )


def _larger(results: Sequence[Accuracy]) -> str:
    """Say how often the worst error of all is the larger one, whatever the verdict."""
    larger = [each for each in results if each.worst > each.jax_worst]
    if not larger:
        return "No worst error is larger than JAX's."
    most = max(larger, key=lambda each: each.worst - each.jax_worst)
    return (
        "The worst errors of two equally close methods differ, too, as each is at its worst in other examples. "
        f"Those larger than JAX's are **marked**, {len(larger)} of {len(results)}: larger by at most "
        f"{brief(most.worst - most.jax_worst)} ulps, in {most.case} in {most.dtype}, {most.result}."
    )


def _row(results: Sequence[Accuracy]) -> list[str]:
    ours = [_bold_if(each.worst > each.jax_worst, f"{each.result} {brief(each.worst)}") for each in results]
    jaxs = [f"{each.result} {brief(each.jax_worst)}" for each in results]
    verdicts = {
        name: [each.result for each in results if each.score.verdict == name] for name in ("closer", "farther")
    }
    differing = [f"{name}: {', '.join(names)}" for name, names in verdicts.items() if names]
    return [results[0].case, results[0].dtype, ", ".join(ours), ", ".join(jaxs), "; ".join(differing) or "as close"]


def _bold_if(condition: bool, text: str) -> str:
    return f"**{text}**" if condition else text
