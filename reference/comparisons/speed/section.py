"""How fast the layers are: handgrad's time over that of others who do the same work."""

import sys
from collections.abc import Iterator, Sequence

from reference.comparisons.machine import machine
from reference.comparisons.pages.markdown import folded, paragraph, table
from reference.comparisons.speed.turns import TURNS, Timed, measure
from reference.comparisons.speed.works import BOOK, CONTENDERS, EXP, FLOOR, JAX, OURS, WORKS


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
    memory = [[work.work, *(f"{size / 1e6:.2f} MB" for size in work.peaks.values())] for work in works]
    parts = [
        INTRODUCTION,
        folded("Who the others are", OTHERS),
        table(["handgrad's time over that of", *others], rows),
        paragraph(f"{_aims(works)} Measured with {machine()}."),
        "\n".join(_shared_misses(works)),
        folded("Memory", f"{MEMORY}\n\n{table(['work', OURS, BOOK], memory)}"),
    ]
    return "\n\n".join(filter(None, parts))


def _against(work: Timed, other: str) -> str:
    if other not in work.times:
        return ""
    ratio, target = work.ratio(OURS, other), work.targets.get(other)
    if target is None:
        return f"{ratio:.2f}"
    compared = f"{ratio:.2f} ({target:g})"
    return compared if _is_met(ratio, target) else f"**{compared}**"


def _is_met(ratio: float, target: float) -> bool:
    return round(ratio, 2) <= target


def _aims(works: Sequence[Timed]) -> str:
    aims = [
        _is_met(work.ratio(OURS, other), target)
        for work in works
        for other, target in work.targets.items()
        if other in work.times
    ]
    return f"Of {len(aims)} aims, {sum(aims)} are met; the others are **marked**."


def _shared_misses(works: Sequence[Timed]) -> Iterator[str]:
    """Tell where handgrad misses an aim and so does another who does less."""
    for work in works:
        for less, other in ((BOOK, FLOOR), (EXP, JAX)):
            target = work.targets.get(other)
            if target is None or less not in work.times or _is_met(work.ratio(OURS, other), target):
                continue
            ratio = work.ratio(less, other)
            if not _is_met(ratio, target):
                yield f"- {work.work}: {less} misses the aim, too; it takes {ratio:.2f} times as long as {other}."


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
- {EXP} is NumPy's exponential of the same numbers, into an array that is there already. Sigmoid takes it in float64,
  because NumPy's of float32 is off by up to 2.5 ulps; so {EXP} does, too.
- {JAX} is the compiled vector-Jacobian product of our JAX twin, its arguments on its own device beforehand."""

MEMORY = """\
The most memory that NumPy asked for at one time during such a step, results included:"""
