"""When and where a result is wrong: what the examples that fail, or the elements that are wrong, have in common."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from handgrad.testing.dtypes import is_floating
from handgrad.testing.inputs.axes import LEADING
from handgrad.testing.inputs.shapes import lengths
from handgrad.testing.outputs import is_output
from handgrad.testing.subject import AnyArray
from handgrad.testing.trial import Trial

MOSTLY_FAILING = 0.3  # a condition explains nothing if a larger share of the examples that hold has it, too

CONDITIONS: dict[str, Callable[[Trial], bool]] = {
    "there is no leading axis, as for a single sample": lambda trial: (
        LEADING in trial.sizes and trial.sizes[LEADING] == ()
    ),
    "there are several leading axes": lambda trial: len(trial.sizes.get(LEADING, ())) > 1,
    "an axis has length 0": lambda trial: 0 in lengths(trial.sizes),
    "an axis has length 1": lambda trial: 1 in lengths(trial.sizes),
    "an axis is longer than 1": lambda trial: max(lengths(trial.sizes), default=0) > 1,
    "two axes are equally long": lambda trial: any(
        len(set(each.shape)) < each.ndim for each in trial.inputs.values()
    ),
    "a number is exactly 0": lambda trial: _any(trial.inputs, lambda each: each == 0),
    "numbers are equal": lambda trial: any(len(np.unique(each)) < each.size for each in _numbers(trial.inputs)),
    "all numbers of a row are equal": lambda trial: any(_row_of_equals(each) for each in _numbers(trial.inputs)),
    "a number is negative": lambda trial: _any(trial.inputs, lambda each: each < 0),
    "an element of dout is negative": lambda trial: _any(trial.douts, lambda each: each < 0),
    "an element of dout is 0": lambda trial: _any(trial.douts, lambda each: each == 0),
    "an element of dout is beyond ±1": lambda trial: _any(trial.douts, lambda each: np.abs(each) > 1),
    "everything is masked": lambda trial: any(not each.any() for each in _masks(trial)),
    "something is masked": lambda trial: any(not each.all() for each in _masks(trial)),
    "a single row counts": lambda trial: any(each.sum() == 1 for each in _masks(trial)),
    "a label is repeated": lambda trial: any(
        len(np.unique(each)) < each.size for each in trial.inputs.values() if each.dtype.kind in "iu"
    ),
    "a number is beyond ±20": lambda trial: _any(trial.inputs, lambda each: np.abs(each) > 20),
    "a number is beyond 20": lambda trial: _any(trial.inputs, lambda each: each > 20),
    "a number is beyond -20": lambda trial: _any(trial.inputs, lambda each: each < -20),
    "a number is beyond ±500": lambda trial: _any(trial.inputs, lambda each: np.abs(each) > 500),
    "no number is beyond ±0.1": lambda trial: not _any(trial.inputs, lambda each: np.abs(each) > 0.1),
}


def _numbers(arrays: Mapping[str, AnyArray]) -> list[AnyArray]:
    return [each for each in arrays.values() if is_floating(each)]


def _row_of_equals(array: AnyArray) -> bool:
    return array.ndim > 0 and array.shape[-1] > 1 and bool((array == array[..., :1]).all(axis=-1).any())


def _masks(trial: Trial) -> list[AnyArray]:
    return [each for each in trial.inputs.values() if each.dtype == np.bool_]


def _any(arrays: Mapping[str, AnyArray], test: Callable[[AnyArray], Any]) -> bool:
    return any(bool(np.any(test(each))) for each in _numbers(arrays))


def condition(failing: Sequence[Trial], holding: Sequence[Trial]) -> str | None:
    """Say what all the examples that fail have, and few of those that hold: a fault need not show every time."""
    if not failing or not holding:
        return None
    conditions = {**CONDITIONS, **_of_axes(failing), **_options(failing)}
    share = {
        what: sum(map(has, holding)) / len(holding) for what, has in conditions.items() if all(map(has, failing))
    }
    rarest = min(share, key=lambda what: share[what], default=None)
    return rarest if rarest is not None and share[rarest] < MOSTLY_FAILING else None


def _of_axes(failing: Sequence[Trial]) -> Mapping[str, Callable[[Trial], bool]]:
    """Make conditions of the axes' lengths."""

    def has(axis: str, length: int) -> Callable[[Trial], bool]:
        return lambda trial: trial.sizes[axis] == (length,)

    return {f"{axis} is {length}": has(axis, length) for axis in failing[0].sizes for length in (0, 1)}


