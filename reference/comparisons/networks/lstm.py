"""An LSTM that reads a word letter by letter, and tells what it is from its last state."""

from collections.abc import Mapping
from string import ascii_uppercase
from typing import Any

import numpy as np
import numpy.typing as npt

import handgrad
from reference.affine import affine
from reference.comparisons.networks.network import Mask, Net, Network, Numbers, Params
from reference.comparisons.networks.syllables import SCRIPTS, SYLLABLES
from reference.embedding import embedding
from reference.lstm import lstm

WIDTH, STATE = 16, 32


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
    SYLLABLES,
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
