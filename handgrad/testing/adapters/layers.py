"""Classes of layers that have things elsewhere: methods, params, gradients, and state that they keep."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from inspect import Parameter, Signature
from itertools import islice
from typing import Any

import jax
import numpy as np

from handgrad.layer import in_order
from handgrad.testing.adapters.adapted import Adapted, adapter
from handgrad.testing.adapters.places import Place, places
from handgrad.testing.outputs import OUT
from handgrad.testing.subject import name_of, parameters_of


@adapter
def layer(
    make: Callable[..., Any],
    *,
    forward: str = "forward",
    backward: str = "backward",
    params: dict[str, str] | None = None,
    grads: dict[str, str] | None = None,
    accumulates: bool = False,
    state: dict[str, str] | None = None,
) -> Adapted:
    """Take a class of layers, or a factory such as ``lambda W, b: Linear(*W.shape)``, that has things elsewhere.

    A place is written as Python writes it behind the layer: ``"grad_W"``, ``"grads[0]"``, ``"weight.grad"``.

    Parameters
    ----------
    make
        The class or the factory.
    forward, backward
        The names of the methods, such as "__call__".
    params
        The places into which arguments of `make` are put, where it takes but their sizes.
    grads
        The places of the gradients: of arguments of `make`, or of forward's, where backward does not return them.
        Of an array that every backward fills anew there is a copy: that it is the same is no fault then.
    accumulates
        Whether backward adds to what is there, so that it has to be 0 before.
    state
        The places of what a layer keeps from one forward to the next, such as running statistics. It is an input
        more: put there before each forward, and an output more behind it. The reference takes the inputs, too, and
        returns a dict of all: ``{"out": out, "mean": jax.lax.stop_gradient(mean)}``. Nothing else may be kept.
    """
    form = Form(forward, backward, accumulates, *places(params=params, grads=grads, state=state))
    return adapted(make, make, form)


@dataclass(frozen=True)
class Form:
    """Where a class of layers has things."""

    forward: str
    backward: str
    accumulates: bool
    params: Sequence[Place]
    grads: Sequence[Place]
    state: Sequence[Place]


def adapted(of: Callable[..., Any], make: Callable[..., Any], form: Form) -> Adapted:
    """Adapt what is made, under the name and with the arguments of another."""
    unknown = [place.name for place in form.params if place.name not in parameters_of(of)]
    if unknown:
        raise TypeError(f"params names {', '.join(unknown)}, which {name_of(of)} does not take")
    return Adapted(of, partial(Elsewhere, make, form), takes_all=False)


class Elsewhere:
    """A layer that is asked where it has things."""

    def __init__(self, make: Callable[..., Any], form: Form, /, *args: Any, **given: Any) -> None:
        self._form, self._put = form, {place.name: given[place.name] for place in form.params}
        with warnings.catch_warnings():
            if form.params:  # in whose place others are put: what is said of initial values is of no interest
                warnings.simplefilter("ignore")
            self._made = make(*args, **given)
        for place in form.params:
            place.write(self._made, self._put[place.name])
        self._forward, self._backward = (_method(self._made, name) for name in (form.forward, form.backward))
        self.forward = with_parameters(self._with_state, self._forward, [place.name for place in form.state])
        named = [*given, *parameters_of(self.forward)]
        if unknown := [place.name for place in form.grads if place.name not in named]:
            raise TypeError(f"grads names {', '.join(unknown)}; expected names out of {', '.join(named)}")

    @property
    def adapted_class(self) -> Any:
        """Give the class of what was adapted."""
        return getattr(self._made, "adapted_class", type(self._made))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._made, name)  # a gradient that has no other place

    def _with_state(self, *inputs: Any, **options: Any) -> Any:
        """Call forward, with what the layer keeps as an input before it, and as an output behind it."""
        if missing := [place.name for place in self._form.state if place.name not in options]:
            raise TypeError(f"state names {', '.join(missing)}, which the inputs do not describe")
        for place in self._form.state:
            place.write(self._made, np.array(options.pop(place.name)))
        self._taken = [*islice(parameters_of(self._forward), len(inputs)), *options]
        out = self._forward(*inputs, **options)
        state = {place.name: np.array(place.read(self._made)) for place in self._form.state}
        return {OUT: out, **state} if state else out

    def backward(self, *douts: Any) -> Any:
        """Call backward, and take the gradients from where they are."""
        before = [*self._filled()]
        for array in before if self._form.accumulates else ():
            array[...] = 0
        returned = self._backward(*(in_order(douts[0][OUT]) if self._form.state else douts))
        found = {place.name: self._taken_from(place, before) for place in self._form.grads}
        vars(self).update({f"d{name}": grad for name, grad in found.items()})
        if not found.keys() & {*self._taken}:
            return returned
        grads = {**dict(zip(self._taken, in_order(returned), strict=False)), **found}
        return tuple(grads.get(name) for name in self._taken)

    def _filled(self) -> Iterator[Any]:
        """Give the arrays that are where gradients are going to be."""
        for place in self._form.grads:
            with suppress(AttributeError):  # nothing is there yet
                yield from (each for each in jax.tree.leaves(place.read(self._made)) if isinstance(each, np.ndarray))

    def _taken_from(self, place: Place, before: Sequence[Any]) -> Any:
        """Take gradients: of an array that is filled again and again a copy, in the dtype of what was put there."""
        kept = {id(each) for each in before}
        dtype = getattr(self._put.get(place.name), "dtype", None)

        def take(grad: Any) -> Any:
            again = isinstance(grad, np.ndarray) and (id(grad) in kept or self._form.accumulates)
            return grad.astype(dtype or grad.dtype) if again else grad

        return jax.tree.map(take, place.read(self._made))


def _method(made: Any, name: str) -> Callable[..., Any]:
    method = getattr(made, name, None)
    if not callable(method):
        raise TypeError(f"{type(made).__name__} has no method {name}, by which adapters.layer was told to call it")
    return method


def with_parameters(
    function: Callable[..., Any], like: Callable[..., Any], more: Sequence[str] = ()
) -> Callable[..., Any]:
    """Give a function the parameters of another, and more that go by their names."""
    own = [each for each in parameters_of(like).values() if each.kind is not Parameter.VAR_KEYWORD]
    signed: Any = partial(function)
    signed.__signature__ = Signature([*own, *(Parameter(name, Parameter.KEYWORD_ONLY) for name in more)])
    return signed
