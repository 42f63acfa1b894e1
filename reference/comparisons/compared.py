"""Everything that is measured about a case beside JAX, except for what the search sees."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from reference.cases import DTYPES
from reference.comparisons import accuracy
from reference.comparisons.accuracy import Accuracy, accuracy_of
from reference.comparisons.exact.evaluation import NoExactForm
from reference.comparisons.executors import fan_out, forgetting
from reference.comparisons.pieces import Plan, case_named
from reference.comparisons.sweep import Curve, is_of_one_number, sweep

LINE = "the float32 line"


@dataclass(frozen=True)
class Compared:
    """One case: every result in every dtype, and the curves of a function of one number.

    `unmeasured` has the reason why something is not measured, by the dtype or LINE.
    """

    case: str
    results: Sequence[Accuracy]
    unmeasured: dict[str, str]
    curves: Sequence[Curve] = ()

    def worst(self, dtype: str) -> tuple[float, float]:
        """Give handgrad's worst error in a dtype, and JAX's."""
        results = [each for each in self.results if each.dtype == dtype]
        return max(each.worst for each in results), max(each.jax_worst for each in results)


def compare_all(plan: Plan) -> dict[str, Compared]:
    """Compare the cases of a plan with JAX, and give what was measured by their names."""
    compared = {each.case: each for each in plan.on_every_case(compare, merged)}
    lines = [(case.name,) for case in plan.cases if is_of_one_number(case)]
    for (name,), (curves, unmeasured) in zip(lines, fan_out(plan.executor, follow, lines), strict=True):
        compared[name] = replace(compared[name], curves=curves, unmeasured=compared[name].unmeasured | unmeasured)
    return compared


@forgetting
def compare(name: str, examples: int, seed: int) -> Compared:
    """Compare one case, or a piece of it, in every dtype."""
    case = case_named(name)
    results: list[Accuracy] = []
    unmeasured: dict[str, str] = {}
    for dtype in DTYPES:
        try:
            results += accuracy_of(case, np.dtype(dtype), examples, seed)
        except NoExactForm as reason:
            unmeasured[dtype] = str(reason)
    return Compared(name, results, unmeasured)


def merged(pieces: Sequence[Compared]) -> Compared:
    """Put the pieces of a case together."""
    results = accuracy.merged(list(chain.from_iterable(piece.results for piece in pieces)))
    return replace(pieces[0], results=results)


@forgetting
def follow(name: str) -> tuple[list[Curve], dict[str, str]]:
    """Follow a function of one number along the float32 line, or say why that cannot be."""
    try:
        return sweep(case_named(name)), {}
    except NoExactForm as reason:
        return [], {LINE: str(reason)}
