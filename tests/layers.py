"""Every case of the table with typical arguments: what is asked of any layer is tried on these."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pytest

import handgrad
from handgrad.layer import in_order
from handgrad.testing.subject import Subject
from reference.cases import CASES

X = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]])
SIGNED = (3.0, -1.0, 2.0, 0.0, 0.5)


class Finders(NamedTuple):
    """The names of the layers that find what is wrong: with the order of calls, with an input, with dout."""

    order: str
    input: str
    dout: str


# A layer made of layers leaves it to those that are concerned.
HANDED_ON = {
    "SequentialOfThree": Finders("Sequential", "Affine", "Affine"),
    "ResidualOfTwo": Finders("Residual", "Residual", "Residual"),
}


@dataclass(frozen=True)
class Example:
    """A layer, what its forward takes, and what its constructor takes."""

    subject: Subject
    inputs: Mapping[str, Any]
    params: Mapping[str, Any]

    @property
    def name(self):
        return self.subject.name

    @property
    def found_by(self):
        return HANDED_ON.get(self.name, Finders(self.name, self.name, self.name))

    def make(self):
        return self.subject.construct(self.params)

    @property
    def dout(self):
        """Give numbers of both signs, in the shape of what forward returns."""
        return np.resize(SIGNED, np.shape(self.make().forward(**self.inputs)))

    def changed(self, change: Callable[[np.ndarray], np.ndarray]):
        """Give the example with each of its floating arrays changed: all but class indices, masks and options."""

        def apply(arguments):
            return {name: change(each) if kind_of(each) == "f" else each for name, each in arguments.items()}

        return replace(self, inputs=apply(self.inputs), params=apply(self.params))

    @property
    def numbers(self):
        """Name the inputs that are made of numbers."""
        return [name for name, each in self.inputs.items() if kind_of(each) in "fi"]


def kind_of(argument):
    """Tell the kind of an array's dtype; an option has none."""
    return argument.dtype.kind if isinstance(argument, np.ndarray) else "no array"


def example_of(case):
    subject, arguments = Subject(case.layer, list(case.inputs.arguments)), case.inputs.typical()
    inputs, params = (
        {name: arguments[name] for name in names} for names in (subject.forward_names, subject.constructor_names)
    )
    return Example(subject, inputs, params)


EXAMPLES = {case.name: example_of(case) for case in CASES}

LOSSES = [handgrad.SoftmaxWithLoss, handgrad.IdentityWithLoss]

each_example = pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
each_loss = pytest.mark.parametrize("loss", LOSSES)


def gradients(layer, dout):
    """Go back, and give the gradients in the order of `handgrad.vjp`: of the inputs, then of the params."""
    return [*in_order(layer.backward(dout)), *(getattr(layer, f"d{name}") for name in getattr(layer, "params", ()))]


def run(loss, *inputs, **options):
    """Give a loss and its gradient."""
    return loss.forward(*inputs, **options), loss.backward()
