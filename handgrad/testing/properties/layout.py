"""How arrays lie in memory, which changes nothing."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.lib.stride_tricks import as_strided

from handgrad.testing.agreement import LIMIT, overflows, units
from handgrad.testing.dtypes import is_floating
from handgrad.testing.oracle import Exact
from handgrad.testing.subject import AnyArray
from handgrad.testing.trial import Complaint, Trial, called, copies, expect_within_limit, identical


def layouts(trial: Trial) -> str | None:
    """Fortran-ordered, strided, negatively strided and 0-stride arrays give the same numbers: all, or one alone."""
    arrays = copies({**trial.inputs, "dout": trial.dout})
    arrays |= {name: LAYOUTS[trial.layout](arrays[name]) for name in trial.relaid}
    dout = arrays.pop("dout")
    plain = _in_c_order(trial, arrays, dout)
    got = trial.fresh(arrays, dout)
    if overflows(plain.truth["out"], trial.dtype):
        return "the value overflows"
    right = [name for name, error in plain.errors.items() if error.max(initial=0) <= LIMIT]
    for name in right:  # what is wrong anyway says nothing about the layout
        _expect_like(got[name], plain, name, f" when {laid_out(trial)}")
    return None


def laid_out(trial: Trial) -> str:
    """Say which arrays lie in memory in which way."""
    which = f"{trial.relaid[0]} alone is" if len(trial.relaid) == 1 else "the arguments are"
    return f"{which} {trial.layout}"


def _expect_like(array: AnyArray, plain: Trial, name: str, when: str) -> None:
    """Complain if a result is not what the layer itself gives for arrays in C order, but for rounding."""
    own = plain.kept[name]
    if array.shape != own.shape:
        raise Complaint(f"{called(name)}.shape is {array.shape}{when}; expected {own.shape}")
    if not identical(array, own):
        exact = Exact(own.astype(np.float64), plain.truth[name].entitled)
        expect_within_limit(name, array, exact, units(array, exact, plain.dtype), when)


def _in_c_order(trial: Trial, inputs: Mapping[str, AnyArray], dout: AnyArray) -> Trial:
    """Give the trial with the same numbers in memory as usual: itself, but where a layout changes the numbers."""
    if trial.layout != REPEATED:
        return trial
    contiguous = {name: np.array(array, order="C") for name, array in inputs.items()}
    return replace(trial, inputs=contiguous, dout=np.array(dout, order="C"))


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
