"""What a layer is, and its gradient as a pure function."""

import copy
from collections.abc import Callable
from typing import Any, Protocol

import numpy.typing as npt

from handgrad.checks import Array
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
        """Turn the gradient of the output into the gradients of inputs and params."""


Pullback = Callable[[npt.ArrayLike], tuple[Array, ...]]


def vjp(layer: Layer, *inputs: Any, **options: Any) -> tuple[Any, Pullback]:
    """Run a layer forward and return its output and its pullback, in the shape of `jax.vjp`.

    Parameters
    ----------
    layer
        A layer of handgrad or anybody's, also one made of layers. It is copied, with all that it holds, and never
        changed.
    *inputs, **options
        What its ``forward`` takes.

    Returns
    -------
    out
        What ``forward`` returns.
    pullback
        Maps the gradient of `out` to the gradients of the inputs, then of the params, always as a tuple. A layer
        made of layers has theirs, in the order of `handgrad.parameters`.
        Pullbacks of one layer are independent of each other, as shared weights and unrolled time need it.

    Examples
    --------
    >>> import numpy as np
    >>> from handgrad import Multiply, vjp
    >>> out, pullback = vjp(Multiply(), np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    >>> pullback(np.ones(2))
    (array([3., 4.]), array([1., 2.]))
    """
    ran = copy.deepcopy(layer)
    out = ran.forward(*inputs, **options)

    def pullback(dout: npt.ArrayLike) -> tuple[Array, ...]:
        again = copy.deepcopy(ran)
        return in_order(again.backward(dout)) + gradients(again)

    return out, pullback


def in_order(grads: Any) -> tuple[Any, ...]:
    """Give what a backward returned (one gradient, a tuple of them, or None) as a tuple."""
    if grads is None:
        return ()
    return grads if isinstance(grads, tuple) else (grads,)
