"""How figures look: SVG that reads on a light and on a dark page, the same bytes from the same numbers."""

import re
from io import StringIO
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

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


def draw_both(axes: Axes, x: Any, by_hand: Any, by_jax: Any, width: float) -> None:
    """Draw a broad orange line by hand, and a narrow blue one by JAX on it."""
    axes.plot(x, by_hand, color=OURS, alpha=SOFT, linewidth=4 * width, label="handgrad", solid_capstyle="round")
    axes.plot(x, by_jax, color=JAXS, linewidth=width, label="JAX")


def save(figure: Figure, path: Path) -> None:
    """Write a figure that was drawn in this style: the same bytes from the same numbers."""
    drawn = StringIO()
    figure.savefig(drawn, format="svg", transparent=True, metadata=NO_METADATA)
    path.write_text(re.sub(MORE_DECIMALS, r"\1", drawn.getvalue()), encoding="utf-8")
