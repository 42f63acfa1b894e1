"""How bad a failure is: numbers of another function, digits that are lost, or manners that change no number."""

from collections.abc import Iterable

import numpy as np

from handgrad.testing.dtypes import is_floating
from handgrad.testing.oracle.agreement import LIMIT, units
from handgrad.testing.outputs import gradients, values
from handgrad.testing.properties import BATTERY, Property
from handgrad.testing.properties.contract import dtype, quiet
from handgrad.testing.properties.memory import detached, pure, read_only, unshared
from handgrad.testing.properties.numbers import confined, defined, gradient, value
from handgrad.testing.properties.targets import refuses
from handgrad.testing.subject import Results
from handgrad.testing.trial import DOUBTFUL, Trial

# from the worst on
SEVERITIES = WRONG, INEXACT, CONTRACT = "wrong", "inexact", "contract"
LESS = 30  # times; another formula is as wrong in any dtype, while long doubles have a rounding of 1/2048
MANNERS = (pure, detached, unshared, read_only, confined, defined, dtype, refuses, quiet)
ALLOWABLE = (INEXACT, *(each.__name__ for each in BATTERY if each in MANNERS))


def severity(holds: Property, trial: Trial) -> str:
    """Tell how bad it is that a property fails on an example."""
    if holds in MANNERS:
        return CONTRACT
    if holds not in (value, gradient):
        return WRONG
    return INEXACT if is_inexact(trial, (values if holds is value else gradients)(trial.blamed)) else WRONG


def is_inexact(trial: Trial, names: Iterable[str]) -> bool:
    """Tell whether results are right but for digits that are lost."""
    return all(_has_digits_left(trial, name) for name in names if trial.blamed[name].max(initial=0) > LIMIT)


def _has_digits_left(trial: Trial, name: str) -> bool:
    """Tell whether a result is right for the same numbers in a wider dtype, or, in float64, nearly right."""
    if not np.isfinite(trial.blamed[name]).all():
        return False
    nearly = trial.dtype.itemsize == 8 and trial.blamed[name].max() <= DOUBTFUL
    return nearly or is_better_in_wider(trial, name)


def is_better_in_wider(trial: Trial, name: str) -> bool:
    """Tell whether a result that is wrong in the dtype under test is not, or far less so, in a wider one."""
    error = _error_in_wider(trial, name)
    return error is not None and error <= _far_less(trial, name)


def is_wrong_in_wider(trial: Trial, name: str) -> bool:
    """Tell whether it is known to be as wrong in a wider dtype; of long doubles, few functions know anything."""
    error = _error_in_wider(trial, name) if trial.dtype.itemsize < 8 else None
    return error is not None and error > _far_less(trial, name)


def _far_less(trial: Trial, name: str) -> float:
    return max(LIMIT, float(trial.errors[name].max(initial=0)) / LESS)


def _error_in_wider(trial: Trial, name: str) -> float | None:
    """Measure the error for the same numbers in a wider dtype, in units of the one under test, if they are taken."""
    wider = np.dtype(np.float64 if trial.dtype.itemsize < 8 else np.longdouble)
    arrays = {each: array.astype(wider) if is_floating(array) else array for each, array in trial.arrays.items()}
    again = rerun(trial, arrays)
    if again is None or again[name].dtype != wider or again[name].shape != trial.truth[name].value.shape:
        return None
    return float(units(again[name].astype(np.float64), trial.truth[name], trial.dtype).max(initial=0))


def rerun(trial: Trial, arrays: Results) -> Results | None:
    """Run a new layer on other arrays, upstream gradients among them, of which nobody promised that it takes them."""
    try:
        return trial.fresh(arrays, arrays)
    except Exception:  # whatever a layer raises
        return None
