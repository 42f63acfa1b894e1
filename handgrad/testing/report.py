"""What a check saw: which properties held, failed or had nothing to say, and how close the results were."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from handgrad.testing.found import Failure, Found
from handgrad.testing.oracle.agreement import LIMIT
from handgrad.testing.outputs import called
from handgrad.testing.page import write_page, write_sections
from handgrad.testing.properties import BATTERY


@dataclass(frozen=True)
class Report:
    """What a check saw of a layer. Printed, it is a table, and for a layer that fails a page about why.

    Parameters
    ----------
    layer
        The layer's name.
    found
        What was seen in each dtype: examples, shapes, worst errors, failures, seconds.
    diagnoses
        What is probably wrong, by the property that fails; the likeliest cause of the worst first.
    allow
        Which properties may fail, and whether digits may be lost ("inexact").
    """

    layer: str
    found: Sequence[Found]
    diagnoses: Mapping[str, str]
    allow: Set[str] = frozenset()

    @property
    def diagnosis(self) -> str:
        """Say in one line what is probably wrong; nothing of a layer that passes."""
        return next(iter(self.diagnoses.values()), "")

    @property
    def failures(self) -> list[Failure]:
        """List what failed, dtype by dtype, each with its smallest example."""
        return [failure for each in self.found for failure in each.failures]

    @property
    def blamed(self) -> list[Failure]:
        """List the failures that are not allowed."""
        return [each for each in self.failures if self.allow.isdisjoint([each.property.__name__, each.severity])]

    @property
    def failed(self) -> list[str]:
        """Name the properties that failed in some dtype, also those that may."""
        failed = {failure.property for failure in self.failures}
        return [each.__name__ for each in BATTERY if each in failed]

    @property
    def passed(self) -> list[str]:
        """Name the properties that held in every dtype and had something to say in one at least."""
        return [name for name in self._held() if any(each.verdict(name) == "passed" for each in self.found)]

    @property
    def left_out(self) -> dict[str, str]:
        """Give the properties that had nothing to say in any dtype, and why."""
        passed = self.passed
        return {
            name: self.found[0].verdict(name).removeprefix("left out: ")
            for name in self._held()
            if name not in passed
        }

    @property
    def without_gradient(self) -> list[str]:
        """Name the inputs, floating ones, of which the layer never gave a gradient."""
        return sorted({name for each in self.found for name in each.without_gradient - each.worst.keys()})

    def _held(self) -> list[str]:
        return [each.__name__ for each in BATTERY if each.__name__ not in self.failed]

    @property
    def seconds(self) -> float:
        """Tell how long it took."""
        return sum(each.seconds for each in self.found)

    def __str__(self) -> str:
        reasons = dict.fromkeys(self.left_out.values())
        left_out = "; ".join(f"{', '.join(self._left_out_for(reason))} ({reason})" for reason in reasons)
        summary = [f"Passed: {', '.join(self.passed) or 'nothing'}.", f"Left out: {left_out or 'nothing'}."]
        if self.without_gradient:
            summary.append(f"Backward gives no gradient of {', '.join(self.without_gradient)}, so none was compared.")
        if self.blamed:
            return write_page(self.layer, self.diagnoses, self.failures, summary)
        allowed = f", but for what is allowed: {', '.join(self.failed)}" if self.failed else ""
        agrees = [f"{self.layer} agrees with its reference{allowed}.", *map(_line, self.found), *summary]
        return "\n".join([*agrees, *(f"\n{each}" for each in write_sections(self.diagnoses, self.failures))])

    def _left_out_for(self, reason: str) -> list[str]:
        return [name for name, given in self.left_out.items() if given == reason]


def _line(found: Found) -> str:
    worst = ", ".join(f"{called(name)} {error:.2f}" for name, error in found.worst.items())
    undefined = ", ".join(f"{called(name)} in {number} examples" for name, number in found.undefined.items())
    return (
        f"{found.dtype}: {found.examples} examples, {len(found.shapes)} shapes, "
        f"worst error in units (limit {LIMIT:.0f}): {worst}"
        f"{f'; not judged where JAX is as far off in {found.dtype}: {found.excused}' if found.excused else ''}"
        f"{f'; not judged where the reference is NaN: {undefined}' if undefined else ''}"
    )
