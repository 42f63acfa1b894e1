"""The cases of layers that are made of layers.

They have no arrays of their own to be called with. So what is compared is a layer of arrays: it makes the layers of
them, and gives the gradients, in the order of `handgrad.parameters`, the names that they are compared by.
"""

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad import activations, affine, composition, multi_head, row_normalisation, walk
from handgrad.testing import arrays, masks, reals
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


class BlockOfFour:
    """RmsNorm and attention in one head, RmsNorm and a network of two layers: a TransformerBlock."""

    params = ("g1", "Wq", "Wk", "Wv", "Wo", "g2", "W1", "b1", "W2", "b2")

    def __init__(
        self,
        g1: Array,
        Wq: Array,
        Wk: Array,
        Wv: Array,
        Wo: Array,
        g2: Array,
        W1: Array,
        b1: Array,
        W2: Array,
        b2: Array,
    ) -> None:
        feed_forward = composition.Sequential(affine.Affine(W1, b1), activations.Sigmoid(), affine.Affine(W2, b2))
        attention = multi_head.MultiHeadAttention(Wq, Wk, Wv, Wo, heads=1)
        norms = row_normalisation.RmsNorm(g1), row_normalisation.RmsNorm(g2)
        self.whole = composition.TransformerBlock(norms[0], attention, norms[1], feed_forward)

    def forward(self, x: Array, mask: Any) -> Any:
        """Run it."""
        return self.whole.forward(x, mask)

    def backward(self, dout: Array) -> Any:
        """Return dx, and leave the gradients under their names."""
        dx = self.whole.backward(dout)
        for name, grad in zip(self.params, walk.gradients(self.whole), strict=True):
            setattr(self, f"d{name}", grad)
        return dx


# lest a gradient between two layers overflow float16, as the whole does not
SMALL = partial(reals, low=-0.25, high=0.25)

CASES = (
    Case(
        SequentialOfThree,
        twins.sequential,
        arrays(x="... D", W1="D M", b1="M", W2=SMALL("M C"), b2="C"),
        "of three",
        composition.Sequential,
    ),
    Case(ResidualOfTwo, twins.residual, arrays(x="... D", W="D D", b="D"), "of two", composition.Residual),
    Case(
        BlockOfFour,
        twins.transformer_block,
        arrays(
            x="... T 3",
            g1=SMALL("3"),
            **dict.fromkeys(("Wq", "Wk", "Wv", "Wo"), SMALL("3 3")),
            g2=SMALL("3"),
            W1=SMALL("3 2"),
            b1="2",
            W2=SMALL("2 3"),
            b2="3",
            mask=masks("... T", of="x"),
        ),
        "of four",
        composition.TransformerBlock,
    ),
)
