"""The walk through a layer and the layers in it, to their parameters.

A layer that is given layers holds them in a tuple, `layers`. A layer that makes some for itself, of arrays that it
was given, needs no such tuple: its parameters are its own, and it names them in `params`.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from handgrad.checks import Array


class Parameter(NamedTuple):
    """An array that a layer was given to be trained: where it is, itself, and the gradient that backward left."""

    path: str
    value: Array
    grad: Any  # an array of the same shape; None before backward


def parameters(layer: Any) -> Iterator[Parameter]:
    """Give the parameters of a layer, and then those of the layers in it, from the first to the last.

    A path has the places of the layers and the name: "0.W", or "W" for the layer's own. The value is the very array
    that the layer holds: it is trained where it is.

    Examples
    --------
    >>> import numpy as np
    >>> from handgrad import Affine, Relu, Sequential, parameters
    >>> network = Sequential(Affine(W=[[1.0], [2.0]], b=[0.0]), Relu())
    >>> _ = network.forward([[1.0, 1.0]]), network.backward([[3.0]])
    >>> for path, value, grad in parameters(network):
    ...     value -= grad / 2
    ...     print(path, value.tolist())
    0.W [[-0.5], [0.5]]
    0.b [-1.5]
    """
    if not is_layer(layer):
        raise TypeError(f"parameters: got {layer!r}; expected a layer, because it has a forward and a backward")
    for at, each in walk(layer):
        for name in getattr(each, "params", ()):
            yield Parameter(path((*at, name)), getattr(each, name), getattr(each, f"d{name}", None))


def is_layer(thing: Any) -> bool:
    """Tell a layer from all else, and from its class."""
    return not isinstance(thing, type) and hasattr(thing, "forward") and hasattr(thing, "backward")


def gradients(layer: Any) -> tuple[Array, ...]:
    """Give the gradients that backward left, in the order of the parameters."""
    return tuple(getattr(each, f"d{name}") for _, each in walk(layer) for name in getattr(each, "params", ()))


def walk(layer: Any, at: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Give a layer and all layers in it, each before those in it, with the places on the way there."""
    yield at, layer
    for place, each in enumerate(getattr(layer, "layers", ())):
        yield from walk(each, (*at, place))


def path(steps: tuple[int | str, ...]) -> str:
    """Write down the steps to a layer or a parameter."""
    return ".".join(map(str, steps))
