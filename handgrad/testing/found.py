"""What a search finds: what failed, what held, and on how many examples."""

import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from handgrad.testing.properties import Property
from handgrad.testing.severity import INEXACT, SEVERITIES, severity
from handgrad.testing.trial import Trial


@dataclass(frozen=True)
class Failure:
    """A property that does not hold, and the smallest example found."""

    property: Property
    complaint: str
    trial: Trial

    @cached_property
    def severity(self) -> str:
        """Tell how bad it is."""
        return severity(self.property, self.trial)

    @cached_property
    def rank(self) -> int:
        """Give the place of its severity, from the worst on."""
        return SEVERITIES.index(self.severity)


@dataclass
class Found:
    """What a search saw in one dtype.

    How often each property held, or why it had nothing to say; the worst errors; the shapes; of which inputs the
    layer gave no gradient, so that none was compared; how many examples JAX itself gets wrong in this dtype; and in
    how many the reference is NaN, by the result, and for which results it is a number somewhere.
    """

    dtype: str
    examples: int = 0
    excused: int = 0
    undefined: Counter[str] = field(default_factory=Counter)
    defined: set[str] = field(default_factory=set)
    passed: Counter[str] = field(default_factory=Counter)
    left_out: dict[str, Counter[str]] = field(default_factory=dict)
    worst: dict[str, float] = field(default_factory=dict)
    shapes: Counter[tuple[tuple[int, ...], ...]] = field(default_factory=Counter)
    without_gradient: set[str] = field(default_factory=set)
    failures: list[Failure] = field(default_factory=list)
    seconds: float = 0.0

    def is_worst(self, failure: Failure) -> bool:
        """Tell whether a failure is worse than what is known of its property."""
        return all(failure.rank < each.rank for each in self.failures if each.property is failure.property)

    def keep(self, failure: Failure) -> None:
        """Keep a failure in the place of what was known of its property."""
        self.failures = [each for each in self.failures if each.property is not failure.property] + [failure]

    def is_settled(self, holds: Property) -> bool:
        """Tell whether a property has failed for good: what has only lost digits may be wrong elsewhere."""
        return any(each.property is holds and each.severity != INEXACT for each in self.failures)

    def verdict(self, name: str) -> str:
        """Say "passed", "failed", or "left out: " and why."""
        if any(failure.property.__name__ == name for failure in self.failures):
            return "failed"
        if self.passed[name]:
            return "passed"
        reasons = self.left_out.get(name)
        return f"left out: {', '.join(reasons) if reasons else 'a property before it failed'}"


def attempt(say: Callable[[], str], otherwise: str) -> str:
    """Say something about what was found or, where that raises, what it raises: no finding is lost over it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return say()
    except Exception as error:  # whatever somebody's layer, its source or the text of its options raises
        return f"{otherwise}: {' '.join(''.join(traceback.format_exception_only(error)).split())}"
