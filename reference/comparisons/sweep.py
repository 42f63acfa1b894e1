"""The float32 line: functions of one number at every exponent and both signs, against their exact values."""

import math
from dataclasses import dataclass, replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from handgrad.testing.inputs import Argument, Inputs
from handgrad.testing.inputs.axes import LEADING
from handgrad.testing.inputs.drawing import simplest
from handgrad.testing.outputs import called
from handgrad.testing.subject import call_by_name
from reference.cases import Case
from reference.comparisons.answers import Truth, exact_truths, float64_truths, jax_answers, with_options
from reference.comparisons.ulps import is_normal, ulps

FLOAT32 = np.dtype(np.float32)
EXPONENTS = 255  # 0 is that of the subnormal numbers
MANTISSAS = 256
CHUNK = 2**14
EXACT_ENOUGH = 2.0**20  # amplified so much, an error of float64 is still a 500th of an ulp of float32

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Errors:
    """Errors along the line: in ulps of the exact result itself, and of what rounding entitles it to."""

    plain: Floats
    allowed: Floats


@dataclass(frozen=True)
class Curve:
    """The value or the derivative of a function along the line. Arrays are (2 * EXPONENTS, MANTISSAS).

    `inside` tells where x belongs to the function's domain.
    """

    case: str
    result: str
    x: npt.NDArray[np.float32]
    inside: npt.NDArray[np.bool_]
    exact: Floats
    ours: Errors
    jaxs: Errors

    @property
    def normal(self) -> npt.NDArray[np.bool_]:
        """Tell where neither x nor the exact result lies between 0 and the smallest normal number."""
        return self.inside & is_normal(self.x, FLOAT32) & is_normal(self.exact, FLOAT32)

    @property
    def tiny(self) -> npt.NDArray[np.bool_]:
        """Tell where one of them does."""
        return self.inside & ~self.normal


def is_of_one_number(case: Case) -> bool:
    """Tell whether a layer is a function of one number, applied to every element of its only argument."""
    case = at_simplest_options(case)
    if [LEADING in each.axes for each in case.inputs.arguments.values()] != [True]:
        return False
    name, argument = only_argument(case)
    shape = (2, 3) if argument.axes == (LEADING,) else np.shape(case.inputs.typical()[name])
    x = _different_numbers(shape, max(argument.low, -3), min(argument.high, 3))
    same = [np.full_like(x, number) for number in x.ravel()]
    with jax.enable_x64(True):
        whole, *alone = (call_by_name(case.twin, {name: jnp.asarray(each)}) for each in (x, *same))
    if getattr(whole, "shape", None) != x.shape:  # nor is one of several outputs
        return False
    return all(np.allclose(each, number, equal_nan=True) for each, number in zip(alone, whole.ravel(), strict=True))


def _different_numbers(shape: tuple[int, ...], low: float, high: float) -> Floats:
    """Give numbers of a domain in no order, so that it shows where one is moved, or compared with another."""
    places = np.random.default_rng(0).permutation(math.prod(shape)).reshape(shape)
    return low + (high - low) * (places + 0.5) / max(places.size, 1)


def at_simplest_options(case: Case) -> Case:
    """Give a case whose options, such as a slope, are the simplest that are drawn, and no arguments any more."""
    options = simplest(case.inputs.others(case.inputs.pool()[0], FLOAT32)) if case.inputs.has_strategies else {}
    if not options:
        return case
    arguments = {name: each for name, each in case.inputs.arguments.items() if name not in options}
    layer, twin = partial(case.layer, **options), with_options(case.twin, options)
    return replace(case, layer=layer, twin=twin, inputs=Inputs(arguments))


def only_argument(case: Case) -> tuple[str, Argument]:
    """Name the argument of a function of one number, and give its description."""
    (argument,) = case.inputs.arguments.items()
    return argument


def line() -> npt.NDArray[np.float32]:
    """List numbers from the largest negative to the largest positive one: a row for each sign and exponent."""
    exponents = np.arange(EXPONENTS, dtype=np.uint32)[:, np.newaxis] << 23
    mantissas = np.linspace(0, 2**23 - 1, MANTISSAS).astype(np.uint32)
    positive = (exponents | mantissas).view(np.float32)
    return np.concatenate([-positive[::-1, ::-1], positive])


def sweep(case: Case) -> list[Curve]:
    """Follow a function and its derivative along the line, as far as its domain goes."""
    case = at_simplest_options(case)
    name, argument = only_argument(case)
    whole = line()
    x = np.clip(whole, np.float32(argument.low), np.float32(argument.high))
    one = np.ones_like(x)
    layer = case.layer()
    got = {"out": layer.forward(x), name: layer.backward(one)}
    answers = jax_answers(case.twin, {name: x}, one, (name,))
    errors = {
        each: (truth.value, _errors(got[each], truth), _errors(answers[each], truth))
        for each, truth in _truths(case, name, x).items()
    }
    return [Curve(case.name, called(each), x, x == whole, *found) for each, found in errors.items()]


def _errors(got: npt.NDArray[np.float32], truth: Truth) -> Errors:
    size = np.abs(truth.value)
    return Errors(ulps(got, truth, size, FLOAT32), ulps(got, truth, np.maximum(size, truth.entitled), FLOAT32))


def _truths(case: Case, argument: str, x: npt.NDArray[np.float32]) -> dict[str, Truth]:
    """Take float64 for exact, except where cancellation has spoiled it."""
    # of one size, for which JAX compiles once: the last one is filled up with the first numbers
    chunks = np.resize(x.ravel(), (math.ceil(x.size / CHUNK), CHUNK))
    parts = [float64_truths(case.twin, {argument: chunk}, np.ones_like(chunk), (argument,)) for chunk in chunks]
    whole = {name: Truth(*np.hstack([part[name] for part in parts])[:, : x.size]) for name in parts[0]}
    spoiled = {name: _is_spoiled(truth) for name, truth in whole.items()}
    for name, where in spoiled.items():
        if where.any():
            asked = x.ravel()[where]
            exact = exact_truths(case.twin, {argument: asked}, np.ones_like(asked), (argument,))
            whole[name].value[where] = exact[name].value
    return {name: Truth(*(each.reshape(x.shape) for each in truth)) for name, truth in whole.items()}


def _is_spoiled(truth: Truth) -> npt.NDArray[np.bool_]:
    with np.errstate(all="ignore"):
        return np.isfinite(truth.value) & (truth.entitled > EXACT_ENOUGH * np.abs(truth.value))
