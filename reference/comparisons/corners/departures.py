"""Where handgrad departs from the book: the same input, given to the book's classes, to handgrad's and to JAX."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import handgrad
from reference.cases import CASES
from reference.comparisons import book
from reference.comparisons.corners.beside import Beside
from reference.comparisons.corners.said import nested, said


class BookSumOfSquares:
    """The book has a function for it, and no layer."""

    forward = staticmethod(book.sum_squared_error)


class BookMaxPool:
    """The book calls it by another name, and takes the numbers of its size one by one."""

    def __init__(self, size: tuple[int, int], stride: int = 1, pad: int = 0) -> None:
        pooling: Any = book.Pooling
        layer = pooling(*size, stride, pad)
        self.forward, self.backward = layer.forward, layer.backward


BOOK = SimpleNamespace(**vars(book), IdentityWithLoss=BookSumOfSquares, MaxPool=BookMaxPool)
TWINS = {case.layer_name: case.twin for case in CASES}


@dataclass(frozen=True)
class Departure:
    """What a layer is asked: "out", a gradient such as "dx", or "dout": what has become of it when backward is done.

    W, a b of zeros and the options go to the constructor. Without a `dout`, backward is called without one.
    """

    layer: str
    about: str
    asked: str
    inputs: Mapping[str, Any]
    W: Any = None
    dout: Any = None
    read_only: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def for_constructor(self) -> dict[str, Any]:
        """Name what the constructor takes."""
        if self.W is None:
            return dict(self.options)
        outputs = self.W.shape[1 if self.W.ndim == 2 else 0]  # of Affine's W, or a convolution's
        return {"W": self.W, "b": np.zeros(outputs), **self.options}

    def ask(self, layers: Any) -> Any:
        """Ask the book's layers, or handgrad's."""
        layer = getattr(layers, self.layer)(**self.for_constructor)
        out = layer.forward(*self.inputs.values())
        if self.asked == "out":
            return out
        given = () if self.dout is None else (np.array(self.dout),)
        for array in given:
            array.flags.writeable = not self.read_only
        dx = layer.backward(*given)
        return {"dx": dx, "dout": given and given[0], "dW": getattr(layer, "dW", None)}[self.asked]

    def ask_jax(self) -> Any:
        """Ask the layer's twin."""
        params = self.for_constructor
        arrays = {name: each for name, each in params.items() if name not in self.options}
        arguments: dict[str, Any] = {name: jnp.asarray(each) for name, each in {**self.inputs, **arrays}.items()}
        of = "W" if self.asked == "dW" else "x"
        out, pullback = jax.vjp(
            lambda array: TWINS[self.layer](**{**arguments, **self.options, of: array}), arguments[of]
        )
        dout = np.array(1.0 if self.dout is None else self.dout)
        (grad,) = pullback(jnp.broadcast_to(dout, out.shape))
        return {"out": out, "dout": dout}.get(self.asked, grad)

    @property
    def given(self) -> str:
        """Write down the input."""
        shown = {name: nested(np.asarray(each).tolist()) for name, each in self.inputs.items()}
        shown |= {} if self.W is None else {"W": f"ones of shape {self.W.shape}"}
        shown |= {name: str(each) for name, each in self.options.items()}
        shown |= {} if self.dout is None else {"dout": nested(self.dout) + " (read-only)" * self.read_only}
        return ", ".join(f"{name} = {each}" for name, each in shown.items())


def departed(each: Departure) -> Beside:
    """Ask the book, handgrad and the twin."""
    others = {"the book": said(partial(each.ask, BOOK)), "the twin": said(each.ask_jax)}
    return Beside(each.about, each.asked, each.given, said(partial(each.ask, handgrad)), others)
