"""Measure planted bugs, and right layers."""

import re
from dataclasses import dataclass

from handgrad.testing import check_layer
from tests.baselines.checks import CHECKS, FLOAT32, FLOAT64, dtypes_of
from tests.planted.catalogue import BUGS, KINDS
from tests.strength.verdicts import BY_NAME, OURS, SHOWN, Verdicts, rejections, verdicts


@dataclass(frozen=True)
class Measured:
    """What was said of a planted bug."""

    kind: str
    complaint: str
    verdicts: Verdicts
    named: bool


KIND_OF = {bug: kind for kind, bugs in KINDS.items() for bug in bugs}


def measure_bug(index: int) -> Measured:
    """Run every check on one planted bug."""
    bug = BUGS[index]
    report = check_layer(bug.layer, bug.right.reference, bug.right.inputs, raises=False)
    named = re.search(bug.says, report.diagnosis) is not None
    return Measured(KIND_OF[bug], bug.complaint, verdicts(bug.layer, bug.right, report), named)


def rejected_by(layer: str) -> dict[str, set[tuple[str, str]]]:
    """Name the checks that complain of a right layer, each with the dtype, by what is shown to them."""
    right = BY_NAME[layer]
    ours = {
        (OURS, dtype)
        for dtype in (FLOAT64, FLOAT32)
        if check_layer(right.layer, right.reference, right.inputs, dtypes=[dtype], raises=False).failed
    }
    return {
        shown: ours
        | {
            (name, dtype)
            for name in CHECKS
            for dtype in dtypes_of(name)
            if any(rejected for _, rejected in rejections(layer, shown, name, dtype))
        }
        for shown in SHOWN
    }
