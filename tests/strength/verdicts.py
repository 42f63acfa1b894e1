"""What the gradient checks say of a layer: at one typical input, and at inputs as `check_layer` draws them.

A check has caught a wrong layer if it complains of it at an input where it does not complain of the right one. A
complaint alone may be a false alarm.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from handgrad.testing.dtypes import is_floating
from handgrad.testing.inputs.drawing import Settings
from handgrad.testing.oracle import Oracle
from handgrad.testing.report import Report
from handgrad.testing.search import Search
from handgrad.testing.subject import Subject
from handgrad.testing.trial import Trial
from tests.baselines.checks import CHECKS, dtypes_of
from tests.baselines.problem import Problem, complains
from tests.planted.catalogue import RIGHT
from tests.planted.right import Right

OURS = "check_layer"
NAMES = (*CHECKS, OURS)
TYPICAL, DRAWN = SHOWN = ("typical", "drawn")
NUMBER_DRAWN = 10

Arrays = Mapping[str, Any]
BY_NAME = {right.name: right for right in RIGHT}


@dataclass(frozen=True)
class Verdict:
    """Whether a check complains of a layer, and whether it has caught it."""

    complains: bool
    caught: bool


Verdicts = dict[tuple[str, str], Verdict]


def counted(found: Iterable[Verdict]) -> str:
    """Write how many were caught, and in brackets how many were complained of, if that is more."""
    of = list(found)
    caught, complained = sum(each.caught for each in of), sum(each.complains for each in of)
    return f"{caught}" if complained == caught else f"{caught} ({complained})"


def verdicts(layer: Callable[..., Any], right: Right, report: Report) -> Verdicts:
    """Ask every check about a layer that should be like a right one; the report is what `check_layer` says."""
    ours = Verdict(bool(report.failed), bool(report.failed))
    subject = Subject(layer, list(right.inputs.arguments))
    others = {(shown, name): _verdict(name, subject, right, shown) for shown in SHOWN for name in CHECKS}
    return {**others, **{(shown, OURS): ours for shown in SHOWN}}


def _verdict(name: str, subject: Subject, right: Right, shown: str) -> Verdict:
    """Ask one check, first at the inputs where it does not complain of the right layer."""
    complained = False
    for inputs, rejected in sorted(_inputs_and_rejections(right.name, shown, name), key=lambda each: each[1]):
        if complains(CHECKS[name], Problem(subject, right.reference, inputs)):
            if not rejected:
                return Verdict(complains=True, caught=True)
            complained = True
    return Verdict(complained, caught=False)


@cache
def _inputs_and_rejections(layer: str, shown: str, name: str) -> list[tuple[Arrays, bool]]:
    """Give the inputs for a check, and whether it complains of the right layer there."""
    return [
        (inputs, rejected) for dtype in dtypes_of(name) for inputs, rejected in rejections(layer, shown, name, dtype)
    ]


@cache
def rejections(layer: str, shown: str, name: str, dtype: str) -> list[tuple[Arrays, bool]]:
    """Give the inputs in one dtype, and whether a check complains of the right layer there."""
    right = BY_NAME[layer]
    subject = Subject(right.layer, list(right.inputs.arguments))
    return [
        (inputs, complains(CHECKS[name], Problem(subject, right.reference, inputs)))
        for inputs in shown_inputs(layer, dtype)[shown]
    ]


@cache
def shown_inputs(layer: str, dtype: str) -> dict[str, list[Arrays]]:
    """Choose a typical input, and several from all that `check_layer` draws."""
    right = BY_NAME[layer]
    subject, oracle = Subject(right.layer, list(right.inputs.arguments)), Oracle(right.reference)
    trials = Search(subject, oracle, right.inputs, np.dtype(dtype), Settings(max_examples=60)).sample()
    spread = trials[:: max(len(trials) // NUMBER_DRAWN, 1)]
    return {TYPICAL: [typical(right, trials)], DRAWN: [trial.inputs for trial in spread]}


def typical(right: Right, trials: Sequence[Trial]) -> Arrays:
    """Give what people test with: a small batch of normally distributed numbers; labels and masks of all kinds."""
    random = np.random.default_rng(0)
    drawn = max(trials, key=lambda trial: _variety(trial.inputs.values())).inputs
    return {
        name: random.standard_normal(each.shape).astype(each.dtype)
        if is_floating(each) and right.inputs.arguments[name].classes is None
        else each
        for name, each in drawn.items()
    }


def _variety(arrays: Iterable[Any]) -> int:
    """Count the rows that differ: many in a batch of some size whose labels and masks are not all alike."""
    return sum(len(np.unique(each, axis=0)) for each in arrays if each.ndim and each.size)
