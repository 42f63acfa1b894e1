"""The page about the networks that learn, and their figures."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from reference.comparisons.figures.style import GREY, OURS, STYLE, draw_both, save
from reference.comparisons.networks.network import Numbers
from reference.comparisons.pages.markdown import FIGURES, PAGES, paragraph, table
from reference.comparisons.training import Training

PAGE = PAGES / "networks.md"


def facts(training: Training) -> list[tuple[str, str, str]]:
    """List what came of both trainings: what it is, in handgrad, in JAX."""
    ours, jaxs = training.last_losses
    return [
        ("mean loss of the last epoch", f"{ours:.6f}", f"{jaxs:.6f}"),
        ("loss of the frequencies alone (unigram)", f"{training.loss_of_frequencies:.6f}", ""),
        (
            f"accuracy on {training.read} {training.network.task.reads}",
            f"{training.accuracy:.2%}",
            f"{training.jax_accuracy:.2%}",
        ),
        ("largest difference of any loss", f"{np.max(np.abs(training.losses - training.jax_losses)):.2g}", ""),
        ("largest difference of any gradient", f"{np.max(training.differences):.2g}", ""),
        ("largest difference, masked or left out", f"{np.max(training.masked_differences):.2g}", ""),
    ]


def networks_page(trainings: Sequence[Training]) -> str:
    """Say how the trainings went."""
    sections = [part for training in trainings for part in _section(training)]
    return "\n\n".join([_TITLE, *map(paragraph, _INTRODUCTION), *sections, _COMMAND, ""])


def _section(training: Training) -> list[str]:
    network = training.network
    trained = f"""\
{network.layers}. {network.task.about} It learns from {training.learnt:,} {network.task.learns}, in
{len(training.losses):,} steps of {network.batch}."""
    figure = f"![{_DRAWN}](figures/{network.figure})"
    return [f"## {network.name}", paragraph(trained), figure, table(["", "handgrad", "JAX"], facts(training))]


_TITLE = "# Networks that learn"
_INTRODUCTION = (
    """\
Each network is trained twice, from the same weights and on the same batches: by handgrad's gradients and by JAX's.
Nothing is shared after the start. All is in float64. At the end both networks read what is named below; beside
their losses stands that of whoever knows nothing but how frequent each answer is.""",
    """\
At every step, handgrad's gradients are compared with JAX's. What masks do is compared, too, within handgrad: of
digits a quarter is masked, or left out; of sequences some are padded to the longest there is, or taken by their
lengths. Both must give the same loss and the same gradients.""",
)
_COMMAND = "`python -m reference --write` trains all and writes this page. [All comparisons](README.md)."
_DRAWN = "Both losses, step by step, and below them the largest difference of the gradients"


def figure_of(training: Training) -> Path:
    """Tell where the figure of a training is."""
    return FIGURES / training.network.figure


def training_figure(training: Training, path: Path) -> None:
    """Draw the losses of both trainings, and the difference of their gradients."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 5.0), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
        steps = np.arange(1, len(training.losses) + 1)
        above.axhline(
            training.loss_of_frequencies, color=GREY, linewidth=0.8, linestyle="--", label="frequencies alone"
        )
        draw_both(above, steps, training.losses, training.jax_losses, width=0.8)
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


def _decades(numbers: Numbers) -> tuple[float, float]:
    """Give the powers of ten between which all these numbers are, except zeros."""
    logs = np.log10([number for number in numbers if number > 0] or [1.0])
    return 10 ** np.floor(logs.min()), 10 ** np.ceil(logs.max())
