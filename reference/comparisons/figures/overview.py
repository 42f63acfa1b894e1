"""The picture of all layers at once: the worst error of each, and JAX's, on one scale."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reference.comparisons.figures.style import GREY, JAXS, OURS, STYLE, save

HALF = 0.5  # below it, the scale is linear
TICKS = {0: "0", HALF: "½", 1: "1", 2: "2", 5: "5"} | {10**power: f"{10**power:,}" for power in range(1, 9)}
OVERFLOWS = "inf"
MARGIN = 0.1  # left of 0, lest a mark hide a name
A_ROW, AROUND = 0.24, 1.0  # inches


class Worst(NamedTuple):
    """A layer, its worst error, and JAX's."""

    layer: str
    ours: float
    jaxs: float


def overview(families: Mapping[str, Sequence[Worst]], about: str, path: Path) -> None:
    """Draw a row for each layer, below the name of its family: an orange mark for handgrad, a blue one for JAX."""
    names = [name for family, layers in families.items() for name in (family, *(each.layer for each in layers))]
    errors = {each.layer: (each.ours, each.jaxs) for layers in families.values() for each in layers}
    with mpl.rc_context({**STYLE, "axes.grid.axis": "x", "axes.spines.left": False, "ytick.major.size": 0}):
        figure = Figure(figsize=(9, AROUND + A_ROW * len(names)), layout="constrained")
        axes = figure.subplots()
        edge = _scale(axes, [error for both in errors.values() for error in both])
        places = [place for place, name in enumerate(names) if name in errors]
        ours, jaxs = np.minimum([errors[names[place]] for place in places], edge).T
        axes.hlines(places, np.minimum(ours, jaxs), np.maximum(ours, jaxs), color=GREY, linewidth=1, zorder=1)
        axes.plot(ours, places, "o", color=OURS, markersize=9, label="handgrad", clip_on=False)
        axes.plot(jaxs, places, "o", color=JAXS, markersize=4.5, label="JAX", clip_on=False)
        axes.axvline(HALF, color=GREY, linewidth=1.5, linestyle="--", zorder=1)
        axes.set_xlabel(about)
        _name_rows(axes, names, set(families))
        figure.legend(loc="outside upper right", ncols=2)
        save(figure, path)


def _scale(axes: Axes, errors: Sequence[float]) -> float:
    """Make room for all errors, and for those that are infinite at the edge, which is given back."""
    largest = max((error for error in errors if math.isfinite(error)), default=1.0)
    edge = 2 * max(10.0, largest)
    ticks = {at: label for at, label in TICKS.items() if at < edge / 1.5}
    if math.inf in errors:
        ticks[edge] = OVERFLOWS
    axes.set_xscale("symlog", linthresh=HALF, linscale=0.4)
    axes.set_xlim(-MARGIN, edge)
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.set_xticks([], minor=True)
    axes.tick_params(top=True, labeltop=True)
    return edge


def _name_rows(axes: Axes, names: Sequence[str], families: set[str]) -> None:
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), names)
    for label in axes.get_yticklabels():
        if label.get_text() in families:
            label.set_fontweight("bold")
