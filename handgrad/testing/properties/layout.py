"""How arrays lie in memory, which changes nothing."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.lib.stride_tricks import as_strided

from handgrad.testing.dtypes import is_floating
from handgrad.testing.oracle.agreement import LIMIT
from handgrad.testing.outputs import called
from handgrad.testing.properties.memory import written_into
from handgrad.testing.subject import AnyArray, Results
from handgrad.testing.trial import Complaint, Trial, copies, expect_within_limit, identical


def layouts(trial: Trial) -> str | None:
    """Fortran-ordered, strided, negatively strided and 0-stride arrays give the same numbers: all, or one alone."""
    if written_into(trial):
        return "the layer writes into its arguments"
    arrays = copies(trial.arrays)
    arrays |= {name: LAYOUTS[trial.layout](arrays[name]) for name in trial.relaid}
    inputs, douts = ({name: arrays[name] for name in names} for names in (trial.inputs, trial.douts))
    plain = _in_c_order(trial, inputs, douts)
    got = trial.fresh(inputs, douts)
    if plain.overflows(plain.truth):
        return "the value overflows"
    right = [name for name, error in plain.errors.items() if error.max(initial=0) <= LIMIT]
    # what is wrong anyway says nothing about the layout
    _expect_right({name: got[name] for name in right}, plain, f" when {laid_out(trial)}")
    return None


def laid_out(trial: Trial) -> str:
    """Say which arrays lie in memory in which way."""
    which = f"{trial.relaid[0]} alone is" if len(trial.relaid) == 1 else "the arguments are"
    return f"{which} {trial.layout}"


def _expect_right(got: Results, plain: Trial, when: str) -> None:
    """Complain of results that are neither what the layer gives for arrays in C order nor as right as that."""
    different = {name: array for name, array in got.items() if not identical(array, plain.kept[name])}
    for name, array in different.items():
        if array.shape != plain.kept[name].shape:
            raise Complaint(f"{called(name)}.shape is {array.shape}{when}; expected {plain.kept[name].shape}")
    if not different:
        return
    truth, errors = plain.judge({**plain.kept, **different})
    for name, array in different.items():
        expect_within_limit(name, array, truth[name], errors[name], when)


def _in_c_order(trial: Trial, inputs: Results, douts: Results) -> Trial:
    """Give the trial with the same numbers in memory as usual: itself, but where a layout changes the numbers."""
    if trial.layout != REPEATED:
        return trial
    inputs, douts = ({name: np.array(array, order="C") for name, array in each.items()} for each in (inputs, douts))
    return replace(trial, inputs=inputs, douts=douts)


def _strided(array: AnyArray) -> AnyArray:
    if array.ndim == 0:
        return array
    gaps = np.repeat(array, 2, axis=-1)
    return gaps[..., ::2]


def _reversed(array: AnyArray) -> AnyArray:
    return np.asarray(np.flip(np.array(np.flip(array))))


def _repeated(array: AnyArray) -> AnyArray:
    if not array.size or not is_floating(array):
        return array
    return as_strided(array.reshape(-1)[:1].copy(), array.shape, [0] * array.ndim)


REPEATED = "broadcast (0-stride)"
LAYOUTS: dict[str, Callable[[AnyArray], AnyArray]] = {
    "Fortran-ordered": lambda array: np.array(array, order="F"),
    "strided": _strided,
    "negatively strided": _reversed,
    REPEATED: _repeated,
}
