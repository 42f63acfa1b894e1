"""The figure of the smallest errors caught: same bytes from same numbers, readable on light and dark pages."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.baselines.checks import FLOAT32, FLOAT64
from tests.strength.verdicts import NAMES, OURS

FIGURE = Path(__file__).parents[2] / "reference" / "checkers.svg"
INK = "#808080"  # as far from white as from black
COLOURS = ("#d1495b", "#b8860b", "#2e8b57", "#3b8ea5", "#8d6cab", "#c2699b", "#7a8b3c", "#5b7fd1", "#c8703a")
STYLE = {
    "svg.hashsalt": "handgrad",  # names in the file are drawn from it
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "font.size": 9,
}

Smallest = Mapping[tuple[str, str, int], float | None]


def write_figure(smallest: Smallest, path: Path = FIGURE) -> None:
    """Draw one panel for each dtype."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9, 4.2), layout="constrained")
        panels = figure.subplots(1, 2, sharey=True)
        for panel, dtype in zip(panels, (FLOAT64, FLOAT32), strict=True):
            draw(
                panel,
                dtype,
                {(name, size): error for (name, there, size), error in smallest.items() if there == dtype},
            )
        panels[0].set_ylabel("smallest relative error caught")
        drawn = {str(line.get_label()): line for panel in panels for line in panel.get_lines()}
        labels = [name for name in NAMES if name in drawn]
        figure.legend([drawn[name] for name in labels], labels, loc="outside right upper", frameon=False)
        figure.savefig(path, format="svg", transparent=True, metadata={"Date": None})


def draw(panel: Axes, dtype: str, smallest: Mapping[tuple[str, int], float | None]) -> None:
    """Draw a line for each check; where it catches nothing, there is none."""
    for name, colour in zip(NAMES, (*COLOURS, INK), strict=True):
        caught = {size: error for (each, size), error in smallest.items() if each == name and error is not None}
        width, marker = (3, "o") if name == OURS else (1.5, ".")
        if caught:
            panel.plot(list(caught), list(caught.values()), marker, ls="-", lw=width, color=colour, label=name)
    panel.set(title=dtype, xscale="log", yscale="log", xlabel="elements of dW", ylim=(1e-16, 1))
    panel.grid(color=INK, alpha=0.25)
    panel.patch.set_alpha(0)
