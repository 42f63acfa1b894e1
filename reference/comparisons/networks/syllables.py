"""Syllables to learn, letter by letter: which script has a sign for each.

Unicode has a name for every sign, such as ETHIOPIC SYLLABLE QWEE or YI SYLLABLE NZYR, and Python has them all. What
stands behind the script's name is what is read.
"""

import unicodedata
from string import ascii_uppercase

import numpy as np

from reference.comparisons.networks.network import Batch, Task
from reference.comparisons.networks.text import PADDING, padded, without_padding

# what the names of a script's signs begin with, and the places of these signs in Unicode
SCRIPTS = {
    "CANADIAN SYLLABICS ": range(0x1401, 0x1677),
    "ETHIOPIC SYLLABLE ": range(0x1200, 0x135B),
    "HANGUL SYLLABLE ": range(0xAC00, 0xD7A4),
    "YI SYLLABLE ": range(0xA000, 0xA48D),
}
EACH = 256  # syllables of a script


def syllables(start: str, places: range) -> list[str]:
    """Give the syllables of a script that are one word."""
    names = (unicodedata.name(chr(place), "") for place in places)
    found = (name.removeprefix(start) for name in names if name.startswith(start))
    return [syllable for syllable in found if syllable.isalpha()]


def split_syllables(random: np.random.Generator) -> tuple[Batch, Batch]:
    """Draw as many syllables of each script, and hold a fifth of them all back."""
    drawn = [random.choice(syllables(*script), EACH, replace=False) for script in SCRIPTS.items()]
    x, t = padded(np.concatenate(drawn).tolist(), ascii_uppercase), np.repeat(np.arange(len(SCRIPTS)), EACH)
    return Batch(x, t, x != PADDING).split(random)


SYLLABLES = Task(
    "It tells from the letters of a syllable which of four scripts has a sign for it; some are in several.",
    "syllables",
    "syllables held back",
    split_syllables,
    without_padding,
)
