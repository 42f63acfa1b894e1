"""Every case of the table with typical arguments: what is asked of any layer is tried on these."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np
import pytest

import handgrad
from handgrad.layer import in_order
from handgrad.testing.subject import Subject, as_passed, call_by_name, parameters_of, positional_only
from reference.cases import CASES

X = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]])
SIGNED = (3.0, -1.0, 2.0, 0.0, 0.5)


@dataclass(frozen=True)
class Example:
    """A layer, what its forward takes, and what its constructor takes."""

    subject: Subject
    inputs: Mapping[str, Any]
    params: Mapping[str, Any]

    @property
    def name(self):
        return self.subject.name

    def make(self):
        return self.subject.construct(self.params)

    def forward(self, layer, **changed):
        """Call a layer's forward on the inputs, some of them changed."""
        return call_by_name(layer.forward, self.inputs | changed)

    def vjp(self, layer, **changed):
        """Call `handgrad.vjp` on the inputs, some of them changed."""
        by_place, by_name = as_passed(layer.forward, self.inputs | changed)
        return handgrad.vjp(layer, *by_place, **by_name)

    def called(self, argument):
        """Give what errors call an argument: the arrays of ``*arrays`` have no names of their own."""
        names = positional_only(self.make().forward, self.inputs)
        return f"arrays[{names.index(argument)}]" if argument in names else argument

    @property
    def dout(self):
        """Give numbers of both signs, in the shape of what forward returns; for several outputs, a tuple."""
        return jax.tree.map(lambda out: np.resize(SIGNED, np.shape(out)), self.forward(self.make()))

    @property
    def first_dout(self):
        """Give what errors call the upstream gradient of the first output, and it."""
        return ("douts[0]", self.dout[0]) if isinstance(self.dout, tuple) else ("dout", self.dout)

    def changed(self, change: Callable[[np.ndarray], np.ndarray], kinds="f"):
        """Give the example with each of its arrays of these kinds changed: floating ones, if no others are named."""

        def apply(arguments):
            return {name: change(each) if kind_of(each) in kinds else each for name, each in arguments.items()}

        return replace(self, inputs=apply(self.inputs), params=apply(self.params))

    @property
    def settings(self):
        """Give what of the constructor's arguments is a real number or made of them, be it by default."""
        defaults = {name: each.default for name, each in parameters_of(self.subject.make).items()}
        every = defaults | dict(self.params)
        return {name: each for name, each in every.items() if isinstance(each, float) or kind_of(each) == "f"}

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


EXAMPLES = {case.name: example_of(case) for case in CASES if not case.about}

LOSSES = [handgrad.SoftmaxWithLoss, handgrad.IdentityWithLoss]

each_example = pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
each_loss = pytest.mark.parametrize("loss", LOSSES)


def gradients(layer, dout):
    """Go back, and give the gradients in the order of `handgrad.vjp`: of the inputs, then of the params."""
    return [
        *in_order(layer.backward(*in_order(dout))),
        *(getattr(layer, f"d{name}") for name in getattr(layer, "params", ())),
    ]


def run(loss, *inputs, **options):
    """Give a loss and its gradient."""
    return loss.forward(*inputs, **options), loss.backward()
