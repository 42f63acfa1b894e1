"""What a layer takes and what it gives: without an error, in the right shape and dtype, in silence."""

import numpy as np

from handgrad.testing.dtypes import is_floating
from handgrad.testing.oracle.agreement import overflows
from handgrad.testing.outputs import called, gradients
from handgrad.testing.trial import Complaint, Trial


def runs(trial: Trial) -> None:
    """Forward and backward accept every input that the description allows, and leave gradients to judge."""
    if not gradients(trial.results):
        raise Complaint("backward returned no gradient and left none in an attribute d<name>")
    for name in (each for holder in trial.subject.constructor_names for each in trial.subject.nested.held(holder)):
        floating = name in trial.inputs and is_floating(trial.inputs[name])
        if floating and name not in trial.results:
            raise Complaint(f"backward left no d{name}; bind {name} with functools.partial if it needs no gradient")


def does_run(trial: Trial) -> bool:
    """Tell whether a layer takes an example, without which nothing else can be said about it."""
    try:
        runs(trial)
    except Exception:  # whatever a layer raises
        return False
    return True


def shape(trial: Trial) -> None:
    """The output has the shape of the reference's, and every gradient the shape of what it is the gradient of."""
    for name, array in trial.results.items():
        expected = trial.truth[name].value.shape
        if array.shape != expected:
            raise Complaint(f"{called(name)}.shape is {array.shape}; expected {expected}")


def dtype(trial: Trial) -> None:
    """Floating dtypes are kept: float32 in, float32 out, and so for every gradient."""
    for name, array in trial.results.items():
        if array.dtype != trial.dtype:
            raise Complaint(f"{called(name)}.dtype is {array.dtype}; expected {trial.dtype}")


def quiet(trial: Trial) -> str | None:
    """Finite inputs cause no warning."""
    if not trial.warned:
        return None
    if any(overflows(exact, trial.dtype) or not np.isfinite(exact.value).all() for exact in trial.truth.values()):
        return "a true result is not finite"
    raise Complaint(f"{trial.warned[0].category.__name__}: {trial.warned[0].message}")
