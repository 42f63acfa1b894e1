"""The lines of a script that call a layer, and JAX."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from handgrad.testing.dtypes import is_floating
from handgrad.testing.subject import positional_only
from handgrad.testing.trial import Trial, called, copies, gradients


@dataclass(frozen=True)
class Calls:
    """Lines that call a layer and JAX on the arguments of an example.

    Parameters
    ----------
    inputs
        The variables of the arrays among the arguments, by the names of these.
    new
        The lines that make a layer.
    forward
        The line that calls forward: its value is out.
    pullback
        What maps dout to the gradients.
    backward
        The lines that call the pullback.
    gradients
        What the gradients are then called.
    jax
        The lines that ask JAX for what is expected of out, and for its pullback.
    """

    inputs: Mapping[str, str]
    new: Sequence[str]
    forward: str
    pullback: str
    backward: Sequence[str]
    gradients: Sequence[str]
    jax: Sequence[str]

    @property
    def given(self) -> list[str]:
        """Name the variables of all arrays that are given."""
        return [*self.inputs.values(), "dout"]

    @property
    def results(self) -> list[str]:
        """Name the value and the gradients."""
        return ["out", *self.gradients]

    @property
    def run(self) -> list[str]:
        """Make a new layer, and call forward and backward."""
        return [*self.new, self.forward, *self.backward]


def calls_of(trial: Trial, make: str, reference: str, variables: Mapping[str, str]) -> Calls:
    """Write the calls of the layer that `make` makes, and of the reference, by their names in the script.

    `variables` has the names of the arguments.
    """
    subject = trial.subject
    names = _differentiated(trial)
    left = [called(name) for name in names if name in subject.constructor_names]
    call = partial(_call, variables=variables)
    if subject.is_function:
        new, pullback = [], "pullback"
        forward = f"out, pullback = {call(make, subject.make, subject.forward_names)}"
    else:
        new, pullback = [f"layer = {call(make, subject.make, subject.constructor_names)}"], "layer.backward"
        method = getattr(subject.make, "forward", subject.make)
        forward = f"out = {call('layer.forward', method, subject.forward_names)}"
    backward = [f"{_targets(trial)}{pullback}(dout)", *(f"{name} = layer.{name}" for name in left)]
    inputs = {name: variables[name] for name in trial.inputs}
    jax = _jax(trial, reference, names, variables)
    return Calls(inputs, new, forward, pullback, backward, list(map(called, names)), jax)


def _jax(trial: Trial, reference: str, names: Sequence[str], variables: Mapping[str, str]) -> list[str]:
    arrays = {**trial.inputs, "dout": trial.dout}.items()
    narrow = [variables.get(name, name) for name, each in arrays if is_floating(each) and each.dtype != np.float64]
    wrt = ", ".join(variables[name] for name in names)
    call = _call(reference, trial.oracle.reference, list(variables), variables)
    return [
        *(f"{name} = {name}.astype(np.float64)" for name in narrow),
        f"expected, pullback = jax.vjp(lambda {wrt}: {call}, {wrt})",
    ]


def _differentiated(trial: Trial) -> list[str]:
    try:
        return list(gradients(trial.results))
    except Exception:  # the failure may be that the layer raises
        return [name for name, array in trial.inputs.items() if is_floating(array)]


def _targets(trial: Trial) -> str:
    """Name what backward returns: a gradient, a tuple of them, or nothing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run = trial.build(copies(trial.inputs))
            trial.forward(run, copies(trial.inputs))
            returned = run.layer.backward(trial.dout.copy())
    except Exception:  # the failure may be that the layer raises
        return ""
    if isinstance(returned, tuple) and returned:
        named = [called(name) if each is not None else "_" for name, each in zip(run.names, returned, strict=False)]
        return f"{', '.join(named)} = " if len(named) > 1 else f"({named[0]},) = "
    return f"{called(run.names[0])} = " if run.names and returned is not None else ""


def _call(name: str, function: Callable[..., Any], arguments: Sequence[str], variables: Mapping[str, str]) -> str:
    """Write a call by the names of the arguments, but of those that are taken by position alone."""
    names = positional_only(function, arguments)
    first = [variables[each] for each in names]
    rest = [f"{each}={variables[each]}" for each in arguments if each not in names]
    return f"{name}({', '.join([*first, *rest])})"
