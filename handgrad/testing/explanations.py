"""What a wrong result may be instead: explanations to try on many examples, after a property has failed.

An explanation predicts a wrong result. It is believed if its prediction is right on every example that fails.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from handgrad.testing.agreement import LIMIT, units
from handgrad.testing.dtypes import is_floating
from handgrad.testing.oracle import Exact
from handgrad.testing.shapes import LEADING
from handgrad.testing.subject import AnyArray
from handgrad.testing.trial import Trial

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
    yield "is the mean of its elements everywhere", _everywhere(want, np.mean)
    yield "is rounded to integers", Exact(np.trunc(want.value), want.entitled)
    yield "is rounded to integers", Exact(np.rint(want.value), want.entitled)
    yield from _of_repeated_labels(trial, name)
    for other, exact in trial.truth.items():
        if other not in (name, "out") and exact.value.shape == want.value.shape:
            yield f"is the gradient of {other}", exact
            yield f"holds the gradient of {other}, too", _sum(want, exact)
    if trial.dout.shape == want.value.shape:
        dout = Exact(trial.dout.astype(np.float64), np.zeros(trial.dout.shape))
        yield "is dout itself", dout
        yield "has dout added to it", _sum(want, dout)
        yield from _of_elements(trial, name)
    yield from at_another_point(trial, name)


def _everywhere(exact: Exact, of: Callable[[AnyArray], Any]) -> Exact:
    """Put the same number everywhere."""
    if not exact.value.size:
        return exact
    return Exact(np.full_like(exact.value, of(exact.value)), np.full_like(exact.entitled, exact.entitled.max()))


def _of_repeated_labels(trial: Trial, name: str) -> Explanations:
    """Predict what comes of assigning where one should add."""
    for labels, array in trial.inputs.items():
        if array.dtype.kind in "iu" and array.ndim == 1 and len(array) and array.shape == trial.dout.shape[:1]:
            for which, order in {"last": -1, "first": 1}.items():
                _, kept = np.unique(array[::order], return_index=True)
                dout = np.zeros_like(trial.dout[::order])
                dout[kept] = trial.dout[::order][kept]
                exact = trial.ask(trial.inputs, dout[::order])[name]
                yield f"hears only the {which} row of dout where a label in {labels} is repeated", exact


SLOPES: dict[str, Callable[[AnyArray], AnyArray]] = {
    "(1 - out²), as for tanh": lambda out: 1 - out**2,
    "out (1 - out), as for a sigmoid": lambda out: out * (1 - out),
    "out, as for exp": lambda out: out,
    "out²": lambda out: out**2,
}
LARGE = 64  # elements for each of which the oracle is not asked


def _of_elements(trial: Trial, name: str) -> Explanations:
    """Predict a gradient that treats every element by itself."""
    out, dout = trial.truth["out"], trial.dout.astype(np.float64)
    if 0 < dout.size <= LARGE:
        rows = [trial.ask(trial.inputs, row.reshape(dout.shape))[name] for row in np.eye(dout.size)]
        value, entitled = (
            dout * np.array([getattr(row, what).ravel()[i] for i, row in enumerate(rows)]).reshape(dout.shape)
            for what in ("value", "entitled")
        )
        yield "has only the diagonal of the Jacobian", Exact(value, np.abs(entitled))
    for what, slope in SLOPES.items():
        entitled = np.abs(dout) * (1 + out.entitled) * (1 + np.abs(out.value)) ** 2
        yield f"is dout {what}", Exact(dout * slope(out.value), entitled)


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
            yield f"is divided by {what} + 1, not by {what}", _times(want, number / (number + 1))
        if number > 1:
            yield f"is divided by {what} - 1, not by {what}", _times(want, number / (number - 1))
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
