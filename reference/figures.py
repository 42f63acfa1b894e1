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

from reference.answers import jax_answers
from reference.cases import Case
from reference.digits import Training
from reference.sweep import EXPONENTS, Curve

# each has a contrast of 4 or more with white and with the dark #0d1117
GREY, OURS, JAXS = "#797979", "#d1580f", "#2a7de1"
STYLE: Any = {
    "svg.hashsalt": "handgrad",
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
TOTAL = 2.0**23  # ulps of float32: the whole of the result


def activation_figure(case: Case, curves: Sequence[Curve], path: Path) -> None:
    """Draw the value and the derivative of a function, by hand and by JAX, and both errors along the float32 line."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 5.4), layout="constrained")
        axes = figure.subplots(2, 2, height_ratios=[3, 2])
        for (above, below), curve in zip(axes.T, curves, strict=True):
            _draw_function(above, case, curve.result)
            _draw_errors(below, curve)
        axes[0, 0].set_title(f"{case.name}: value")
        axes[0, 1].set_title(f"{case.name}: derivative")
        axes[0, 0].legend(loc="upper left")
        axes[1, 0].set_ylabel("error in ulps")
        _save(figure, path)


def _draw_function(axes: Axes, case: Case, result: str) -> None:
    x = np.linspace(-8, 8, 321, dtype=np.float32)
    layer = case.layer()
    by_hand = {"out": layer.forward(x), "dx": layer.backward(np.ones_like(x))}
    by_jax = jax_answers(case.twin, {"x": x}, np.ones_like(x), ("x",))
    _draw_both(axes, x, by_hand[result], by_jax[result.removeprefix("d") if result != "out" else "out"])


def _draw_both(axes: Axes, x: Any, by_hand: Any, by_jax: Any) -> None:
    axes.plot(x, by_hand, color=OURS, linewidth=4, label="handgrad, by hand", solid_capstyle="round")
    axes.plot(x, by_jax, color=JAXS, linewidth=1.5, linestyle=(0, (4, 3)), label="jax.vjp")


def _draw_errors(axes: Axes, curve: Curve) -> None:
    places = np.arange(2 * EXPONENTS) - EXPONENTS + 0.5
    for errors, color, width in ((curve.errors, OURS, 2.5), (curve.jax_errors, JAXS, 1.0)):
        axes.plot(places, np.minimum(errors, 2 * TOTAL).max(axis=1), color=color, linewidth=width)
    axes.set_yscale("symlog", linthresh=2, linscale=1.5)
    axes.set_ylim(-0.1, 4 * TOTAL)
    axes.set_yticks([0, 0.5, 1, 2, 1e3, 1e6], ["0", "½", "1", "2", "1e3", "1e6"])
    axes.set_yticks([], minor=True)
    powers = [-1e30, -1.0, -1e-30, 0.0, 1e-30, 1.0, 1e30]
    axes.set_xticks([_place(x) for x in powers], [f"{x:g}".replace("-", "−") for x in powers])
    axes.set_xlabel("x, every exponent of float32")


def _place(x: float) -> float:
    """Find a number's place on the axis: exponents stand side by side, the negative ones to the left."""
    exponent = np.frexp(abs(x))[1] + 126 if x else 0
    return float(np.sign(x) * exponent)


def digits_figure(training: Training, path: Path) -> None:
    """Draw the losses of both trainings, and the difference of their gradients."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 5.0), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
        steps = np.arange(1, len(training.losses) + 1)
        _draw_both(above, steps, training.losses, training.jax_losses)
        above.set_yscale("log")
        above.set_title("loss of each batch")
        above.legend(loc="upper right")
        below.plot(steps, training.differences, color=OURS, linewidth=0.8)
        below.set_yscale("log")
        below.set_title("largest difference of any entry of any gradient")
        below.set_xlabel("step")
        _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    drawn = StringIO()
    figure.savefig(drawn, format="svg", transparent=True, metadata=NO_METADATA)
    path.write_text(re.sub(MORE_DECIMALS, r"\1", drawn.getvalue()), encoding="utf-8")