def _options(failing: Sequence[Trial]) -> Mapping[str, Callable[[Trial], bool]]:
    """Make a condition of each option's value in the first example that fails."""

    def has(name: str, value: Any) -> Callable[[Trial], bool]:
        return lambda trial: bool(trial.options[name] == value)

    return {f"{name} is {value!r}": has(name, value) for name, value in failing[0].options.items()}


ELEMENT_CONDITIONS: dict[str, Callable[[AnyArray], AnyArray]] = {
    "0": lambda x: x == 0,
    "negative": lambda x: x < 0,
    "positive": lambda x: x > 0,
    "0 or negative": lambda x: x <= 0,
    "beyond ±20": lambda x: np.abs(x) > 20,
    "beyond ±3": lambda x: np.abs(x) > 3,
    "beyond ±1": lambda x: np.abs(x) > 1,
    "within ±1e-3": lambda x: np.abs(x) < 1e-3,
}
TRUE_OR_FALSE: dict[str, Callable[[AnyArray], AnyArray]] = {"True": lambda x: x, "False": lambda x: ~x}


def where(wrong: Sequence[AnyArray], trials: Sequence[Trial], name: str) -> str | None:
    """Say at which places, or for which numbers, the elements of a result are wrong, if there is a rule."""
    arguments = [*trials[0].inputs, *(() if is_output(name) else trials[0].douts)]
    return _place(wrong) or _masked(wrong, trials) or _numbers_there(wrong, trials, arguments) or _lone(wrong)


def _place(wrong: Sequence[AnyArray]) -> str | None:
    """Tell whether only the first or last elements along some axis are wrong."""
    several = [each for each in wrong if each.size > 1]
    if not several:
        return None
    for what, index in {"first": 0, "last": -1}.items():
        if all(each.sum() == 1 and each.ravel()[index] for each in several):
            return f"in the {what} element alone"
        for kind, axis in {"row": 0, "column": -1}.items():
            if all(each.ndim and each.shape[axis] and _only_there(each, index, axis) for each in several):
                return f"in the {what} {kind} alone"
    return None


def in_all(trials: Sequence[Trial], name: str) -> bool:
    """Tell whether all examples have an array: how many outputs there are may depend on an option."""
    return all(name in trial.arrays for trial in trials)


def _lone(wrong: Sequence[AnyArray]) -> str | None:
    several = [each for each in wrong if each.size > 1]
    return "in one element alone" if several and all(each.sum() == 1 for each in several) else None


def _only_there(wrong: AnyArray, index: int, axis: int) -> bool:
    return not np.delete(wrong, index, axis).any()


def _masked(wrong: Sequence[AnyArray], trials: Sequence[Trial]) -> str | None:
    """Tell whether rows are wrong only where a mask blocks them."""
    for name, mask in trials[0].inputs.items():
        if mask.dtype == np.bool_ and wrong[0].shape[: mask.ndim] == mask.shape != wrong[0].shape:
            rows = [bad.any(axis=tuple(range(mask.ndim, bad.ndim))) for bad in wrong]
            if not any((bad & trial.inputs[name]).any() for bad, trial in zip(rows, trials, strict=True)):
                return f"in rows that are masked by {name}"
    return None


def _numbers_there(wrong: Sequence[AnyArray], trials: Sequence[Trial], arguments: Sequence[str]) -> str | None:
    """Tell whether elements are wrong where an argument of their shape has something special, and mostly there."""
    for other in (each for each in arguments if in_all(trials, each)):
        there = [trial.arrays[other] for trial in trials]
        if any(each.shape != bad.shape for each, bad in zip(there, wrong, strict=True)):
            continue
        for what, test in (TRUE_OR_FALSE if there[0].dtype == np.bool_ else ELEMENT_CONDITIONS).items():
            special = [test(each) for each in there]
            inside = all(not (bad & ~each).any() for bad, each in zip(wrong, special, strict=True))
            mostly = 2 * sum(int(bad.sum()) for bad in wrong) > sum(int(each.sum()) for each in special)
            if inside and mostly:
                return f"where {other} is {what}"
    return None


def at_a_kink(trial: Trial) -> bool:
    """Tell whether an argument holds a kink that it declares."""
    arguments = trial.described.arguments
    return any(
        bool(is_kink(array).any())
        for name, array in trial.inputs.items()
        if (is_kink := arguments[name].is_kink) is not None
    )
