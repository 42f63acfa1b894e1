"""The numbers: what they have to be equal to, and what they do not depend on."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from handgrad.testing.dtypes import is_floating
from handgrad.testing.outputs import called, gradients, values
from handgrad.testing.subject import AnyArray
from handgrad.testing.trial import Complaint, Trial, brief, copies, expect_close


def value(trial: Trial) -> None:
    """Forward equals the reference."""
    expect_close(trial.kept, trial.truth, values(trial.blamed))


def gradient(trial: Trial) -> str | None:
    """Every gradient equals the reference's vector-Jacobian product, for any upstream gradient."""
    if trial.overflows(trial.truth):
        return "the value overflows"
    expect_close(trial.kept, trial.truth, gradients(trial.blamed))
    return None


def kinks(trial: Trial) -> str | None:
    """At declared kinks and ties, value and gradients are the reference's own, and follow no other convention."""
    if not trial.kinks:
        return "no kinks are declared"
    arrays = {**trial.arrays, **trial.kinks}
    inputs, douts = ({name: arrays[name] for name in names} for names in (trial.inputs, trial.douts))
    held = tuple(name for name in trial.inputs if name in trial.kinks)
    there = replace(trial, inputs=inputs, douts=douts, held=held)
    try:
        expect_close(there.kept, there.truth, there.blamed)
        defined(there)
    except Complaint as complaint:
        raise Complaint(str(complaint), there) from None
    return None


def defined(trial: Trial) -> None:
    """Where the reference is NaN, of finite numbers, so is the layer: nothing else can be judged there."""
    for name, array in trial.kept.items():
        want = trial.truth[name].value
        if array.shape == want.shape and (apart := np.isnan(want) & ~np.isnan(array)).any():
            raise Complaint(f"{called(name)} is {array[apart][0]!s} where the reference is nan")


def zero(trial: Trial) -> str | None:
    """An upstream gradient of 0 gives gradients of exactly 0."""
    if not all(np.isfinite(array).all() for array in trial.kept.values()):
        return "a result is not finite"
    douts = {name: np.zeros_like(dout) for name, dout in trial.douts.items()}
    for name, grad in gradients(trial.fresh(copies(trial.inputs), douts)).items():
        if np.any(grad != 0):
            raise Complaint(f"for dout = 0, d{name} is {brief(grad)}")
    return None


def confined(trial: Trial) -> str | None:
    """A NaN in the first input reaches nothing outside of its own row that it does not reach in the reference."""
    first = first_floating(trial)
    if first is None:
        return "no input is there to hold a NaN"
    if not any(dout.size for dout in trial.douts.values()):
        return "the output is empty"
    inputs = copies(trial.inputs)
    inputs[first].reshape(-1)[-1] = np.nan
    try:
        got = trial.fresh(copies(inputs), copies(trial.douts))
    except Exception:  # whatever a layer raises
        return "the layer refuses a NaN"
    reached = {
        name: np.isnan(array) & np.isfinite(trial.kept[name]) & ~_last_row(array, inputs[first])
        for name, array in got.items()
        if array.shape == trial.truth[name].value.shape
    }
    if not any(each.any() for each in reached.values()):
        return None
    if not _further(reached, {name: exact.value for name, exact in trial.ask(inputs, trial.douts).items()}):
        return None
    plain = trial.ask_plainly(inputs)  # compiled, JAX may lose a NaN
    if _hold_nan(values(got)) and not _hold_nan(values(plain)):
        return "the reference turns a NaN into a number"
    for name in _further(reached, plain):
        raise Complaint(f"with a NaN as the last entry of {first}, {called(name)} is {brief(got[name])}")
    return None


def first_floating(trial: Trial) -> str | None:
    """Name the first argument that has floating numbers in it."""
    return next((name for name, array in trial.inputs.items() if array.size and is_floating(array)), None)


def _hold_nan(results: Mapping[str, AnyArray]) -> bool:
    return any(np.isnan(each).any() for each in results.values())


def _further(reached: Mapping[str, AnyArray], truth: Mapping[str, AnyArray]) -> list[str]:
    """Name the results that a NaN has reached where it does not in the reference."""
    return [name for name, each in reached.items() if (each & ~np.isnan(truth[name])).any()]


def _last_row(result: AnyArray, argument: AnyArray) -> AnyArray:
    """Mark the row of a result that belongs to the last row of an argument, if they have rows in common."""
    row, leading = np.zeros(result.shape, np.bool_), argument.shape[:-1]
    if result.shape[: len(leading)] == leading:
        row[(-1,) * len(leading)] = True
    return row
