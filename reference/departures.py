"""Where handgrad departs from the book: the same input, given to the book's classes, to handgrad and to JAX."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import handgrad
from reference import activations, affine, losses
from reference import book as untyped_book
from reference.page import table
from reference.said import said


@dataclass(frozen=True)
class Departure:
    """One input, and what to run on it."""

    layer: str
    about: str
    given: str
    book: Callable[[], Any]
    ours: Callable[[], Any]
    in_jax: Callable[[], Any]


@dataclass(frozen=True)
class Departed:
    """A row of the table, every outcome computed."""

    layer: str
    about: str
    given: str
    book: str
    ours: str
    jaxs: str


def gradient(layer: Any, *inputs: Any, dout: Any = None) -> Any:
    """Run a layer forward and back."""
    layer.forward(*inputs)
    return layer.backward() if dout is None else layer.backward(dout)


def gradient_in_jax(function: Callable[..., Any], *inputs: Any, dout: Any = 1.0) -> Any:
    """Give the gradient of the first input."""
    out, pullback = jax.vjp(function, *map(jnp.asarray, inputs))
    return pullback(jnp.broadcast_to(jnp.asarray(dout), out.shape))[0]


def dout_after(make: Callable[[], Any]) -> Any:
    """Look at the array that backward was given, when it is done."""
    dout = np.ones(2)
    gradient(make(), np.array([-1.0, 1.0]), dout=dout)
    return dout


def dout_after_jax() -> Any:
    """Do the same in JAX."""
    dout = np.ones(2)
    gradient_in_jax(activations.relu, np.array([-1.0, 1.0]), dout=dout)
    return dout


def read_only_dout(make: Callable[[], Any]) -> Any:
    """Give backward an array that may not be written to."""
    dout = np.ones(2)
    dout.flags.writeable = False
    return gradient(make(), np.array([-1.0, 1.0]), dout=dout)


def weight_gradient(make: Callable[..., Any], W: Any) -> Any:
    """Give the gradient of the weights for one sample without a batch axis."""
    layer = make(W, np.zeros(W.shape[1]))
    gradient(layer, np.array([2.0, 5.0]), dout=np.arange(1.0, W.shape[1] + 1))
    return layer.dW


def weight_gradient_in_jax(W: Any) -> Any:
    """Do the same in JAX."""
    b, x = np.zeros(W.shape[1]), np.array([2.0, 5.0])
    return gradient_in_jax(lambda W: AFFINE(x, W, b), W, dout=np.arange(1.0, W.shape[1] + 1))


book: Any = untyped_book
LOSS: Any = losses.softmax_with_loss
SQUARES: Any = losses.identity_with_loss
AFFINE: Any = affine.affine
SCORES, RIGHT = np.array([0.0, 100.0]), np.array([1.0, 0.0])
ROW, MINUS_1 = np.array([[0.0, 1.0, 5.0]]), np.array([-1])
ONE_CLASS, ZEROS = np.array([[5.0], [7.0]]), np.array([0, 0])
RULED_OUT = np.full((1, 2), -np.inf)
FITTED, MEASURED = np.array([[3.0, 4.0], [0.0, 0.0]]), np.zeros((2, 2))
WIDE, SQUARE = np.ones((2, 3)), np.ones((2, 2))

DEPARTURES = (
    Departure(
        "Relu",
        "the caller's dout after backward",
        "x = [-1, 1], dout = [1, 1]",
        lambda: dout_after(book.Relu),
        lambda: dout_after(handgrad.Relu),
        dout_after_jax,
    ),
    Departure(
        "Relu",
        "a dout that is read-only",
        "x = [-1, 1], dout = [1, 1]",
        lambda: read_only_dout(book.Relu),
        lambda: read_only_dout(handgrad.Relu),
        lambda: gradient_in_jax(activations.relu, np.array([-1.0, 1.0])),
    ),
    Departure(
        "Relu",
        "a single number",
        "x = -1.0",
        lambda: book.Relu().forward(-1.0),
        lambda: handgrad.Relu().forward(-1.0),
        lambda: activations.relu(jnp.asarray(-1.0)),
    ),
    Departure(
        "Sigmoid",
        "a large negative number",
        "x = [-1000]",
        lambda: book.Sigmoid().forward(np.array([-1000.0])),
        lambda: handgrad.Sigmoid().forward(np.array([-1000.0])),
        lambda: activations.sigmoid(jnp.array([-1000.0])),
    ),
    Departure(
        "Affine",
        "dW of one sample",
        "x = [2, 5], W of shape (2, 3), dout = [1, 2, 3]",
        lambda: weight_gradient(book.Affine, WIDE),
        lambda: weight_gradient(handgrad.Affine, WIDE),
        lambda: weight_gradient_in_jax(WIDE),
    ),
    Departure(
        "Affine",
        "dW of one sample, square W",
        "x = [2, 5], W of shape (2, 2), dout = [1, 2]",
        lambda: weight_gradient(book.Affine, SQUARE),
        lambda: weight_gradient(handgrad.Affine, SQUARE),
        lambda: weight_gradient_in_jax(SQUARE),
    ),
    Departure(
        "SoftmaxWithLoss",
        "loss of a hopeless target",
        "x = [0, 100], t = [1, 0]",
        lambda: book.SoftmaxWithLoss().forward(SCORES, RIGHT),
        lambda: handgrad.SoftmaxWithLoss().forward(SCORES, RIGHT),
        lambda: LOSS(SCORES, RIGHT),
    ),
    Departure(
        "SoftmaxWithLoss",
        "gradient of one sample",
        "x = [0, 100], t = [1, 0]",
        lambda: gradient(book.SoftmaxWithLoss(), SCORES, RIGHT),
        lambda: gradient(handgrad.SoftmaxWithLoss(), SCORES, RIGHT),
        lambda: gradient_in_jax(LOSS, SCORES, RIGHT),
    ),
    Departure(
        "SoftmaxWithLoss",
        "the same for dout = 3",
        "x = [0, 100], t = [1, 0]",
        lambda: gradient(book.SoftmaxWithLoss(), SCORES, RIGHT, dout=3.0),
        lambda: gradient(handgrad.SoftmaxWithLoss(), SCORES, RIGHT, dout=3.0),
        lambda: gradient_in_jax(LOSS, SCORES, RIGHT, dout=3.0),
    ),
    Departure(
        "SoftmaxWithLoss",
        "label -1",
        "x = [[0, 1, 5]], t = [-1]",
        lambda: book.SoftmaxWithLoss().forward(ROW, MINUS_1),
        lambda: handgrad.SoftmaxWithLoss().forward(ROW, MINUS_1),
        lambda: LOSS(ROW, MINUS_1),
    ),
    Departure(
        "SoftmaxWithLoss",
        "labels, where there is one class",
        "x = [[5], [7]], t = [0, 0]",
        lambda: book.SoftmaxWithLoss().forward(ONE_CLASS, ZEROS),
        lambda: handgrad.SoftmaxWithLoss().forward(ONE_CLASS, ZEROS),
        lambda: LOSS(ONE_CLASS, ZEROS),
    ),
    Departure(
        "SoftmaxWithLoss",
        "every class ruled out",
        "x = [[-inf, -inf]], t = [0]",
        lambda: book.SoftmaxWithLoss().forward(RULED_OUT, ZEROS[:1]),
        lambda: handgrad.SoftmaxWithLoss().forward(RULED_OUT, ZEROS[:1]),
        lambda: LOSS(RULED_OUT, ZEROS[:1]),
    ),
    Departure(
        "IdentityWithLoss",
        "sum of squares of a batch",
        "x = [[3, 4], [0, 0]], t = [[0, 0], [0, 0]]",
        lambda: 0.5 * np.sum((FITTED - MEASURED) ** 2),
        lambda: handgrad.IdentityWithLoss().forward(FITTED, MEASURED),
        lambda: SQUARES(FITTED, MEASURED),
    ),
)


def departed() -> list[Departed]:
    """Run all of it."""
    return [
        Departed(each.layer, each.about, each.given, said(each.book), said(each.ours), said(each.in_jax))
        for each in DEPARTURES
    ]


def section(found: Sequence[Departed]) -> str:
    """Set the book's answers beside handgrad's and JAX's, for the page."""
    rows = [
        [each.layer, each.about, *(f"`{cell}`" for cell in (each.given, each.book, each.ours, each.jaxs))]
        for each in found
    ]
    return f"{_BOOK}\n\n{table(['layer', 'what', 'input', 'the book', 'handgrad', 'JAX'], rows)}"


_BOOK = """\
The layers are those of chapter 5 of *Deep Learning from Scratch* (ゼロから作るDeep Learning). They stand in
[`book.py`](book.py) as the book has them, and are given the same inputs here. JAX is the twin by which handgrad is
tested; a twin trusts its labels."""
