"""How a result is wrong that nothing explains: by what it is off, by how much, and whether only digits are lost."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from handgrad.testing.diagnosis.conditions import in_all
from handgrad.testing.dtypes import all_in_float64, is_floating, limits
from handgrad.testing.oracle.agreement import LIMIT, units
from handgrad.testing.outputs import gradients, is_output, values
from handgrad.testing.severity import is_better_in_wider, rerun
from handgrad.testing.subject import AnyArray
from handgrad.testing.trial import DOUBTFUL, Trial, copies

NUDGE = 1e-10  # which float32 does not see
STEPS = 1e-5, 1e-6  # of central differences
UNEXPLAINED = "is another function than the reference's"


def loses_digits(trials: Sequence[Trial], name: str) -> bool:
    """Tell whether a result that is wrong in the dtype under test is better for the same numbers in a wider one."""
    return all(is_better_in_wider(trial, name) for trial in trials)


def is_cancellation(trials: Sequence[Trial], name: str) -> bool:
    """Tell whether a result is off by no more than a few roundings of numbers like the arguments."""
    return all(_error(trial, name) <= LIMIT * float(limits(trial.dtype).eps) * _size(trial, name) for trial in trials)


def is_narrow(trials: Sequence[Trial], name: str) -> bool:
    """Tell whether a float64 result is off by what float32 explains, and stands still where it should move."""
    narrow = np.dtype(np.float32)
    if trials[0].dtype.itemsize < 8 or not all(_within(trial, name, narrow) for trial in trials):
        return False
    return any(_stand_still(trials, name, nudged) for nudged in (trials[0].inputs, trials[0].douts))


def _stand_still(trials: Sequence[Trial], name: str, nudged: Collection[str]) -> bool:
    """Tell whether most of what should move a little, when some arguments do, stays to the bit."""
    moving = [_moving(trial, name, nudged) for trial in trials]
    return sum(still for still, _ in moving) > sum(number for _, number in moving) / 2


def _within(trial: Trial, name: str, dtype: np.dtype[Any]) -> bool:
    return bool(np.all(units(trial.kept[name], trial.truth[name], dtype) <= LIMIT))


def _moving(trial: Trial, name: str, nudged: Collection[str]) -> tuple[int, int]:
    """Count the numbers that stand still in a result, and all that should move, when some arguments are nudged."""
    arrays = trial.arrays
    arrays |= {each: arrays[each] * (1 + NUDGE) for each in nudged if is_floating(arrays[each])}
    again = rerun(trial, copies(arrays))
    inputs, douts = ({each: arrays[each] for each in names} for names in (trial.inputs, trial.douts))
    before, after = trial.truth[name].value, trial.ask(inputs, douts)[name].value
    moves = np.abs(after - before) > NUDGE / 100 * np.abs(before)
    still = moves & (again[name] == trial.kept[name]) if again and again[name].shape == moves.shape else np.False_
    return int(np.sum(still)), int(np.sum(moves))


def _size(trial: Trial, name: str) -> float:
    return max(1.0, _largest(trial.inputs)) * (1.0 if is_output(name) else _largest(trial.douts))


def _largest(arrays: Mapping[str, AnyArray]) -> float:
    return max(float(np.abs(each).max(initial=0)) for each in arrays.values() if is_floating(each))


def size_of_error(trials: Sequence[Trial], name: str) -> str:
    """Say how far off a result is, measured by its largest element."""
    factor = _constant_factor(trials, name)
    if factor is not None:
        return f"is {factor:.10g} times what it should be"
    largest = [np.abs(trial.truth[name].value).max(initial=0) for trial in trials]
    errors = [_error(trial, name) / size for trial, size in zip(trials, largest, strict=True) if size > 0]
    if not errors:
        return "is not 0 where 0 is expected"
    # what is left where large terms cancel may be smaller than any error
    made_of = [(np.abs(exact.value) + exact.entitled).max() for trial in trials for exact in [trial.truth[name]]]
    nearly = max(_error(trial, name) / size for trial, size in zip(trials, made_of, strict=True))
    if nearly < 1e-2 and len(errors) == len(trials) and np.median(errors) < 0.1:
        return (
            f"is nearly right: off by {nearly:.0e} of its largest element "
            "(an approximation, a bound, or a small constant that does not belong)"
        )
    return (
        f"{UNEXPLAINED} "
        f"(off by {np.median(errors):.1g} of its largest element in the median of {len(trials)} examples)"
    )


def _error(trial: Trial, name: str) -> float:
    return float(np.abs(trial.kept[name].astype(np.float64) - trial.truth[name].value).max(initial=0))


def _constant_factor(trials: Sequence[Trial], name: str) -> float | None:
    """Find the number by which all elements of all examples are multiplied."""
    got = np.concatenate([trial.kept[name].astype(np.float64).ravel() for trial in trials])
    want = np.concatenate([trial.truth[name].value.ravel() for trial in trials])
    rounding = np.concatenate([_rounding(trial, name).ravel() for trial in trials])
    clear = np.abs(want) > 1e4 * rounding
    if clear.sum() < 2:
        return None
    factor = float(np.median(got[clear] / want[clear]))
    rest, allowed = np.abs(got - factor * want), 1e-3 * abs(factor - 1) * np.abs(want)
    return factor if np.all(rest <= allowed + rounding) else None


def _rounding(trial: Trial, name: str) -> AnyArray:
    """Tell by how much rounding explains that a result is off."""
    truth, info = trial.truth[name], limits(trial.dtype)
    return np.asarray(LIMIT * (float(info.eps) * (np.abs(truth.value) + truth.entitled) + float(info.tiny)))


def added(trials: Sequence[Trial], name: str) -> str | None:
    """Tell whether a constant multiple of dout or of an input has been added to a result."""
    if sum(trial.kept[name].size for trial in trials) < 2:  # some factor always fits a single number
        return None
    # where rounding is a part of the error, it tells no factor
    trials = [trial for trial in trials if trial.errors[name].max(initial=0) > DOUBTFUL]
    if not trials:
        return None
    suspects = trials[0].inputs if is_output(name) else {**trials[0].douts, **trials[0].inputs}
    for what, array in suspects.items():
        if array.shape == trials[0].kept[name].shape and is_floating(array) and in_all(trials, what):
            factors = [_factor(trial, name, trial.arrays[what]) for trial in trials]
            found = [factor for factor in factors if factor is not None]
            if len(found) == len(factors) and np.ptp(found) <= 1e-3 * abs(np.mean(found)):
                return f"has {np.mean(found):.3g} times {what} added to it"
    return None


def _factor(trial: Trial, name: str, array: AnyArray) -> float | None:
    """Find the factor by which an array, added to the true result, gives the wrong one."""
    truth = trial.truth[name]
    difference = trial.kept[name].astype(np.float64) - truth.value
    if array.shape != difference.shape or not np.any(array):
        return None
    clearest = np.unravel_index(int(np.where(array == 0, 0, trial.errors[name]).argmax()), array.shape)
    factor = float(difference[clearest] / array[clearest]) if array[clearest] else 0.0
    rest = np.abs(difference - factor * array)
    return factor if np.all(rest <= 1e-3 * np.abs(difference).max(initial=0) + _rounding(trial, name)) else None


def fits_own_forward(trial: Trial) -> bool | None:
    """Tell by central differences in one direction whether backward is the derivative of the layer's own forward.

    None where a smaller step gives another difference, so that none of them is the derivative: near a jump, where
    something overflows, or where numbers are as small as the steps.
    """
    inputs, douts = all_in_float64(trial.inputs), all_in_float64(trial.douts)
    random = np.random.default_rng(0)
    again = rerun(trial, copies({**inputs, **douts}))
    if again is None:
        return None
    grads = gradients(again)
    nudges = {name: random.standard_normal(grad.shape) for name, grad in grads.items()}

    def loss(step: float) -> float:
        moved = {name: inputs[name] + step * nudge for name, nudge in nudges.items()}
        run = trial.build({**inputs, **moved})
        out = trial.forward(run, {**inputs, **moved})
        return sum(float((douts[f"d{name}"] * each).sum()) for name, each in out.items())

    numerical, smaller = ((loss(step) - loss(-step)) / (2 * step) for step in STEPS)
    terms = [float((grads[name] * nudges[name]).sum()) for name in grads]
    sizes = {name: np.abs(out.value) + out.entitled for name, out in values(trial.truth).items()}
    size = sum(float((np.abs(douts[f"d{name}"]) * each).sum()) for name, each in sizes.items())
    rounding = np.finfo(np.float64).eps / STEPS[1] * size
    allowed = 1e-4 * (abs(numerical) + sum(map(abs, terms))) + LIMIT * rounding
    if not abs(numerical - smaller) <= allowed < math.inf:
        return None
    return bool(abs(numerical - sum(terms)) <= allowed)
