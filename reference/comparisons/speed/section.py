"""How fast the layers are: handgrad's time over that of others who do the same work."""

import sys
from collections.abc import Iterator, Sequence
from statistics import quantiles

from reference.comparisons.machine import machine
from reference.comparisons.pages.markdown import folded, paragraph, table
from reference.comparisons.speed.contenders import BARE, BOOK, CONTENDERS, FLOOR, JAX, OURS, TORCH
from reference.comparisons.speed.turns import TURNS, Timed, measure
from reference.comparisons.speed.works import WORKS


def timed() -> list[Timed]:
    """Time all works, and tell which one it is at."""
    done = []
    for index, make in enumerate(WORKS):
        print(f"timing {make().name}", file=sys.stderr, flush=True)
        done.append(measure(index))
    return done


def section(works: Sequence[Timed]) -> str:
    """Set handgrad's times beside those of the others, and say who misses which aims, for the page."""
    others = [name for name in CONTENDERS if name != OURS and any(name in work.times for work in works)]
    rows = [[work.work, *(_against(work, name) for name in others)] for work in works]
    spreads = [[work.work, *(_spread(work, name) for name in others)] for work in works]
    holders = [name for name in (OURS, BOOK, JAX, TORCH) if any(name in work.peaks for work in works)]
    memory = [[work.work, *(_megabytes(work, name) for name in holders)] for work in works]
    kernels = " and ".join(dict.fromkeys(f"matrix products by {work.kernel}" for work in works))
    parts = [
        INTRODUCTION,
        folded("Who the others are", OTHERS),
        table(["handgrad's time over that of", *others], rows),
        paragraph(f"{_aims(works)} Measured with {machine()}; {kernels}."),
        "\n".join(_reasons(works)),
        folded("Spread", f"{SPREAD}\n\n{table(['middle half of the turns', *others], spreads)}"),
        folded("Memory", f"{MEMORY}\n\n{table(['MB', *holders], memory)}"),
    ]
    return "\n\n".join(filter(None, parts))


def _against(work: Timed, other: str) -> str:
    if other not in work.times:
        return ""
    ratio, target = work.ratio(OURS, other), work.targets.get(other)
    if target is None:
        return f"{ratio:.2f}"
    compared = f"{ratio:.2f} ({target:g})"
    return compared if _is_met(ratio, target) else f"{compared}*"


def _spread(work: Timed, other: str) -> str:
    if other not in work.times:
        return ""
    low, _, high = quantiles(work.ratios(OURS, other), n=4, method="inclusive")
    return f"{low:.3g}–{high:.3g}"


def _is_met(ratio: float, target: float) -> bool:
    return round(ratio, 2) <= target


def _aims(works: Sequence[Timed]) -> str:
    aims = [
        _is_met(work.ratio(OURS, other), target)
        for work in works
        for other, target in work.targets.items()
        if other in work.times
    ]
    return f"Of {len(aims)} aims, {sum(aims)} are met; the others have a *."


def _reasons(works: Sequence[Timed]) -> Iterator[str]:
    """Tell of every aim that is missed who else misses it and does less, or by how much nobody does."""
    for work in works:
        for other, target in work.targets.items():
            if other in work.times and not _is_met(work.ratio(OURS, other), target):
                yield f"- {work.work}: {_reason(work, other, target)}"


def _reason(work: Timed, other: str, target: float) -> str:
    less = [name for name in (FLOOR, BARE, BOOK) if name in work.times and name != other]
    ratios = {name: work.ratio(name, other) for name in less}
    for name, ratio in ratios.items():
        if not _is_met(ratio, target):
            return f"{name} misses the aim, too; it takes {ratio:.2f} times as long as {other}."
    name = BARE if BARE in ratios else less[0]
    return f"{name} takes {ratios[name]:.2f} times as long as {other}; what handgrad takes more is its own."


def _megabytes(work: Timed, name: str) -> str:
    return f"{work.peaks[name] / 1e6:.2f}" if name in work.peaks else ""


INTRODUCTION = f"""\
Forward and backward in float32, on one thread: handgrad's time over that of others who do the same. Below 1 handgrad
is the faster one; in brackets is what it aims at. `python -m reference --speed` measured this: each contender waits
in a process of its own, they take {TURNS} turns, and a ratio is the median over the turns."""

OTHERS = f"""\
- {FLOOR.capitalize()} is what no implementation can do without: the bare matrix products of a network; for the others
  a copy of the bytes that have to move.
- {BOOK.capitalize()} is the code of *Deep Learning from Scratch*, which writes into its arguments, and is given
  labels as one-hot rows. It checks no argument, silences no warning and adds up no bias in float64: where arrays are
  small, that is what handgrad takes longer for.
- Bare NumPy is what of the formula no layer of NumPy's operations can do without, into arrays that are
  there already: for Softmax, and for Silu in float64, the steps alone, without a check, a mask or an infinity; for
  Gelu the two polynomials of Φ in float64; for the normalisations one that centres and scales rows, without gains;
  for SoftmaxWithLoss, Sigmoid and SigmoidWithLoss the exponential, for the last two in float64, because NumPy's of
  float32 is off by up to 2.5 ulps.
- {JAX} is the compiled vector-Jacobian product of JAX's own function, or of our twin where JAX has none, its
  arguments on its own device beforehand. {TORCH}'s gradient of a sum is a view of dout, which costs nothing until
  somebody reads it."""

SPREAD = """\
A quarter of the turns gave a smaller ratio, and a quarter a larger one. Variables of the environment that pin a
library to an older processor's kernels are removed for everybody."""

MEMORY = """\
The most memory that each has at one time during such a step, results included: what NumPy asked for, what JAX's
compiler planned, and what PyTorch's profiler saw."""
