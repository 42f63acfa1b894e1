"""The float32 line: functions of one number at every exponent and both signs, against their exact values."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.testing.dtypes import limits
from handgrad.testing.inputs.shapes import LEADING
from handgrad.testing.oracle.agreement import LIMIT
from handgrad.testing.trial import called
from reference.cases import CASES, Case
from reference.comparisons.answers import Truth, exact_truths, float64_truths, jax_answers
from reference.comparisons.page import brief, paragraph, table
from reference.comparisons.ulps import is_normal, ulps

FLOAT32 = np.dtype(np.float32)
TINY = float(limits(FLOAT32).tiny)
EXPONENTS = 255  # 0 is that of the subnormal numbers
MANTISSAS = 256
CHUNK = 2**14
FAR_OFF = 100.0
EXACT_ENOUGH = 2.0**20  # amplified so much, an error of float64 is still a 500th of an ulp of float32

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Errors:
    """Errors along the line: in ulps of the exact result itself, and of what rounding entitles it to."""

    plain: Floats
    allowed: Floats


@dataclass(frozen=True)
class Curve:
    """The value or the derivative of a function along the line. Arrays are (2 * EXPONENTS, MANTISSAS)."""

    case: str
    result: str
    x: npt.NDArray[np.float32]
    exact: Floats
    ours: Errors
    jaxs: Errors

    @property
    def normal(self) -> npt.NDArray[np.bool_]:
        """Tell where neither x nor the exact result lies between 0 and the smallest normal number."""
        return is_normal(self.x, FLOAT32) & is_normal(self.exact, FLOAT32)


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
    return Curve(case.name, called(name), x, truth.value, _errors(got, truth), _errors(jax_got, truth))


def _errors(got: npt.NDArray[np.float32], truth: Truth) -> Errors:
    size = np.abs(truth.value)
    return Errors(ulps(got, truth, size, FLOAT32), ulps(got, truth, np.maximum(size, truth.entitled), FLOAT32))


def _truths(case: Case, x: npt.NDArray[np.float32]) -> dict[str, Truth]:
    """Take float64 for exact, except where cancellation has spoiled it."""
    # of one size, for which JAX compiles once: the last one is filled up with the first numbers
    chunks = np.resize(x.ravel(), (math.ceil(x.size / CHUNK), CHUNK))
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


def section(curves: Sequence[Curve], figures: Sequence[str] = ()) -> str:
    """Say how far the functions of one number are from exact along the line, for the page."""
    header = ["function", "result", "handgrad: worst error in ulps", "JAX: worst error in ulps"]
    rows = [[each.case, each.result, _worst(each, each.ours.plain), _worst(each, each.jaxs.plain)] for each in curves]
    tiny_header = [
        "function",
        "result",
        "numbers",
        "handgrad: off by more than an ulp",
        "JAX: off by more than an ulp",
    ]
    tiny_rows = [
        [each.case, each.result, f"{np.sum(~each.normal):,}", _wrong(each, each.ours), _wrong(each, each.jaxs)]
        for each in curves
    ]
    far_off = "\n".join(sentence for each in curves for sentence in _far_off(each))
    parts = [
        paragraph(_LINE),
        table(header, rows),
        far_off,
        *figures,
        paragraph(_TINY),
        table(tiny_header, tiny_rows),
    ]
    return "\n\n".join(filter(None, parts))


_LINE = f"""\
The functions of one number, at {2 * EXPONENTS * MANTISSAS:,} numbers: {MANTISSAS} of each sign and each exponent of
float32, from 1e-45 to 3e38. An ulp is that of the exact result itself here, however little cancellation leaves of
it."""

_TINY = f"""\
Where x or the exact result lies between 0 and the smallest normal number, {TINY:.2g}, is not in that table, but in
the next. NumPy keeps such numbers, with fewer and fewer digits; XLA takes them for 0 on a CPU."""


def _far_off(curve: Curve) -> Iterator[str]:
    """Say where a curve is far from exact, and whether the rounding in its formula explains it."""
    for name, errors in (("handgrad", curve.ours), ("JAX", curve.jaxs)):
        far = curve.normal & (errors.plain > FAR_OFF)
        if far.any():
            where = f"for x from {curve.x[far].min():.3g} to {curve.x[far].max():.3g}"
            worst = float(errors.allowed[far].max())
            yield f"- {curve.case} in {name}, {curve.result}: off by over {FAR_OFF:.0f} ulps {where}. {_why(worst)}"


def _why(worst: float) -> str:
    if np.isinf(worst):
        return "Something overflows on the way."
    if worst > LIMIT:
        return f"Rounding in the formula does not explain {brief(worst)} of them."
    return f"Cancellation in the formula explains all but {brief(worst)} of them."


def _worst(curve: Curve, errors: Floats) -> str:
    errors = np.where(curve.normal, errors, 0)
    at = np.unravel_index(int(errors.argmax()), errors.shape)
    return f"{brief(float(errors[at]))} at x = {curve.x[at]:.6g}" if errors[at] else "0.00"


def _wrong(curve: Curve, errors: Errors) -> str:
    return f"{np.sum(errors.plain[~curve.normal] > 1):,}"
