"""How far handgrad's results and JAX's are from the exact ones, on the same inputs, in the same dtype.

Both are judged by the same ruler, ulps, and by the same exact value. An ulp is taken at the size of the result
or, where terms cancel, at the size of the rounding errors that no evaluation in the dtype can avoid.
"""

import platform
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import jax
import numpy as np
import numpy.typing as npt

from handgrad.testing.inputs import Inputs
from handgrad.testing.oracle import Oracle
from handgrad.testing.search import Search, Settings
from handgrad.testing.shapes import LEADING, Sizes
from handgrad.testing.subject import Subject
from handgrad.testing.trial import Trial, called
from reference.answers import Truth, exact_truths, float64_truths, jax_answers
from reference.cases import CASES, DTYPES, Case
from reference.exact import digits_for
from reference.page import brief, table
from reference.ulps import is_normal, ulps

LARGER_EXAMPLES = 5
LARGER_LEADING, LARGER_LENGTH = 8, 20
VERDICTS = ("closer", "as close", "farther")
FAR = 1.0  # ulps between the worst errors
SIGNIFICANT = 3.0  # standard errors: chance alone goes beyond them about once in 700 times

DIGITS = digits_for(np.dtype(np.float64))

Errors = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Accuracy:
    """One result of one case in one dtype: errors in ulps, and whose are smaller.

    `verdict` is one of VERDICTS, about handgrad compared with JAX.
    """

    case: str
    dtype: str
    result: str
    worst: float
    jax_worst: float
    mean: float
    jax_mean: float
    verdict: str


class Larger(Inputs):
    """The same arguments with longer axes, so that sums have many terms."""

    def pool(self) -> list[Sizes]:
        """Give one set of lengths, all distinct."""
        axes = dict.fromkeys(axis for argument in self.arguments.values() for axis in argument.axes)
        named = [axis for axis in axes if axis != LEADING and not axis.isdecimal()]
        return [{LEADING: (LARGER_LEADING,)} | {axis: (LARGER_LENGTH + 5 * i,) for i, axis in enumerate(named)}]


def accuracy_of(index: int, examples: int, seed: int) -> list[Accuracy]:
    """Measure one case, named by its place in the table, in every dtype."""
    case = CASES[index]
    return [each for dtype in DTYPES for each in _measure(case, np.dtype(dtype), examples, seed)]


def _measure(case: Case, dtype: np.dtype[Any], examples: int, seed: int) -> Iterator[Accuracy]:
    errors: dict[str, list[tuple[Errors, Errors]]] = {}
    for trial in _drawn(case, dtype, examples, seed):
        for name, both in _both_errors(case, trial).items():
            errors.setdefault(name, []).append(both)
    for name, pairs in errors.items():
        ours, jaxs = (np.concatenate([pair[i].ravel() for pair in pairs]) for i in (0, 1))
        yield Accuracy(
            case.name,
            str(dtype),
            called(name),
            ours.max(initial=0),
            jaxs.max(initial=0),
            ours.mean(),
            jaxs.mean(),
            verdict(pairs, 1 / float(np.finfo(dtype).eps)),
        )


def _drawn(case: Case, dtype: np.dtype[Any], examples: int, seed: int) -> list[Trial]:
    """Draw examples as the checker does, and some larger ones."""
    subject, oracle = Subject(case.layer, list(case.inputs.arguments)), Oracle(case.twin)
    drawn = [(case.inputs, examples), (Larger(case.inputs.arguments), LARGER_EXAMPLES)]
    return [
        trial
        for inputs, number in drawn
        for trial in Search(subject, oracle, inputs, dtype, Settings(number, seed)).sample()
    ]


def _both_errors(case: Case, trial: Trial) -> dict[str, tuple[Errors, Errors]]:
    """Give the errors of handgrad and of JAX, of each result that is judged."""
    judged = tuple(trial.errors)
    wrt = tuple(name for name in trial.kept if name != "out")
    dout = trial.dout.astype(trial.dtype)
    truths = (exact_truths if trial.dtype == np.float64 else float64_truths)(case.twin, trial.inputs, dout, wrt)
    answers = jax_answers(case.twin, trial.inputs, dout, wrt)
    return {name: (_errors(trial.kept[name], truths[name]), _errors(answers[name], truths[name])) for name in judged}


def _errors(got: npt.NDArray[Any], truth: Truth) -> Errors:
    entitled = np.where(np.isfinite(truth.entitled), truth.entitled, 0)
    error = ulps(got, truth, np.maximum(np.abs(truth.value), entitled), got.dtype)
    return error[is_normal(truth, got.dtype)]


