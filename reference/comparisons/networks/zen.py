"""The Zen of Python to learn by heart: after each character of a line, which one comes next."""

import codecs
from contextlib import redirect_stdout
from io import StringIO

import numpy as np

from reference.comparisons.networks.network import Batch, Task
from reference.comparisons.networks.text import PADDING, padded, without_padding

END = "\n"  # stands before a line, too


def zen() -> list[str]:
    """Give the lines of the Zen of Python, which importing it would print."""
    with redirect_stdout(StringIO()):
        import this
    return [line for line in codecs.decode(this.s, "rot13").splitlines() if line]


LINES = zen()
ALPHABET = "".join(sorted({END, *"".join(LINES)}))


def lines(_: np.random.Generator) -> tuple[Batch, Batch]:
    """Give every line twice, to be learnt and to be read: each character, and the one that comes next."""
    x, t = padded([END + line for line in LINES], ALPHABET), padded([line + END for line in LINES], ALPHABET)
    whole = Batch(x, t, x != PADDING, x != PADDING)
    return whole, whole


ZEN = Task(
    "It tells which character comes next in the Zen of Python. Lines are too few to hold any back.",
    "lines",
    "lines, the same",
    lines,
    without_padding,
)
