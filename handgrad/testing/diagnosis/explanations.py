"""What a wrong result may be instead: explanations to try on many examples, after a property has failed.

An explanation predicts a wrong result, when it is asked to. It is believed if its prediction is right on every
example that fails.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import Any

import numpy as np

from handgrad.testing.diagnosis import upstream
from handgrad.testing.diagnosis.upstream import each_dout, transposed
from handgrad.testing.dtypes import is_floating
from handgrad.testing.inputs.axes import LEADING
from handgrad.testing.oracle import Exact
from handgrad.testing.oracle.agreement import LIMIT, units
from handgrad.testing.outputs import gradients
from handgrad.testing.subject import AnyArray, Results
from handgrad.testing.trial import Trial

Prediction = Callable[[], Exact]
Explanations = Iterator[tuple[str, Prediction]]


def of_gradient(trial: Trial, name: str) -> Explanations:
    """Predict a wrong gradient in every way that we know."""
    want, for_ones = trial.truth[name], cache(partial(_for_douts, trial, name, each_dout(trial, np.ones_like)))
    yield "is always 0", partial(_times, want, 0)
    wrong_factors = factors(trial)
    opposite, minus_one = next(wrong_factors)  # of a difference, the gradient of the other input is the same
    yield opposite, partial(_times, want, minus_one)
    others = {each: exact for each, exact in gradients(trial.truth).items() if each != name}
    alike = {other: exact for other, exact in others.items() if exact.value.shape == want.value.shape}
    for other, exact in alike.items():
        yield f"is the gradient of {other}", partial(_times, exact, 1)
    for what, douts in upstream.mistaken(trial):
        yield what, partial(_for_douts, trial, name, douts)
    for what, factor in wrong_factors:
        yield what, partial(_times, want, factor)
    for what, factor in factors(trial):
        yield f"ignores dout, and {what}", partial(_times_of, for_ones, factor)
    for shift in (-1, 1) if want.value.ndim else ():
        yield "is shifted by one row", partial(_rearranged, want, partial(np.roll, shift=shift, axis=0))
    yield "is transposed", partial(_rearranged, want, transposed)
    yield "is the mean of its elements everywhere", partial(_everywhere, want, np.mean)
    for rounding in (np.trunc, np.rint):
        yield "is rounded to integers", partial(_rounded, want, rounding)
    for what, douts in upstream.of_repeated_labels(trial):
        yield what, partial(_for_douts, trial, name, douts)
    for other, exact in alike.items():
        yield f"holds the gradient of {other}, too", partial(_sum, want, exact)
    for which, array in trial.douts.items():
        if array.shape == want.value.shape:
            dout = Exact(array.astype(np.float64), np.zeros(array.shape))
            yield f"is {which} itself", partial(_times, dout, 1)
            yield f"has {which} added to it", partial(_sum, want, dout)
            yield from _of_elements(trial, name, which)
    yield from at_another_point(trial, name)


def _for_douts(trial: Trial, name: str, douts: Results) -> Exact:
    """Give the gradient for other upstream gradients."""
    return trial.ask(trial.inputs, douts)[name]


def _rounded(exact: Exact, rounding: Callable[[AnyArray], AnyArray]) -> Exact:
    return Exact(rounding(exact.value), exact.entitled)


def _rearranged(exact: Exact, move: Callable[[AnyArray], AnyArray]) -> Exact:
    return Exact(move(exact.value), move(exact.entitled))


def _everywhere(exact: Exact, of: Callable[[AnyArray], Any]) -> Exact:
    """Put the same number everywhere."""
    if not exact.value.size:
        return exact
    return Exact(np.full_like(exact.value, of(exact.value)), np.full_like(exact.entitled, exact.entitled.max()))


SLOPES: dict[str, Callable[[AnyArray], AnyArray]] = {
    "(1 - out²), as for tanh": lambda out: 1 - out**2,
    "out (1 - out), as for a sigmoid, or as the diagonal alone of a softmax's Jacobian": lambda out: out * (1 - out),
    "out, as for exp": lambda out: out,
    "out²": lambda out: out**2,
}
LARGE = 64  # elements for each of which the oracle is not asked


def _of_elements(trial: Trial, name: str, which: str) -> Explanations:
    """Predict a gradient that treats every element of an output by itself."""
    if 0 < trial.douts[which].size <= LARGE:
        yield "has only the diagonal of the Jacobian", partial(_diagonal, trial, name, which)
    for what, slope in SLOPES.items():
        yield f"is {which} {what.replace('out', which[1:])}", partial(_sloped, trial, which, slope)


def _diagonal(trial: Trial, name: str, which: str) -> Exact:
    """Give dout times the diagonal of the Jacobian, for which the oracle is asked row by row."""
    dout, zeros = trial.douts[which].astype(np.float64), each_dout(trial, np.zeros_like)
    units = [{**zeros, which: row.reshape(dout.shape)} for row in np.eye(dout.size)]
    rows = [_for_douts(trial, name, unit) for unit in units]
    value = np.array([row.value.flat[i] for i, row in enumerate(rows)]).reshape(dout.shape)
    entitled = np.array([row.entitled.flat[i] for i, row in enumerate(rows)]).reshape(dout.shape)
    return Exact(dout * value, np.abs(dout) * entitled)


def _sloped(trial: Trial, which: str, slope: Callable[[AnyArray], AnyArray]) -> Exact:
    out, dout = trial.truth[which[1:]], trial.douts[which].astype(np.float64)
    return Exact(dout * slope(out.value), np.abs(dout) * (1 + out.entitled) * (1 + np.abs(out.value)) ** 2)


def of_value(trial: Trial, name: str) -> Explanations:
    """Predict a wrong value."""
    for what, factor in factors(trial):
        yield what, partial(_times, trial.truth[name], factor)
    yield from at_another_point(trial, name)


BOUNDS = (1, 5, 6, 10, 15, 20, 30, 50, 80, 88, 100, 500, 700)  # that people clip to, so that nothing overflows
SMALL = (1e-12, 1e-10, 1e-8, 1e-7, 1e-6, 1e-5)  # that people add, so that nothing is divided by 0


def at_another_point(trial: Trial, name: str) -> Explanations:
    """Evaluate where one of the inputs is mistaken for something else."""
    for other, array in trial.inputs.items():
        for what, mistaken in _mistaken_for(trial, other, array).items():
            predict = partial(_moved, trial, name, other, mistaken)
            same = np.array_equal(mistaken, array)  # which need not be asked again
            yield f"is what it would be for {what}", partial(_times, trial.truth[name], 1) if same else predict


def _moved(trial: Trial, name: str, other: str, mistaken: AnyArray) -> Exact:
    """Give the result for something else in the place of an input."""
    return trial.ask({**trial.inputs, other: np.asarray(mistaken)}, trial.douts)[name]


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
        f"a transposed {name}": transposed(array),
        f"|{name}|": np.abs(array),
        f"a {name} of ones": np.ones_like(array),
        **{f"{name} clipped to [-{bound}, {bound}]": np.clip(array, -bound, bound) for bound in BOUNDS},
        **{f"{name} + {small}": array + array.dtype.type(small) for small in SMALL},
        **{what: np.broadcast_to(each, array.shape) for what, each in others.items()},
    }


def factors(trial: Trial) -> Iterator[tuple[str, float]]:
    """List wrong constant factors, -1 first; among them are the lengths of the axes."""
    for factor in (-1, 2, 0.5, -2, -0.5):
        yield f"is {factor} times what it should be", factor
    for what, number in divisors(trial).items():
        if number > 0:
            yield f"is {what} times what it should be", number
            yield f"is divided by {what}", 1 / number
            yield f"is divided by the square root of {what}", number**-0.5
            yield f"is divided by {what} + 1, not by {what}", number / (number + 1)
        if number > 1:
            yield f"is divided by {what} - 1, not by {what}", number / (number - 1)
    for mask, counting in _counting(trial).items():
        for what, number in divisors(trial).items():
            if number > 0:
                yield f"is divided by {what}, not by {mask}", counting / number


def _times(exact: Exact, factor: float) -> Exact:
    return Exact(factor * exact.value, abs(factor) * exact.entitled)


def _times_of(predict: Prediction, factor: float) -> Exact:
    return _times(predict(), factor)


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
    outputs = {f"{name[1:]}.size": float(dout.size) for name, dout in trial.douts.items()}
    return {**axes, **_counting(trial), **rows, **sizes, **outputs}


def _counting(trial: Trial) -> dict[str, float]:
    """Tell how much each mask lets through."""
    return {f"{name}.sum()": float(each.sum()) for name, each in trial.inputs.items() if each.dtype == np.bool_}


def explain(trials: Sequence[Trial], name: str, explanations: Callable[[Trial, str], Explanations]) -> str | None:
    """Find the explanation that predicts a result in all of these examples, in at least one by more than chance."""
    left: dict[str, bool] | None = None
    for trial in trials:
        told: dict[str, bool] = {}
        got, want = trial.kept[name], trial.truth[name].value.astype(trial.dtype)
        for what, predict in explanations(trial, name):
            if (left is None or what in left) and near(got, predicted := predict(), trial.dtype):
                told[what] = not near(want, predicted, trial.dtype)
        left = told if left is None else {what: left[what] or differs for what, differs in told.items()}
        if not left:
            return None
    return next((what for what, differs in (left or {}).items() if differs), None)


def near(got: AnyArray, predicted: Exact, dtype: np.dtype[Any]) -> bool:
    """Tell whether a prediction is right but for rounding."""
    return got.shape == predicted.value.shape and bool(np.all(units(got, predicted, dtype) <= LIMIT))
