"""The case of two recurrent layers in both directions, which has their arrays for its own."""

from typing import Any

import numpy as np
import numpy.typing as npt

import handgrad
from handgrad.testing import arrays, masks
from handgrad.walk import gradients
from reference import bidirectional
from reference.cases.case import Case

Array = npt.NDArray[np.floating[Any]]


class BidirectionalOfTwo:
    """Two layers of their own width."""

    params = ("Wx", "Wh", "b", "Vx", "Vh", "c")

    def __init__(self, Wx: Array, Wh: Array, b: Array, Vx: Array, Vh: Array, c: Array) -> None:
        self.whole = handgrad.Bidirectional(handgrad.Rnn(Wx, Wh, b), handgrad.Rnn(Vx, Vh, c))

    def forward(self, x: Array, h0: Array, k0: Array, mask: Any) -> Any:
        """Run it."""
        return self.whole.forward(x, h0, k0, mask=mask)

    def backward(self, *douts: Array) -> Any:
        """Return the gradients of the inputs, and leave the others under their names."""
        dinputs = self.whole.backward(*douts)
        for name, grad in zip(self.params, gradients(self.whole), strict=True):
            setattr(self, f"d{name}", grad)
        return dinputs


CASES = (
    Case(
        BidirectionalOfTwo,
        bidirectional.bidirectional,
        arrays(
            x="... T 2",
            h0="3",
            k0="... 2",
            Wx="2 3",
            Wh="3 3",
            b="3",
            Vx="2 2",
            Vh="2 2",
            c="2",
            mask=masks("... T", of="x"),
        ),
        "of two",
        handgrad.Bidirectional,
    ),
)
