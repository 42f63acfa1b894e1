"""Where a reference's derivative jumps, as that of |x| does at 0: what it says there is a convention among others."""

from collections.abc import Iterator

import numpy as np

from handgrad.testing.dtypes import in_float64, is_floating
from handgrad.testing.oracle.agreement import LIMIT
from handgrad.testing.subject import Results
from handgrad.testing.trial import Trial

STEP = 1e-6  # measured by the largest element of an argument
SIDES = 32
SLACK = 1e-4  # by how much a derivative that does not jump may differ so near by


def beside_a_jump(trial: Trial, name: str) -> bool:
    """Tell whether a gradient, wherever it is wrong, is between those that the reference has beside the point."""
    got, want = trial.kept[name].astype(np.float64), trial.truth[name].value
    around = np.stack([trial.ask(moved, trial.douts)[name].value for moved in _around(trial)])
    low, high = around.min(axis=0), around.max(axis=0)
    slack = SLACK * (np.abs(low) + np.abs(high))
    between = (low - slack <= got) & (got <= high + slack) & (np.abs(got - want) > 10 * slack)
    return bool(between[trial.errors[name] > LIMIT].all())


def _around(trial: Trial) -> Iterator[Results]:
    """Move every number of the arguments a little, by amounts of their own."""
    random = np.random.default_rng(0)
    floating = {name: in_float64(array) for name, array in trial.inputs.items() if is_floating(array)}
    steps = {name: STEP * (np.abs(array).max(initial=0) or 1.0) for name, array in floating.items()}
    for _ in range(SIDES):
        moves = {name: steps[name] * random.standard_normal(array.shape) for name, array in floating.items()}
        yield {**trial.inputs, **{name: array + moves[name] for name, array in floating.items()}}
