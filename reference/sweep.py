"""The float32 line: functions of one number at every exponent and both signs, against their exact values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.testing.dtypes import limits
from handgrad.testing.shapes import LEADING
from handgrad.testing.trial import called
from reference.answers import Truth, exact_truths, float64_truths, jax_answers
from reference.cases import CASES, Case
from reference.page import brief, table
from reference.ulps import ulps

FLOAT32 = np.dtype(np.float32)
TINY = float(limits(FLOAT32).tiny)
EXPONENTS = 255  # 0 is that of the subnormal numbers
MANTISSAS = 256
CHUNK = 2**14
EXACT_ENOUGH = 2.0**20  # amplified so much, an error of float64 is still a 500th of an ulp of float32

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """The value or the derivative of a function along the line, (2 * EXPONENTS, MANTISSAS) each.

    `errors` and `jax_errors` are in ulps of the exact result itself.
    """

    case: str
    result: str
    x: npt.NDArray[np.float32]
    exact: Floats
    got: npt.NDArray[np.float32]
    jax_got: npt.NDArray[np.float32]
    errors: Floats
    jax_errors: Floats

    @property
    def normal(self) -> npt.NDArray[np.bool_]:
        """Tell where neither x nor the exact result lies between 0 and the smallest normal number."""
        tiny = [(np.abs(each) < TINY) & (each != 0) for each in (self.x, self.exact)]
        return ~(tiny[0] | tiny[1])


def elementwise_cases() -> list[Case]:
    """Find the functions of one number in the table."""
    return [case for case in CASES if [each.axes for each in case.inputs.arguments.values()] == [(LEADING,)]]


def line() -> npt.NDArray[np.float32]:
    """List numbers from the largest negative to the largest positive one: a row for each sign and exponent."""
    exponents = np.arange(EXPONENTS, dtype=np.uint32)[:, np.newaxis] << 23
    mantissas = np.linspace(0, 2**23 - 1, MANTISSAS).astype(np.uint32)
    positive = (exponents | mantissas).view(np.float32)
    return np.concatenate([-positive[::-1, ::-1], positive])


def sweep(case: Case) -> list[Curve]:
    """Follow a function and its derivative along the line."""
    x = line()
    one = np.ones_like(x)
    layer = case.layer()
    got = {"out": layer.forward(x), "x": layer.backward(one)}
    answers = jax_answers(case.twin, {"x": x}, one, ("x",))
    return [_curve(case, name, x, got[name], answers[name], truth) for name, truth in _truths(case, x).items()]


def _curve(case: Case, name: str, x: Any, got: Any, jax_got: Any, truth: Truth) -> Curve:
    size = np.abs(truth.value)
    errors, jax_errors = (ulps(each, truth, size, FLOAT32) for each in (got, jax_got))
    return Curve(case.name, called(name), x, truth.value, got, jax_got, errors, jax_errors)


def _truths(case: Case, x: npt.NDArray[np.float32]) -> dict[str, Truth]:
    """Take float64 for exact, except where cancellation has spoiled it."""
    chunks = np.resize(x.ravel(), (-(-x.size // CHUNK), CHUNK))
    parts = [float64_truths(case.twin, {"x": chunk}, np.ones_like(chunk), ("x",)) for chunk in chunks]
    whole = {name: Truth(*np.hstack([part[name] for part in parts])[:, : x.size]) for name in parts[0]}
    return {name: _refined(case, name, x.ravel(), truth, x.shape) for name, truth in whole.items()}


def _refined(case: Case, name: str, x: Any, truth: Truth, shape: tuple[int, ...]) -> Truth:
    with np.errstate(all="ignore"):
        spoiled = np.isfinite(truth.value) & (truth.entitled > EXACT_ENOUGH * np.abs(truth.value))
    if spoiled.any():
        spoiled_x = x[spoiled]
        truth.value[spoiled] = exact_truths(case.twin, {"x": spoiled_x}, np.ones_like(spoiled_x), ("x",))[name].value
    return Truth(*(each.reshape(shape) for each in truth))


def section(curves: Sequence[Curve]) -> str:
    """Say how far the functions of one number are from exact along the line, for the page."""
    header = ["function", "result", "numbers", "handgrad: worst error in ulps", "JAX: worst error in ulps"]
    rows = [
        [
            curve.case,
            curve.result,
            f"{int(curve.normal.sum()):,}",
            _worst(curve, curve.errors),
            _worst(curve, curve.jax_errors),
        ]
        for curve in curves
    ]
    return "\n\n".join([_LINE, table(header, rows)])


_LINE = f"""\
The functions of one number, at {MANTISSAS} numbers of each sign and each exponent of float32, so from 1e-38 to 3e38.
An ulp is here that of the exact result itself, however little is left of it."""


def _worst(curve: Curve, errors: Floats) -> str:
    errors = np.where(curve.normal, errors, 0)
    at = np.unravel_index(int(errors.argmax()), errors.shape)
    return f"{brief(float(errors[at]))} at x = {curve.x[at]:.6g}" if errors[at] else "0"
