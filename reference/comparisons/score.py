"""Which of two methods is the closer one: a sign test over the examples that both were given.

It counts examples, so that neither a single outlier nor the size of an array decides, and an overflow needs no size.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Errors = npt.NDArray[np.float64]

VERDICTS = ("closer", "as close", "farther")
SIGNIFICANT = 3  # standard errors
BY_CHANCE = math.erfc(SIGNIFICANT / math.sqrt(2))


@dataclass(frozen=True)
class Score:
    """In how many examples the average error of each method is the smaller one; in the others they are equal."""

    ours: int
    theirs: int

    def __add__(self, other: "Score") -> "Score":
        return Score(self.ours + other.ours, self.theirs + other.theirs)

    @property
    def lead(self) -> int:
        """In how many more examples theirs is the smaller one."""
        return self.theirs - self.ours

    @property
    def verdict(self) -> str:
        """Call ours closer or farther where the counts differ by more than chance explains."""
        if abs(self.lead) <= SIGNIFICANT * math.sqrt(self.theirs + self.ours):
            return "as close"
        return "farther" if self.lead > 0 else "closer"


def score(examples: Iterable[tuple[Errors, Errors]]) -> Score:
    """Compare the errors of two methods, example by example; one without any result to judge does not count."""
    means = [(float(ours.mean()), float(theirs.mean())) for ours, theirs in examples if ours.size]
    return Score(sum(mean < other for mean, other in means), sum(mean > other for mean, other in means))
