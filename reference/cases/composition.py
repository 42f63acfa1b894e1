"""The cases of layers that are made of layers.

They have no arrays of their own to be called with. So what is compared is a layer of arrays: it makes the layers of
them, and gives the gradients, in the order of `handgrad.parameters`, the names that they are compared by.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad import activations, affine, composition, walk
from handgrad.testing import arrays, reals
from reference import composition as twins
from reference.cases.case import Case

Array = npt.NDArray[np.floating[Any]]


class SequentialOfThree:
    """Affine, Sigmoid and Affine, one behind the other."""

    params = ("W1", "b1", "W2", "b2")

    def __init__(self, W1: Array, b1: Array, W2: Array, b2: Array) -> None:
        layers = affine.Affine(W1, b1), activations.Sigmoid(), affine.Affine(W2, b2)
        self.whole = composition.Sequential(*layers)

    def forward(self, x: Array) -> Any:
        """Run it."""
        return self.whole.forward(x)

    def backward(self, dout: Array) -> Any:
        """Return dx, and leave the gradients under their names."""
        dx = self.whole.backward(dout)
        self.dW1, self.db1, self.dW2, self.db2 = walk.gradients(self.whole)
        return dx


class ResidualOfTwo:
    """Affine and Sigmoid beside their input: a Sequential in a Residual."""

    params = ("W", "b")

    def __init__(self, W: Array, b: Array) -> None:
        self.whole = composition.Residual(composition.Sequential(affine.Affine(W, b), activations.Sigmoid()))

    def forward(self, x: Array) -> Any:
        """Run it."""
        return self.whole.forward(x)

    def backward(self, dout: Array) -> Any:
        """Return dx, and leave the gradients under their names."""
        dx = self.whole.backward(dout)
        self.dW, self.db = walk.gradients(self.whole)
        return dx


# lest a gradient between two layers overflow float16, as the whole does not
SMALL = reals("M C", low=-0.25, high=0.25)

CASES = (
    Case(
        SequentialOfThree,
        twins.sequential,
        arrays(x="... D", W1="D M", b1="M", W2=SMALL, b2="C"),
        "of three",
        composition.Sequential,
    ),
    Case(ResidualOfTwo, twins.residual, arrays(x="... D", W="D D", b="D"), "of two", composition.Residual),
)
