"""Where handgrad departs from the book: the same input, given to the book's classes, to handgrad's and to JAX."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial, partialmethod
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import handgrad
from handgrad.layer import in_order
from reference.cases import CASES
from reference.comparisons import book
from reference.comparisons.corners.beside import Beside
from reference.comparisons.corners.said import nested, said


class BookSumOfSquares:
    """The book has a function for it, and no layer."""

    forward = staticmethod(book.sum_squared_error)


class BookEmbedding(book.Embedding):
    """The book's, with its gradient where handgrad has it."""

    dW = property(lambda self: self.grads[0])


class BookDropoutInEvaluation(book.Dropout):
    """The book's, in evaluation: nobody can tell it which numbers to keep in training."""

    forward = partialmethod(book.Dropout.forward, train_flg=False)


class BookMaxPool:
    """The book calls it by another name, and takes the numbers of its size one by one."""

    def __init__(self, size: tuple[int, int], stride: int = 1, pad: int = 0) -> None:
        pooling: Any = book.Pooling
        layer = pooling(*size, stride, pad)
        self.forward, self.backward = layer.forward, layer.backward


def book_batch_norm(gamma: Any, beta: Any, statistics: Any = (None, None)) -> Any:
    """Make the book's layer, whose forward is told whether it trains, one that does not if it is given statistics."""
    layer: Any = BOOK_BATCH_NORM(gamma, beta, 0.9, *statistics)
    layer.forward = partial(layer.forward, train_flg=statistics[0] is None)
    return layer


BOOK_BATCH_NORM: Any = book.BatchNormalization  # which has no types
OTHERS = {
    "BatchNorm": book_batch_norm,
    "Dropout": BookDropoutInEvaluation,
    "Embedding": BookEmbedding,
    "IdentityWithLoss": BookSumOfSquares,
    "MaxPool": BookMaxPool,
}
BOOK = SimpleNamespace(**vars(book) | OTHERS)
TWINS = {case.layer_name: case.twin for case in CASES}


@dataclass(frozen=True)
class Departure:
    """What a layer is asked: "out", a gradient such as "dx", or "dout": what has become of it when backward is done.

    Of several outputs, the first is asked for, and the others are left alone.

    `params`, arrays and options, go to the constructor. Without a `dout`, backward is called without one. The
    book's class has another name where it is given as `of_the_book`.
    """

    layer: str
    about: str
    asked: str
    inputs: Mapping[str, Any]
    params: Mapping[str, Any] = field(default_factory=dict)
    dout: Any = None
    read_only: bool = False
    of_the_book: str = ""

    def ask(self, make: Any) -> Any:
        """Ask the book's layer, or handgrad's."""
        layer = make(*self.params.values())
        out, *_ = in_order(layer.forward(*self.inputs.values()))
        if self.asked == "out":
            return out
        given = () if self.dout is None else (np.array(self.dout),)
        for array in given:
            array.flags.writeable = not self.read_only
        dx = layer.backward(*given)
        return {"dx": dx, "dout": given and given[0], "dW": getattr(layer, "dW", None)}[self.asked]

    def ask_jax(self) -> Any:
        """Ask the layer's twin."""
        arrays = {name: each for name, each in self.params.items() if isinstance(each, np.ndarray | list)}
        options = {name: each for name, each in self.params.items() if name not in arrays}
        arguments = {name: jnp.asarray(each) for name, each in {**self.inputs, **arrays}.items()}
        floating = [name for name, each in arguments.items() if each.dtype.kind == "f"]
        of = self.asked[1:] if self.asked[1:] in floating else floating[0]

        def compute(array: Any) -> Any:
            return in_order(TWINS[self.layer](**options, **arguments | {of: array}))[0]

        out, pullback = jax.vjp(compute, arguments[of])
        dout = np.array(1.0 if self.dout is None else self.dout)
        (grad,) = pullback(jnp.broadcast_to(dout, out.shape))
        return {"out": out, "dout": dout}.get(self.asked, grad)

    @property
    def given(self) -> str:
        """Write down the input."""
        shown = {name: nested(np.asarray(each).tolist()) for name, each in self.inputs.items()}
        shown |= {name: _brief(each) for name, each in self.params.items() if np.any(each)}
        shown |= {} if self.dout is None else {"dout": nested(self.dout) + " (read-only)" * self.read_only}
        return ", ".join(f"{name} = {each}" for name, each in shown.items())


def _brief(param: Any) -> str:
    array = np.asarray(param)
    return f"ones of shape {array.shape}" if array.ndim and np.all(array == 1) else nested(array.tolist())


def departed(each: Departure) -> Beside:
    """Ask the book, handgrad and the twin."""
    ours, theirs = getattr(handgrad, each.layer), getattr(BOOK, each.of_the_book or each.layer)
    others = {"the book": said(partial(each.ask, theirs)), "the twin": said(each.ask_jax)}
    return Beside(each.about, each.asked, each.given, said(partial(each.ask, ours)), others)
