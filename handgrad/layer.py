"""What a layer is, and its gradient as a pure function."""

import copy
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Protocol

import numpy as np

from handgrad.checks import Array, remembered
from handgrad.walk import gradients


class Layer(Protocol):
    """Anything with a forward and a backward, the vector-Jacobian product of forward.

    `backward` returns the gradient of forward's first input, a tuple for its leading inputs in order, or None. A
    class may name in `params` the constructor's arguments that have gradients: backward leaves those in
    attributes called ``d<name>``. A layer that is given layers holds them in a tuple, `layers`.
    """

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """Compute the output, and remember what backward needs."""

    def backward(self, dout: Any, /) -> Any:
        """Turn the gradient of the output into the gradients of inputs and params. Several outputs have one each."""


Pullback = Callable[[Any], tuple[Array, ...]]


def vjp(layer: Layer, *inputs: Any, **options: Any) -> tuple[Any, Pullback]:
    """Run a layer forward and return its output and its pullback, in the shape of `jax.vjp`.

    Parameters
    ----------
    layer
        A layer of handgrad or anybody's, also one made of layers. It is never changed: what runs is a copy of it and
        of all that it holds, which shares its arrays, unless it writes into them, as to sum gradients up. Leave them
        unchanged until the pullback is done, as inputs.
    *inputs, **options
        What its ``forward`` takes.

    Returns
    -------
    out
        What ``forward`` returns.
    pullback
        Maps the gradient of `out` to the gradients of the inputs, then of the params, always as a tuple. Where `out`
        is a tuple, it takes a tuple; gradients that are left out at its end are 0. A layer made of layers has
        gradients of their params, in the order of `handgrad.parameters`.
        Pullbacks of one layer are independent of each other, as shared weights and unrolled time need it.

    Examples
    --------
    >>> import numpy as np
    >>> from handgrad import Multiply, vjp
    >>> out, pullback = vjp(Multiply(), np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    >>> pullback(np.ones(2))
    (array([3., 4.]), array([1., 2.]))
    """
    ran, out = _on_a_copy(layer, lambda copied: copied.forward(*inputs, **options))

    def pullback(dout: Any) -> tuple[Array, ...]:
        douts = dout if isinstance(out, tuple) else (dout,)
        again, dinputs = _on_a_copy(ran, lambda copied: copied.backward(*douts))
        return in_order(dinputs) + gradients(again)

    return out, pullback


def _on_a_copy(layer: Layer, call: Callable[[Layer], Any]) -> tuple[Layer, Any]:
    """Call a copy of a layer, and give both: one that shares its arrays or, if it writes into them, has its own."""
    with suppress(ValueError):  # as NumPy raises it for what is read-only
        sharing = _sharing(layer)
        return sharing, call(sharing)
    whole = copy.deepcopy(layer)
    return whole, call(whole)


def _sharing(layer: Layer) -> Layer:
    """Copy a layer and all that it holds, but share the arrays of numbers that are found in it, read-only."""
    shared = {id(each): remembered(each.view()) for each in _held(layer) if _is_of_numbers(each)}
    return copy.deepcopy(layer, shared)  # takes what stands there, under the id of an original, for its copy


def _held(layer: Any) -> list[Any]:
    """List a layer, what is in its attributes, and what is in theirs, and in lists, tuples and dicts among them."""
    found, left = {}, [layer]
    while left:
        each = left.pop()
        if id(each) not in found:
            found[id(each)] = each
            left.extend(_parts(each))
    return list(found.values())


def _parts(thing: Any) -> Iterable[Any]:
    if isinstance(thing, list | tuple):
        return thing
    return (thing if isinstance(thing, dict) else getattr(thing, "__dict__", {})).values()


def _is_of_numbers(thing: Any) -> bool:
    """Tell arrays from all else, and from arrays of objects, which may be layers."""
    return type(thing) is np.ndarray and not thing.dtype.hasobject


def in_order(grads: Any) -> tuple[Any, ...]:
    """Give what a backward returned (one gradient, a tuple of them, or None) as a tuple."""
    if grads is None:
        return ()
    return grads if isinstance(grads, tuple) else (grads,)
