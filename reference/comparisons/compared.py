"""Everything that is measured about a case beside JAX, except for what the search sees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reference.cases import CASES, DTYPES, Case
from reference.comparisons.accuracy import Accuracy, accuracy_of
from reference.comparisons.exact.evaluation import NoExactForm
from reference.comparisons.measure import on_every_case
from reference.comparisons.sweep import Curve, is_of_one_number, sweep

LINE = "the float32 line"


@dataclass(frozen=True)
class Compared:
    """One case: every result in every dtype, and the curves of a function of one number.

    `unmeasured` has the reason why something is not measured, by the dtype or LINE.
    """

    case: str
    results: Sequence[Accuracy]
    curves: Sequence[Curve]
    unmeasured: Mapping[str, str]

    def worst(self, dtype: str) -> tuple[float, float]:
        """Give handgrad's worst error in a dtype, and JAX's."""
        results = [each for each in self.results if each.dtype == dtype]
        return max(each.worst for each in results), max(each.jax_worst for each in results)


def compare_all(cases: Sequence[Case], examples: int, seed: int) -> dict[str, Compared]:
    """Compare cases with JAX, several at a time, and give what was measured by their names."""
    return {each.case: each for each in on_every_case(compare, cases, examples, seed)}


def compare(index: int, examples: int, seed: int) -> Compared:
    """Compare one case, named by its place in the table."""
    case = CASES[index]
    results: list[Accuracy] = []
    curves: list[Curve] = []
    unmeasured: dict[str, str] = {}
    for dtype in DTYPES:
        try:
            results += accuracy_of(case, np.dtype(dtype), examples, seed)
        except NoExactForm as reason:
            unmeasured[dtype] = str(reason)
    if is_of_one_number(case):
        try:
            curves = sweep(case)
        except NoExactForm as reason:
            unmeasured[LINE] = str(reason)
    return Compared(case.name, results, curves, unmeasured)
