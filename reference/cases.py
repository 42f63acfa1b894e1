"""THE TABLE: every layer, its JAX twin, and the inputs on which they must agree."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import handgrad
from handgrad.testing import arrays, labels, masks, one_hot, probabilities, reals
from handgrad.testing.inputs import Inputs
from reference import activations, affine, losses, nodes

DTYPES = ("float64", "float32", "float16")


@dataclass(frozen=True)
class Case:
    """A layer, its twin and their inputs; `note` tells several cases of one layer apart."""

    layer: Callable[..., Any]
    twin: Callable[..., Any]
    inputs: Inputs
    note: str = ""

    @property
    def name(self) -> str:
        """Name the case after its layer."""
        return f"{self.layer.__name__} {self.note}".strip()


# A letter is the length of an axis: N rows, D numbers in, M numbers out, C classes. "..." is any leading axes.
CASES = (
    Case(handgrad.Add, nodes.add, arrays(a="...", b="...")),
    Case(handgrad.Add, nodes.add, arrays(a="... D", b="D"), "rows"),
    Case(handgrad.Add, nodes.add, arrays(a="N 1", b="M"), "outer"),
    Case(handgrad.Multiply, nodes.multiply, arrays(a="...", b="...")),
    Case(handgrad.Multiply, nodes.multiply, arrays(a="D", b="... D"), "rows"),
    Case(handgrad.Multiply, nodes.multiply, arrays(a="N 1", b="M"), "outer"),
    Case(handgrad.Exp, nodes.exp, arrays(x="...")),
    Case(handgrad.Reciprocal, nodes.reciprocal, arrays(x="...")),
    Case(handgrad.MatMul, nodes.mat_mul, arrays(a="... N D", b="... D M")),
    Case(handgrad.MatMul, nodes.mat_mul, arrays(a="... N D", b="D M"), "shared"),
    Case(handgrad.MatMul, nodes.mat_mul, arrays(a="D", b="... D M"), "row"),
    Case(handgrad.MatMul, nodes.mat_mul, arrays(a="... N D", b="D"), "column"),
    Case(handgrad.Relu, activations.relu, arrays(x=reals("...", kinks=[0]))),
    Case(handgrad.Sigmoid, activations.sigmoid, arrays(x="...")),
    Case(handgrad.Affine, affine.affine, arrays(x="... D", W="D M", b="M")),
    Case(
        handgrad.SoftmaxWithLoss,
        losses.softmax_with_loss,
        arrays(x="... C", t=labels("...", classes="C", validated=True)),
    ),
    Case(handgrad.SoftmaxWithLoss, losses.softmax_with_loss, arrays(x="... C", t=one_hot("... C")), "one-hot"),
    Case(handgrad.SoftmaxWithLoss, losses.softmax_with_loss, arrays(x="... C", t=probabilities("... C")), "soft"),
    Case(
        handgrad.SoftmaxWithLoss,
        losses.softmax_with_loss,
        arrays(x="... C", t=reals("... C", low=0)),
        "weights",
    ),
    Case(
        handgrad.SoftmaxWithLoss,
        losses.softmax_with_loss,
        arrays(x="... C", t=labels("...", classes="C", validated=True), mask=masks("...", of="x t")),
        "masked",
    ),
    Case(
        handgrad.SoftmaxWithLoss,
        losses.softmax_with_loss,
        arrays(x="... C", t=probabilities("... C"), mask=masks("...", of="x t")),
        "soft masked",
    ),
    Case(handgrad.IdentityWithLoss, losses.identity_with_loss, arrays(x="... D", t="... D")),
    Case(
        handgrad.IdentityWithLoss,
        losses.identity_with_loss,
        arrays(x="... D", t="... D", mask=masks("...", of="x t")),
        "masked",
    ),
)
