"""The lines of a script that call a layer, and JAX."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.testing.dtypes import is_floating
from handgrad.testing.subject import positional_only
from handgrad.testing.trial import Trial, called, copies, gradients


@dataclass(frozen=True)
class Calls:
    """Lines that call a layer and JAX on the arguments of an example, which the script has by their names.

    Parameters
    ----------
    new
        They make a layer.
    forward
        It calls forward: its value is out.
    pullback
        What maps dout to the gradients.
    backward
        They call it.
    gradients
        What the gradients are then called.
    jax
        They ask JAX for what is expected of out, and for the pullback.
    """

    new: Sequence[str]
    forward: str
    pullback: str
    backward: Sequence[str]
    gradients: Sequence[str]
    jax: Sequence[str]

    @property
    def results(self) -> list[str]:
        """Name the value and the gradients."""
        return ["out", *self.gradients]

    @property
    def run(self) -> list[str]:
        """Make a new layer, and call forward and backward."""
        return [*self.new, self.forward, *self.backward]


def calls_of(trial: Trial, make: str, reference: str) -> Calls:
    """Write the calls of the layer that `make` makes, and of the reference, by their names in the script."""
    subject = trial.subject
    names = _differentiated(trial)
    left = [called(name) for name in names if name in subject.constructor_names]
    if subject.is_function:
        new, pullback = [], "pullback"
        forward = f"out, pullback = {_call(make, subject.make, subject.forward_names)}"
    else:
        new, pullback = [f"layer = {_call(make, subject.make, subject.constructor_names)}"], "layer.backward"
        method = getattr(subject.make, "forward", subject.make)
        forward = f"out = {_call('layer.forward', method, subject.forward_names)}"
    backward = [f"{_targets(trial)}{pullback}(dout)", *(f"{name} = layer.{name}" for name in left)]
    return Calls(new, forward, pullback, backward, list(map(called, names)), _jax(trial, reference, names))


def _jax(trial: Trial, reference: str, names: Sequence[str]) -> list[str]:
    arrays = {**trial.inputs, "dout": trial.dout}.items()
    narrow = [name for name, array in arrays if is_floating(array) and array.dtype != np.float64]
    wrt = ", ".join(names)
    call = _call(reference, trial.oracle.reference, [*trial.inputs, *trial.options])
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


def _call(name: str, function: Callable[..., Any], arguments: Sequence[str]) -> str:
    """Write a call by the names of the arguments, but of those that are taken by position alone."""
    first = positional_only(function, arguments)
    rest = [f"{each}={each}" for each in arguments if each not in first]
    return f"{name}({', '.join([*first, *rest])})"
