"""The figures of the page: SVG that reads on a light and on a dark page, the same bytes from the same numbers."""

import re
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from reference.cases import Case
from reference.comparisons.answers import jax_answers
from reference.comparisons.digits import Training
from reference.comparisons.sweep import EXPONENTS, Curve

# each has a contrast of 4 or more with white and with the dark #0d1117
GREY, OURS, JAXS = "#797979", "#d1580f", "#2a7de1"
SOFT = 0.65  # lets the blue line stand out from the orange below it
STYLE: Any = {
    "svg.hashsalt": "handgrad",
    "svg.fonttype": "none",
    "font.size": 10,
    "axes.edgecolor": GREY,
    "axes.labelcolor": GREY,
    "axes.titlecolor": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "text.color": GREY,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "legend.frameon": False,
    "grid.color": GREY,
    "grid.alpha": 0.25,
    "axes.grid": True,
    "axes.grid.axis": "y",
}
NO_METADATA = {"Date": None, "Creator": None}
MORE_DECIMALS = r"(\d\.\d\d)\d+"  # a hundredth of a point is small enough, and halves the file
BIAS, LOWEST, HIGHEST = 127, -24, 10  # nearer to 0 and farther out, exponents share a column
LABELS = {"−10³": -1e3, "−1": -1.0, "−10⁻³": -1e-3, "0": 0.0, "10⁻³": 1e-3, "1": 1.0, "10³": 1e3}
FEW_ULPS = 3.0
ALL = 2.0**23  # ulps of float32: the whole of the result

CAPTION = f"""\
The broad orange line is handgrad, the blue one JAX. Below them, the orange area is handgrad's worst error at each
sign and exponent of x, and the blue line JAX's; numbers nearer to 0 than 2^{LOWEST} share a column, and so do those
beyond 2^{HIGHEST}. "all" is the error of a result without a right digit, 2^23 ulps."""


def activation_figure(case: Case, curves: Sequence[Curve], path: Path) -> None:
    """Draw the value and the derivative of a function, by hand and by JAX, and both errors along the float32 line."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 6), layout="constrained")
        axes = figure.subplots(2, 2)
        for (above, below), curve in zip(axes.T, curves, strict=True):
            _draw_function(above, case, curve.result)
            _draw_errors(below, curve)
        axes[0, 0].set_title(f"{case.name}: value")
        axes[0, 1].set_title(f"{case.name}: derivative")
        axes[1, 0].set_title("error of the value, in ulps")
        axes[1, 1].set_title("error of the derivative, in ulps")
        axes[0, 0].legend(loc="upper left")
        save(figure, path)


def _draw_function(axes: Axes, case: Case, result: str) -> None:
    x = np.linspace(-8, 8, 321, dtype=np.float32)
    layer = case.layer()
    by_hand = {"out": layer.forward(x), "dx": layer.backward(np.ones_like(x))}
    by_jax = jax_answers(case.twin, {"x": x}, np.ones_like(x), ("x",))
    _draw_both(axes, x, by_hand[result], by_jax[result.removeprefix("d")], width=1.5)


def _draw_both(axes: Axes, x: Any, by_hand: Any, by_jax: Any, width: float) -> None:
    axes.plot(x, by_hand, color=OURS, alpha=SOFT, linewidth=4 * width, label="handgrad", solid_capstyle="round")
    axes.plot(x, by_jax, color=JAXS, linewidth=width, label="JAX")


def _draw_errors(axes: Axes, curve: Curve) -> None:
    places, (ours, jaxs) = _gathered(
        [np.where(curve.normal, each, 0) for each in (curve.ours.plain, curve.jaxs.plain)]
    )
    axes.fill_between(places, ours, step="mid", color=OURS, alpha=SOFT, linewidth=0)
    axes.plot(places, jaxs, drawstyle="steps-mid", color=JAXS, linewidth=1.5)
    axes.set_xticks([_place(x) for x in LABELS.values()], list(LABELS))
    axes.set_xlabel("x")
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


def digits_figure(training: Training, path: Path) -> None:
    """Draw the losses of both trainings, and the difference of their gradients."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 5.0), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
        steps = np.arange(1, len(training.losses) + 1)
        _draw_both(above, steps, training.losses, training.jax_losses, width=0.8)
        above.set_yscale("log")
        above.set_title("loss of each batch")
        above.legend(loc="upper right")
        below.plot(steps, training.differences, color=OURS, linewidth=0.8)
        below.set_yscale("log")
        below.set_ylim(*_decades(training.differences))
        below.yaxis.set_minor_formatter(NullFormatter())
        below.set_title("largest difference of any entry of any gradient")
        below.set_xlabel("step")
        save(figure, path)


def _decades(numbers: Sequence[float]) -> tuple[float, float]:
    """Give the powers of ten between which all these numbers are, except zeros."""
    logs = np.log10([number for number in numbers if number > 0] or [1.0])
    return 10 ** np.floor(logs.min()), 10 ** np.ceil(logs.max())


def save(figure: Figure, path: Path) -> None:
    """Write a figure that was drawn in this style: the same bytes from the same numbers."""
    drawn = StringIO()
    figure.savefig(drawn, format="svg", transparent=True, metadata=NO_METADATA)
    path.write_text(re.sub(MORE_DECIMALS, r"\1", drawn.getvalue()), encoding="utf-8")
