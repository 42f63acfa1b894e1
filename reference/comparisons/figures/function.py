"""The figure of a function of one number: value and slope by hand and by JAX, and below them the errors of both."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reference.cases import Case
from reference.comparisons.answers import jax_answers
from reference.comparisons.figures.style import JAXS, OURS, SOFT, STYLE, draw_both, save
from reference.comparisons.sweep import EXPONENTS, Curve, at_simplest_options, only_argument

BIAS, LOWEST, HIGHEST = 127, -24, 10  # nearer to 0 and farther out, exponents share a column
LABELS = {"−10³": -1e3, "−1": -1.0, "−10⁻³": -1e-3, "0": 0.0, "10⁻³": 1e-3, "1": 1.0, "10³": 1e3}
FAR, HIGH = 8.0, 12.0  # how far x goes, and the value and the slope where they go beyond
FEW_ULPS = 3.0
ALL = 2.0**23  # ulps of float32: the whole of the result

CAPTION = f"""\
- In a figure, the broad orange line is handgrad, the blue one JAX. Below them, the orange area is handgrad's worst
  error at each sign and exponent of x, and the blue line JAX's; numbers nearer to 0 than 2^{LOWEST} share a column,
  and so do those beyond 2^{HIGHEST}. "all" is the error of a result without a right digit, 2^23 ulps."""


def function_figure(case: Case, curves: Sequence[Curve], path: Path) -> None:
    """Draw the value and the slope of a function, by hand and by JAX, and both errors along the float32 line."""
    case = at_simplest_options(case)
    named = ", ".join(
        [case.name, *(f"{name} = {each}" for name, each in getattr(case.layer, "keywords", {}).items())]
    )
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 6), layout="constrained")
        axes = figure.subplots(2, 2)
        for (above, below), curve in zip(axes.T, curves, strict=True):
            _draw_function(above, case, curve.result)
            _draw_errors(below, curve)
        axes[0, 0].set_title(f"{named}: value")
        axes[0, 1].set_title(f"{named}: slope")
        axes[1, 0].set_title("error of the value, in ulps")
        axes[1, 1].set_title("error of the slope, in ulps")
        axes[0, 0].legend(loc="best")
        save(figure, path)


def _draw_function(axes: Axes, case: Case, result: str) -> None:
    name, argument = only_argument(case)
    low, high = shown_range(argument.low, argument.high)
    x = np.linspace(low, high, 321, dtype=np.float32)
    layer = case.layer()
    by_hand = {"out": layer.forward(x), "dx": layer.backward(np.ones_like(x))}
    by_jax = jax_answers(case.twin, {name: x}, np.ones_like(x), (name,))
    y = by_hand["out" if result == "out" else "dx"]
    draw_both(axes, x, y, by_jax[result.removeprefix("d")], width=1.5)
    shown = np.clip(y[np.isfinite(y)], -HIGH, HIGH)
    margin = 0.05 * (np.ptp(shown) or 1)
    axes.set_ylim(shown.min() - margin, shown.max() + margin)


def shown_range(low: float, high: float) -> tuple[float, float]:
    """Choose what is shown of a domain: around 0, as far as the domain goes."""
    return max(low, min(-FAR, high - 2 * FAR)), min(high, max(FAR, low + 2 * FAR))


def _draw_errors(axes: Axes, curve: Curve) -> None:
    errors = [np.where(curve.normal, each.plain, 0) for each in (curve.ours, curve.jaxs)]
    places, (ours, jaxs) = _gathered([np.minimum(each, 2 * ALL) for each in errors])
    axes.fill_between(places, ours, step="mid", color=OURS, alpha=SOFT, linewidth=0)
    axes.plot(places, jaxs, drawstyle="steps-mid", color=JAXS, linewidth=1.5)
    axes.set_xticks([_place(x) for x in LABELS.values()], list(LABELS))
    axes.set_xlabel("x")
    inside = curve.x[curve.inside]
    axes.set_xlim(*(np.clip(_place(x), places[0] - 0.5, places[-1] + 0.5) for x in (inside.min(), inside.max())))
    if not max(*ours, *jaxs):
        axes.text(0.5, 0.5, "0 for every x, in both", ha="center", va="center", transform=axes.transAxes)
    if max(*ours, *jaxs) <= FEW_ULPS:
        axes.set_ylim(-0.05, FEW_ULPS)
    else:
        axes.set_yscale("symlog", linthresh=2, linscale=2)
        axes.set_ylim(-0.05, 2 * ALL)
        axes.set_yticks([0, 1, 2, 10, 1e3, 1e5, ALL], ["0", "1", "2", "10", "10³", "10⁵", "all"])
        axes.set_yticks([], minor=True)


def _gathered(errors: Sequence[Any]) -> tuple[list[float], list[list[float]]]:
    """Take the worst errors of each column of the figure: a sign and an exponent, or the many at either end."""
    columns = np.clip(np.arange(EXPONENTS) - BIAS, LOWEST, HIGHEST) - LOWEST + 0.5
    columns = np.concatenate([-columns[::-1], columns])
    places = np.unique(columns)
    return list(places), [[each[columns == place].max() for place in places] for each in errors]


def _place(x: float) -> float:
    """Find a number's place on the axis: exponents stand side by side, the negative numbers to the left."""
    return float(np.sign(x) * (np.log2(abs(x)) - LOWEST)) if x else 0.0