def verdict(pairs: Sequence[tuple[Errors, Errors]], ceiling: float) -> str:
    """Compare two methods on the same examples: at their worst, and on the average.

    Two sums of the same terms in different orders are at their worst in different examples, so a difference of less
    than an ulp there says nothing, nor does one on the average that chance explains. `ceiling` is where an error
    counts as total.
    """
    ours, jaxs = ([np.minimum(pair[i], ceiling) for pair in pairs if pair[i].size] for i in (0, 1))
    apart = max(each.max() for each in ours) - max(each.max() for each in jaxs)
    if abs(apart) > FAR:
        return "farther" if apart > 0 else "closer"
    differences = np.array([each.mean() - other.mean() for each, other in zip(ours, jaxs, strict=True)])
    by_chance = SIGNIFICANT * differences.std(ddof=1) / np.sqrt(len(differences))
    if abs(differences.mean()) <= by_chance:
        return "as close"
    return "farther" if differences.mean() > 0 else "closer"


def section(results: Sequence[Accuracy]) -> str:
    """Say how close handgrad and JAX are to the exact results, for the page."""
    rows = [_row(list(group)) for _, group in groupby(results, lambda each: (each.case, each.dtype))]
    header = ["case", "dtype", "handgrad: worst error in ulps", "JAX: worst error in ulps", "handgrad is"]
    made_with = f"Measured with NumPy {np.__version__} and JAX {jax.__version__} on {platform.machine()}."
    return "\n\n".join([_JUDGED, summary(results), table(header, rows), made_with])


_JUDGED = f"""\
Both are given the same inputs in the same dtype: those of the search below, and some whose sums have many terms. Both
are judged by the exact results: those of the formula that JAX traced, evaluated in {DIGITS} digits for float64 and in
float64 for the narrower dtypes. Where terms cancel, an ulp of what is left of them would say nothing; it is then
taken at the size of the rounding errors that no evaluation in the dtype can avoid. Results below the dtype's smallest
normal number are left out here; the next section has those of the functions of one number, in float32. `inf` is a
result that overflows although the exact one does not.

In **bold** are worst errors that are larger than JAX's. Two sums of the same terms in different orders are at their
worst in different examples, so the last column calls handgrad "closer" or "farther" only where the worst errors are
more than an ulp apart, or the average ones, example by example, by more than {SIGNIFICANT:.0f} standard errors. The
averages are in brackets, handgrad's before JAX's."""

_SUMS = """\
They are sums of products. Either library adds up in an order of its own, and XLA fuses a product with the sum that it
goes into, which rounds once where NumPy rounds twice."""


def summary(results: Sequence[Accuracy]) -> str:
    """Count the verdicts in every dtype, and name the results that are farther than JAX's."""
    header = ["dtype", "results", *(f"handgrad is {verdict}" for verdict in VERDICTS), "worst of all", "JAX's"]
    dtypes = [[each for each in results if each.dtype == dtype] for dtype in DTYPES]
    farther = [
        f"- Farther: {each.case} in {each.dtype}, {each.result}: {average(each.mean)} ulps on the average, JAX "
        f"{average(each.jax_mean)}; at worst {brief(each.worst)}, JAX {brief(each.jax_worst)}."
        for each in results
        if each.verdict == "farther"
    ]
    sums = [each.case.startswith(("Multiply", "MatMul", "Affine")) for each in results if each.verdict == "farther"]
    reason = ["", _SUMS] if any(sums) and all(sums) else []
    said = [*farther, *reason] if farther else ["No result is farther than JAX's."]
    return "\n".join([table(header, map(_counts, dtypes)), "", *said])


def average(error: float) -> str:
    """Print an average with more digits than a worst error: they decide where the worst ones are alike."""
    return f"{error:.3f}" if error < FAR else brief(error)


def _counts(results: Sequence[Accuracy]) -> list[str]:
    verdicts = Counter(each.verdict for each in results)
    worst = max(results, key=lambda each: each.worst)
    return [
        worst.dtype,
        str(len(results)),
        *(str(verdicts[verdict]) for verdict in VERDICTS),
        f"{brief(worst.worst)} ({worst.case}, {worst.result})",
        brief(max(each.jax_worst for each in results)),
    ]


def _row(results: Sequence[Accuracy]) -> list[str]:
    ours = [_bold_if(each.worst > each.jax_worst, f"{each.result} {brief(each.worst)}") for each in results]
    jaxs = [f"{each.result} {brief(each.jax_worst)}" for each in results]
    verdicts = {
        name: [
            f"{each.result} ({average(each.mean)}, {average(each.jax_mean)})"
            for each in results
            if each.verdict == name
        ]
        for name in ("closer", "farther")
    }
    differing = [f"{name}: {', '.join(names)}" for name, names in verdicts.items() if names]
    return [results[0].case, results[0].dtype, ", ".join(ours), ", ".join(jaxs), "; ".join(differing) or "as close"]


def _bold_if(condition: bool, text: str) -> str:
    return f"**{text}**" if condition else text
