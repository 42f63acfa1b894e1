"""What is said of a function of one number along the float32 line."""

from collections.abc import Iterator, Sequence

import numpy as np

from handgrad.testing.dtypes import limits
from handgrad.testing.oracle.agreement import LIMIT
from reference.comparisons.pages.markdown import brief, table
from reference.comparisons.sweep import EXPONENTS, FLOAT32, MANTISSAS, Curve, Errors, Floats

FAR_OFF = 100.0
TINY = float(limits(FLOAT32).tiny)
HEADER = ["result", "handgrad", "at x", "JAX", "at x", "near 0", "off: handgrad", "off: JAX"]

LINE = f"""\
- Along the float32 line, worst errors are those at {MANTISSAS} numbers of each sign and exponent of float32, as far
  as the domain goes: {2 * EXPONENTS * MANTISSAS:,} numbers in all. An ulp is that of the exact result itself here,
  however little cancellation leaves of it. The last columns count the numbers where x or the exact result lies
  between 0 and the smallest normal number, {TINY:.2g}, and those of them where a result is off by more than an ulp.
  NumPy keeps such numbers, with fewer and fewer digits; XLA takes them for 0 on a CPU."""


def along_the_line(curves: Sequence[Curve]) -> str:
    """Say how far a function and its derivative are from exact along the line."""
    rows = [[each.result, *_worst(each, each.ours), *_worst(each, each.jaxs), *_near_0(each)] for each in curves]
    far_off = "\n".join(sentence for each in curves for sentence in _far_off(each))
    return "\n\n".join(filter(None, [table(HEADER, rows), far_off]))


def _worst(curve: Curve, errors: Errors) -> tuple[str, str]:
    plain: Floats = np.where(curve.normal, errors.plain, 0)
    at = np.unravel_index(int(plain.argmax()), plain.shape)
    return (brief(float(plain[at])), f"{curve.x[at]:.6g}") if plain[at] else ("0.00", "")


def _near_0(curve: Curve) -> list[str]:
    wrong = (np.sum(errors.plain[curve.tiny] > 1) for errors in (curve.ours, curve.jaxs))
    return [f"{number:,}" for number in (np.sum(curve.tiny), *wrong)]


def _far_off(curve: Curve) -> Iterator[str]:
    """Say where a curve is far from exact, and whether the rounding in its formula explains it."""
    for name, errors in (("handgrad", curve.ours), ("JAX", curve.jaxs)):
        far = curve.normal & (errors.plain > FAR_OFF)
        if far.any():
            where = f"for x from {curve.x[far].min():.3g} to {curve.x[far].max():.3g}"
            worst = float(errors.allowed[far].max())
            yield f"- {curve.result} in {name} is off by over {FAR_OFF:.0f} ulps {where}. {_why(worst)}"


def _why(worst: float) -> str:
    if np.isinf(worst):
        return "Something overflows on the way."
    if worst > LIMIT:
        return f"Rounding in the formula does not explain {brief(worst)} of them."
    return f"Cancellation in the formula explains all but {brief(worst)} of them."
