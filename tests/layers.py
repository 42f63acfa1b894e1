"""Every layer of handgrad with inputs that it takes: what is asked of any layer is tried on these."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

import handgrad
from handgrad.layer import in_order

X = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]])
W = np.array([[1.0, 2.0, 0.0, -1.0], [0.0, -1.0, 3.0, 0.5], [4.0, 0.0, 1.0, -2.0]])
SIGNED = (3.0, -1.0, 2.0, 0.0, 0.5)


@dataclass(frozen=True)
class Example:
    """A layer, what its forward takes, and what its constructor takes."""

    layer: type[Any]
    inputs: Mapping[str, np.ndarray]
    params: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def name(self):
        return self.layer.__name__

    def make(self):
        return self.layer(**self.params)

    @property
    def dout(self):
        """Give numbers of both signs, in the shape of what forward returns."""
        return np.resize(SIGNED, np.shape(self.make().forward(**self.inputs)))

    def changed(self, change: Callable[[np.ndarray], np.ndarray]):
        """Give the example with each of its floating arrays changed: all but class indices."""

        def apply(arrays):
            return {name: change(each) if each.dtype.kind == "f" else each for name, each in arrays.items()}

        return replace(self, inputs=apply(self.inputs), params=apply(self.params))


EXAMPLES = {
    "Add": Example(handgrad.Add, {"a": X, "b": X[0]}),
    "Multiply": Example(handgrad.Multiply, {"a": X, "b": X[0]}),
    "Exp": Example(handgrad.Exp, {"x": X}),
    "Reciprocal": Example(handgrad.Reciprocal, {"x": X}),
    "MatMul": Example(handgrad.MatMul, {"a": X, "b": W}),
    "Relu": Example(handgrad.Relu, {"x": X}),
    "Sigmoid": Example(handgrad.Sigmoid, {"x": X}),
    "Affine": Example(handgrad.Affine, {"x": X}, {"W": W, "b": W[0]}),
    "SoftmaxWithLoss": Example(handgrad.SoftmaxWithLoss, {"x": X, "t": np.array([2, 0])}),
    "SoftmaxWithLoss soft": Example(handgrad.SoftmaxWithLoss, {"x": X, "t": X**2}),
    "IdentityWithLoss": Example(handgrad.IdentityWithLoss, {"x": X, "t": X[::-1]}),
}

LOSSES = [handgrad.SoftmaxWithLoss, handgrad.IdentityWithLoss]

each_example = pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
each_loss = pytest.mark.parametrize("loss", LOSSES)


def gradients(layer, dout):
    """Go back, and give the gradients in the order of `handgrad.vjp`: of the inputs, then of the params."""
    return [*in_order(layer.backward(dout)), *(getattr(layer, f"d{name}") for name in getattr(layer, "params", ()))]


def run(loss, *inputs, **options):
    """Give a loss and its gradient."""
    return loss.forward(*inputs, **options), loss.backward()
