"""An LSTM that reads a syllable letter by letter, and tells which script has a sign for it.

Unicode has a name for every sign, such as ETHIOPIC SYLLABLE QWEE or YI SYLLABLE NZYR, and Python has them all. What
stands behind the script's name is what is read.
"""

import unicodedata
from collections.abc import Mapping
from string import ascii_uppercase
from typing import Any

import numpy as np
import numpy.typing as npt

import handgrad
from reference.affine import affine
from reference.comparisons.networks.network import Batch, Mask, Net, Network, Numbers, Params, Task
from reference.comparisons.networks.text import PADDING, padded, without_padding
from reference.embedding import embedding
from reference.lstm import lstm

# what the names of a script's signs begin with, and the places of these signs in Unicode
SCRIPTS = {
    "CANADIAN SYLLABICS ": range(0x1401, 0x1677),
    "ETHIOPIC SYLLABLE ": range(0x1200, 0x135B),
    "HANGUL SYLLABLE ": range(0xAC00, 0xD7A4),
    "YI SYLLABLE ": range(0xA000, 0xA48D),
}
EACH = 256  # syllables of a script
WIDTH, STATE = 16, 32


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


class Recurrent:
    """Vectors of letters, an LSTM, and an affine map of its last state."""

    def __init__(self, params: Params) -> None:
        look_up, tell = handgrad.Embedding(params["E"]), handgrad.Affine(params["W"], params["b"])
        self.layers = (look_up, handgrad.Lstm(params["Wx"], params["Wh"], params["bh"]), tell)

    def forward(self, x: npt.NDArray[Any], mask: Mask = None) -> Numbers:
        """Compute the scores."""
        look_up, remember, tell = self.layers
        self.states, last, _ = remember.forward(look_up.forward(x, mask), mask=mask)
        return np.asarray(tell.forward(last))

    def backward(self, dscores: Numbers) -> None:
        """Go back from the scores to the vectors: of all states, the last alone was used."""
        look_up, remember, tell = self.layers
        look_up.backward(remember.backward(np.zeros_like(self.states), tell.backward(dscores)))


def recurrent(params: Params) -> Net:
    """Make it with its loss."""
    return Net(params, Recurrent(params))


def recurrent_in_jax(params: Mapping[str, Any], x: Any, mask: Any) -> Any:
    """Compute its scores in JAX."""
    letters = embedding(params["E"], x, mask)
    _, last, _ = lstm(letters, params["Wx"], params["Wh"], params["bh"], mask=mask)
    return affine(last, params["W"], params["b"])


RECURRENT = Network(
    "An LSTM",
    "Embedding, Lstm, Affine, SoftmaxWithLoss",
    "syllables.svg",
    Task(
        "It tells from the letters of a syllable which of four scripts has a sign for it; some are in several.",
        "syllables",
        "syllables held back",
        split_syllables,
        without_padding,
    ),
    recurrent,
    recurrent_in_jax,
    {
        "E": (len(ascii_uppercase), WIDTH),
        "Wx": (WIDTH, 4 * STATE),
        "Wh": (STATE, 4 * STATE),
        "bh": (4 * STATE,),
        "W": (STATE, len(SCRIPTS)),
        "b": (len(SCRIPTS),),
    },
    batch=64,
    epochs=20,
    learning_rate=0.1,
    accuracy=0.65,  # some 78 % are usual; of 205 syllables, this is four standard deviations less
)
