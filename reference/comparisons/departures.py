"""Where handgrad departs from the book: the same input, given to the book's classes, to handgrad's and to JAX."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import handgrad
from reference.cases import CASES
from reference.comparisons import book
from reference.comparisons.page import table
from reference.comparisons.said import nested, said


class BookSumOfSquares:
    """The book has a function for it, and no layer."""

    forward = staticmethod(book.sum_squared_error)


BOOK = SimpleNamespace(**vars(book), IdentityWithLoss=BookSumOfSquares)
TWINS = {case.layer.__name__: case.twin for case in CASES}


@dataclass(frozen=True)
class Departure:
    """What a layer is asked: "out", a gradient such as "dx", or "dout": what has become of it when backward is done.

    W and b go to the constructor. Without a `dout`, backward is called without one.
    """

    layer: str
    about: str
    asked: str
    inputs: Mapping[str, Any]
    W: Any = None
    dout: Any = None
    read_only: bool = False

    def ask(self, layers: Any) -> Any:
        """Ask the book's layers, or handgrad's."""
        params = () if self.W is None else (self.W, np.zeros(self.W.shape[1]))
        layer = getattr(layers, self.layer)(*params)
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
        params = {} if self.W is None else {"W": self.W, "b": np.zeros(self.W.shape[1])}
        arguments = {name: jnp.asarray(each) for name, each in {**self.inputs, **params}.items()}
        of = "W" if self.asked == "dW" else "x"
        out, pullback = jax.vjp(lambda array: TWINS[self.layer](**arguments | {of: array}), arguments[of])
        dout = np.array(1.0 if self.dout is None else self.dout)
        (grad,) = pullback(jnp.broadcast_to(dout, out.shape))
        return {"out": out, "dout": dout}.get(self.asked, grad)

    @property
    def given(self) -> str:
        """Write down the input."""
        shown = {name: nested(np.asarray(each).tolist()) for name, each in self.inputs.items()}
        shown |= {} if self.W is None else {"W": f"ones of shape {self.W.shape}"}
        shown |= {} if self.dout is None else {"dout": nested(self.dout) + " (read-only)" * self.read_only}
        return ", ".join(f"{name} = {each}" for name, each in shown.items())


@dataclass(frozen=True)
class Departed:
    """A row of the table, every outcome computed."""

    layer: str
    about: str
    given: str
    asked: str
    book: str
    ours: str
    jaxs: str


SIGNS = {"x": np.array([-1.0, 1.0])}
SAMPLE = {"x": np.array([2.0, 5.0])}
HOPELESS = {"x": np.array([0.0, 100.0]), "t": np.array([1.0, 0.0])}
LABEL_MINUS_1 = {"x": np.array([[0.0, 1.0, 5.0]]), "t": np.array([-1])}
ONE_CLASS = {"x": np.array([[5.0], [7.0]]), "t": np.array([0, 0])}
RULED_OUT = {"x": np.full((1, 2), -np.inf), "t": np.array([0])}
MEASURED = {"x": np.array([[3.0, 4.0], [0.0, 0.0]]), "t": np.zeros((2, 2))}

DEPARTURES = (
    Departure("Relu", "the caller's dout, after backward", "dout", SIGNS, dout=[1.0, 1.0]),
    Departure("Relu", "a dout that must not be written to", "dx", SIGNS, dout=[1.0, 1.0], read_only=True),
    Departure("Relu", "a single number", "out", {"x": -1.0}),
    Departure("Sigmoid", "a large negative number", "out", {"x": np.array([-1000.0])}),
    Departure("Affine", "one sample", "dW", SAMPLE, W=np.ones((2, 3)), dout=[1.0, 2.0, 3.0]),
    Departure("Affine", "one sample, W square", "dW", SAMPLE, W=np.ones((2, 2)), dout=[1.0, 2.0]),
    Departure("SoftmaxWithLoss", "a hopeless target", "out", HOPELESS),
    Departure("SoftmaxWithLoss", "one sample", "dx", HOPELESS),
    Departure("SoftmaxWithLoss", "a dout other than 1", "dx", HOPELESS, dout=3.0),
    Departure("SoftmaxWithLoss", "label -1", "out", LABEL_MINUS_1),
    Departure("SoftmaxWithLoss", "labels of a single class", "out", ONE_CLASS),
    Departure("SoftmaxWithLoss", "every class ruled out", "out", RULED_OUT),
    Departure("IdentityWithLoss", "a batch of two", "out", MEASURED),
)


def departed(layers: Collection[str]) -> list[Departed]:
    """Ask everyone about these layers."""
    return [
        Departed(
            each.layer,
            each.about,
            each.given,
            each.asked,
            said(partial(each.ask, BOOK)),
            said(partial(each.ask, handgrad)),
            said(each.ask_jax),
        )
        for each in DEPARTURES
        if each.layer in layers
    ]


def section(found: Sequence[Departed]) -> str:
    """Set the book's answers beside handgrad's and JAX's, for the page."""
    header = ["layer", "situation", "input", "result", "the book", "handgrad", "twin in JAX"]
    rows = [
        [
            each.layer,
            each.about,
            f"`{each.given}`",
            each.asked,
            *(f"`{said}`" for said in (each.book, each.ours, each.jaxs)),
        ]
        for each in found
    ]
    book_alike = sum(each.book == each.jaxs for each in found)
    alike = sum(each.ours == each.jaxs for each in found)
    total = f"In {alike} of these {len(found)}, handgrad answers as the twin does; the book in {book_alike}."
    return "\n\n".join([_BOOK, table(header, rows), total])


_BOOK = """\
The book is *Deep Learning from Scratch* (ゼロから作るDeep Learning), and the layers are those of its chapter 5. They
stand in [`comparisons/book.py`](comparisons/book.py) as the book has them; for the squared error, it has a function.
All are given the same inputs here. A twin is the JAX function by which a layer is tested. That of SoftmaxWithLoss
([`losses.py`](losses.py)) trusts its labels, and spells them `jax.nn.one_hot`, which makes a row of zeros of label
-1; "Conventions" has both spellings."""
