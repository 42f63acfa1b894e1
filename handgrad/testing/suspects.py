"""What a wrong result may be instead: explanations to try on many examples, after a property has failed.

An explanation predicts a wrong result. It is believed if its prediction is right on every example that fails.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from handgrad.testing.agreement import LIMIT, units
from handgrad.testing.dtypes import in_float64, is_floating
from handgrad.testing.oracle import Exact
from handgrad.testing.shapes import LEADING, lengths
from handgrad.testing.subject import AnyArray
from handgrad.testing.trial import Trial, copies, gradients

Explanations = Iterator[tuple[str, Exact]]

FUNCTIONS_OF_DOUT: dict[str, Callable[[AnyArray], AnyArray]] = {
    "ignores dout: it is the gradient for a dout of ones": np.ones_like,
    "is not linear in dout: it takes |dout|": np.abs,
    "is not linear in dout: it takes max(dout, 0)": lambda dout: np.maximum(dout, 0),
    "is not linear in dout: it takes dout clipped to [-1, 1]": lambda dout: np.clip(dout, -1, 1),
    "is not linear in dout: it takes dout²": np.square,
    "is not linear in dout: it takes sign(dout)": np.sign,
    "takes the mean of dout for every element of it": lambda dout: (
        np.full_like(dout, dout.mean()) if dout.size else dout
    ),
    "hears only the first row of dout": lambda dout: _only(dout, 0, 0),
    "hears only the last row of dout": lambda dout: _only(dout, 0, -1),
    "hears only the first column of dout": lambda dout: _only(dout, -1, 0),
    "hears only the last column of dout": lambda dout: _only(dout, -1, -1),
    "does not hear the first row of dout": lambda dout: dout - _only(dout, 0, 0),
    "does not hear the last row of dout": lambda dout: dout - _only(dout, 0, -1),
    "does not hear the last column of dout": lambda dout: dout - _only(dout, -1, -1),
    "takes dout in reversed order": lambda dout: np.flip(dout),
    "takes dout transposed": lambda dout: _transposed(dout),
}


def _only(dout: AnyArray, axis: int, index: int) -> AnyArray:
    """Keep one row or column of dout, and put 0 for the others."""
    if dout.ndim < 1 or dout.shape[axis] == 0:
        return dout
    kept = np.zeros_like(dout)
    place = (Ellipsis, index) if axis == -1 else (index,)
    kept[place] = dout[place]
    return kept


def _transposed(array: AnyArray) -> AnyArray:
    return np.swapaxes(array, -1, -2) if array.ndim > 1 and array.shape[-1] == array.shape[-2] else array


def of_gradient(trial: Trial, name: str) -> Explanations:
    """Predict a wrong gradient in every way that we know."""
    want = trial.truth[name]
    yield "is always 0", _times(want, 0)
    for what, function in FUNCTIONS_OF_DOUT.items():
        yield what, trial.ask(trial.inputs, function(trial.dout))[name]
    yield from multiples(trial, want)
    for what, exact in multiples(trial, trial.ask(trial.inputs, np.ones_like(trial.dout))[name]):
        yield f"ignores dout, and {what}", exact
    if want.value.ndim:
        yield "is shifted by one row", Exact(np.roll(want.value, -1, axis=0), np.roll(want.entitled, -1, axis=0))
        yield "is shifted by one row", Exact(np.roll(want.value, 1, axis=0), np.roll(want.entitled, 1, axis=0))
    yield "is transposed", Exact(_transposed(want.value), _transposed(want.entitled))
    for other, exact in trial.truth.items():
        if other not in (name, "out") and exact.value.shape == want.value.shape:
            yield f"is the gradient of {other}", exact
            yield f"holds the gradient of {other}, too", _sum(want, exact)
    if trial.dout.shape == want.value.shape:
        dout = Exact(trial.dout.astype(np.float64), np.zeros(trial.dout.shape))
        yield "is dout itself", dout
        yield "has dout added to it", _sum(want, dout)
    yield from at_another_point(trial, name)


def of_value(trial: Trial, name: str) -> Explanations:
    """Predict a wrong value."""
    yield from multiples(trial, trial.truth[name])
    yield from at_another_point(trial, name)


def at_another_point(trial: Trial, name: str) -> Explanations:
    """Evaluate where one of the inputs is mistaken for something else."""
    for other, array in trial.inputs.items():
        for what, mistaken in _mistaken_for(trial, other, array).items():
            moved = {**trial.inputs, other: np.asarray(mistaken)}
            yield f"is what it would be for {what}", trial.ask(moved, trial.dout)[name]


def _mistaken_for(trial: Trial, name: str, array: AnyArray) -> dict[str, AnyArray]:
    """List what people take for an argument."""
    if array.dtype == np.bool_:
        return {f"a {name} that lets everything count": np.ones_like(array), f"the opposite {name}": ~array}
    if not is_floating(array):
        return {}
    others = {
        f"{other} in the place of {name}": each
        for other, each in trial.inputs.items()
        if other != name and is_floating(each) and each.shape == array.shape[array.ndim - each.ndim :]
    }
    return {
        f"-1 times {name}": -array,
        f"a transposed {name}": _transposed(array),
        f"|{name}|": np.abs(array),
        f"a {name} of ones": np.ones_like(array),
        **{what: np.broadcast_to(each, array.shape) for what, each in others.items()},
    }


def multiples(trial: Trial, want: Exact) -> Explanations:
    """Predict a wrong constant factor, among them the lengths of the axes."""
    for factor in (-1, 2, 0.5, -2, -0.5):
        yield f"is {factor} times what it should be", _times(want, factor)
    for what, number in divisors(trial).items():
        if number > 0:
            yield f"is {what} times what it should be", _times(want, number)
            yield f"is divided by {what}", _times(want, 1 / number)
            yield f"is divided by the square root of {what}", _times(want, number**-0.5)
    for mask, counting in _counting(trial).items():
        for what, number in divisors(trial).items():
            if number > 0:
                yield f"is divided by {what}, not by {mask}", _times(want, counting / number)


def _times(exact: Exact, factor: float) -> Exact:
    return Exact(factor * exact.value, abs(factor) * exact.entitled)


def _sum(one: Exact, other: Exact) -> Exact:
    return Exact(one.value + other.value, one.entitled + other.entitled)


def divisors(trial: Trial) -> dict[str, float]:
    """Name the numbers by which people divide: lengths of axes, numbers of elements, how much a mask lets through."""
    axes = {
        "the number of rows" if axis == LEADING else axis: float(np.prod(length))
        for axis, length in trial.sizes.items()
    }
    sizes = {f"{name}.size": float(array.size) for name, array in trial.inputs.items()}
    rows = {f"len({name})": float(len(array)) for name, array in trial.inputs.items() if array.ndim}
    return {**axes, **_counting(trial), **rows, **sizes, "out.size": float(trial.dout.size)}


def _counting(trial: Trial) -> dict[str, float]:
    """Tell how much each mask lets through."""
    return {f"{name}.sum()": float(each.sum()) for name, each in trial.inputs.items() if each.dtype == np.bool_}


def explain(trials: Sequence[Trial], name: str, explanations: Callable[[Trial, str], Explanations]) -> str | None:
    """Find the explanation that predicts a result in all of these examples, in at least one by more than chance."""
    left: dict[str, bool] | None = None
    for trial in trials:
        told: dict[str, bool] = {}
        got, want = trial.kept[name], trial.truth[name].value.astype(trial.dtype)
        for what, predicted in explanations(trial, name):
            if (left is None or what in left) and near(got, predicted, trial.dtype):
                told[what] = not near(want, predicted, trial.dtype)
        left = told if left is None else {what: left[what] or differs for what, differs in told.items()}
        if not left:
            return None
    return next((what for what, differs in (left or {}).items() if differs), None)


def near(got: AnyArray, predicted: Exact, dtype: np.dtype[Any]) -> bool:
    """Tell whether a prediction is right but for rounding."""
    return got.shape == predicted.value.shape and bool(np.all(units(got, predicted, dtype) <= LIMIT))


MOSTLY_FAILING = 0.3  # a condition that more of the examples that hold have explains nothing

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
    "a number is exactly 0": lambda trial: _any(trial, lambda each: each == 0),
    "numbers are equal": lambda trial: any(len(np.unique(each)) < each.size for each in _numbers(trial)),
    "a number is negative": lambda trial: _any(trial, lambda each: each < 0),
    "an element of dout is negative": lambda trial: bool((trial.dout < 0).any()),
    "an element of dout is 0": lambda trial: bool((trial.dout == 0).any()),
    "an element of dout is larger than 1": lambda trial: bool((np.abs(trial.dout) > 1).any()),
    "everything is masked": lambda trial: any(not each.any() for each in _masks(trial)),
    "something is masked": lambda trial: any(not each.all() for each in _masks(trial)),
    "a single row counts": lambda trial: any(each.sum() == 1 for each in _masks(trial)),
    "a label is repeated": lambda trial: any(
        len(np.unique(each)) < each.size for each in trial.inputs.values() if each.dtype.kind in "iu"
    ),
    "a number is larger than 20": lambda trial: _any(trial, lambda each: np.abs(each) > 20),
    "a number is larger than 500": lambda trial: _any(trial, lambda each: np.abs(each) > 500),
    "no number is larger than 0.1": lambda trial: not _any(trial, lambda each: np.abs(each) > 0.1),
}


def _numbers(trial: Trial) -> list[AnyArray]:
    return [each for each in trial.inputs.values() if is_floating(each)]


def _masks(trial: Trial) -> list[AnyArray]:
    return [each for each in trial.inputs.values() if each.dtype == np.bool_]


def _any(trial: Trial, test: Callable[[AnyArray], Any]) -> bool:
    return any(bool(np.any(test(each))) for each in _numbers(trial))


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
    "larger than 20": lambda x: np.abs(x) > 20,
    "larger than 3": lambda x: np.abs(x) > 3,
    "larger than 1": lambda x: np.abs(x) > 1,
    "smaller than 1e-3": lambda x: np.abs(x) < 1e-3,
}


def where(wrong: Sequence[AnyArray], trials: Sequence[Trial], name: str) -> str | None:
    """Say at which places, or for which numbers, the elements of a result are wrong, if there is a rule."""
    arguments = [*trials[0].inputs, *([] if name == "out" else ["dout"])]
    return _place(wrong) or _numbers_there(wrong, trials, arguments)


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
    return "in one element alone" if all(each.sum() == 1 for each in several) else None


def _only_there(wrong: AnyArray, index: int, axis: int) -> bool:
    return not np.delete(wrong, index, axis).any()


def _numbers_there(wrong: Sequence[AnyArray], trials: Sequence[Trial], arguments: Sequence[str]) -> str | None:
    """Tell whether elements are wrong where an argument of their shape has something special, and mostly there."""
    for other in arguments:
        there = [{**trial.inputs, "dout": trial.dout}[other] for trial in trials]
        if any(each.shape != bad.shape for each, bad in zip(there, wrong, strict=True)):
            continue
        for what, test in ELEMENT_CONDITIONS.items():
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
        bool(kink(array).any()) for name, array in trial.inputs.items() if (kink := arguments[name].kink) is not None
    )


def added(trials: Sequence[Trial], name: str) -> str | None:
    """Tell whether a constant multiple of dout or of an input has been added to a result."""
    for what, array in {"dout": trials[0].dout, **trials[0].inputs}.items():
        if array.shape == trials[0].kept[name].shape and array.dtype.kind == "f":
            factors = [_factor(trial, name, {**trial.inputs, "dout": trial.dout}[what]) for trial in trials]
            found = [factor for factor in factors if factor is not None]
            if len(found) == len(factors) and np.ptp(found) <= 1e-3 * abs(np.mean(found)):
                return f"has {np.mean(found):.3g} times {what} added to it"
    return None


def _factor(trial: Trial, name: str, array: AnyArray) -> float | None:
    """Find the factor by which an array, added to the true result, gives the wrong one."""
    difference = trial.kept[name].astype(np.float64) - trial.truth[name].value
    if array.shape != difference.shape or not np.any(array):
        return None
    factor = float((difference * array).sum() / (array.astype(np.float64) ** 2).sum())
    rest = np.abs(difference - factor * array).max(initial=0)
    return factor if rest <= 1e-3 * np.abs(difference).max(initial=0) else None


def fits_own_forward(trial: Trial) -> bool:
    """Tell by a central difference in one direction whether backward is the derivative of the layer's own forward."""
    inputs, dout = {name: in_float64(each) for name, each in trial.inputs.items()}, in_float64(trial.dout)
    random = np.random.default_rng(0)
    grads = gradients(trial.fresh(copies(inputs), dout.copy()))
    nudges = {name: random.standard_normal(grad.shape) for name, grad in grads.items()}

    def loss(step: float) -> float:
        moved = {name: inputs[name] + step * nudge for name, nudge in nudges.items()}
        run = trial.build({**inputs, **moved})
        return float((dout * trial.forward(run, {**inputs, **moved})).sum())

    step = 1e-5
    numerical = (loss(step) - loss(-step)) / (2 * step)
    terms = [float((grads[name] * nudges[name]).sum()) for name in grads]
    return abs(numerical - sum(terms)) <= 1e-4 * (abs(numerical) + sum(map(abs, terms)))
