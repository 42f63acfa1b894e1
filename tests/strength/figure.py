"""The figure of the smallest errors caught."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reference.comparisons.figures import style
from tests.baselines.checks import FLOAT32, FLOAT64
from tests.strength.verdicts import OURS

FIGURE = Path(__file__).parents[2] / "reference" / "checkers.svg"
BY_ELEMENT, ALONG_A_VECTOR = "#118a6b", "#b755c4"
LINES = {
    "the book": (BY_ELEMENT, "o-"),
    "ones": (BY_ELEMENT, "s--"),
    "five points": (BY_ELEMENT, "^:"),
    "complex step": (BY_ELEMENT, "D-."),
    "Chainer": (ALONG_A_VECTOR, "x-"),
    "autograd": (ALONG_A_VECTOR, "P--"),
    "check_grads f32": (ALONG_A_VECTOR, "v:"),
    "check_grads f64": (ALONG_A_VECTOR, "*-."),
    "allclose": (style.JAXS, "|-"),
    OURS: (style.OURS, "o-"),
}
# where lines coincide, each can still be told by its marker
BROAD = {"linewidth": 3, "zorder": 1}
HOLLOW = {"markerfacecolor": "none", "markersize": 8}

Job = tuple[str, str, int]
Smallest = Mapping[Job, float | None]


def write_figure(smallest: Smallest, path: Path = FIGURE) -> None:
    """Draw one panel for each dtype."""
    with mpl.rc_context(style.STYLE):
        figure = Figure(figsize=(9, 4.5), layout="constrained")
        panels = figure.subplots(1, 2, sharey=True)
        for panel, dtype in zip(panels, (FLOAT64, FLOAT32), strict=True):
            draw(panel, dtype, smallest)
        panels[0].set_ylabel("smallest relative error caught")
        drawn = {line.get_label(): line for panel in panels for line in panel.get_lines()}
        labels = [name for name in LINES if name in drawn]
        figure.legend([drawn[name] for name in labels], labels, loc="outside right upper", handlelength=3)
        style.save(figure, path)


def draw(panel: Axes, dtype: str, smallest: Smallest) -> None:
    """Draw a line for each check; where it catches nothing, there is none."""
    for name, (color, line) in LINES.items():
        caught = {size: error for (*job, size), error in smallest.items() if job == [name, dtype] and error}
        if caught:
            look = BROAD if name == OURS else HOLLOW
            panel.plot(list(caught), list(caught.values()), line, color=color, label=name, **look)
    panel.set(title=dtype, xscale="log", yscale="log", xlabel="elements of dW", ylim=(1e-16, 1))
