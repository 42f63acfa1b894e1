"""What a network is that is trained by handgrad and by JAX: how it is made in both, and what there is to learn."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

import handgrad
from reference.losses import softmax_with_loss

Numbers = npt.NDArray[np.floating[Any]]
Params = dict[str, Numbers]
Mask = npt.NDArray[np.bool_] | None


class Batch(NamedTuple):
    """Inputs and the classes that are right. A mask hides inputs from the network, and another one losses."""

    x: npt.NDArray[Any]
    t: npt.NDArray[np.integer[Any]]
    mask: Mask = None
    counts: Mask = None

    def of(self, rows: Any) -> "Batch":
        """Give some of its rows."""
        mask, counts = (None if each is None else each[rows] for each in (self.mask, self.counts))
        return Batch(self.x[rows], self.t[rows], mask, counts)

    def split(self, random: np.random.Generator) -> tuple["Batch", "Batch"]:
        """Hold a fifth of the rows back."""
        order = random.permutation(len(self.x))
        kept, held_back = np.split(order, [len(order) * 4 // 5])
        return self.of(kept), self.of(held_back)


class Net:
    """A network with SoftmaxWithLoss behind it. The layers hold the very arrays of `params`."""

    def __init__(self, params: Params, network: handgrad.Layer, loss: Any = None) -> None:
        self.network, self.names = network, tuple(params)
        self.loss = loss or handgrad.SoftmaxWithLoss()

    def gradient(self, batch: Batch) -> float:
        """Go forward and back, and return the loss. The gradients are left on the layers."""
        loss = self.loss.forward(self.scores(batch), batch.t, *given(batch.counts))
        self.network.backward(self.loss.backward())
        return float(loss)

    def scores(self, batch: Batch) -> Numbers:
        """Go forward alone."""
        return np.asarray(self.network.forward(batch.x, *given(batch.mask)))

    @property
    def grads(self) -> Params:
        """The gradients of the parameters, by the names that these have in `params`."""
        grads = (grad for _, _, grad in handgrad.parameters(self.network))
        return dict(zip(self.names, grads, strict=True))


def given(mask: Mask) -> tuple[Any, ...]:
    """Give a mask to a layer if there is one: not every layer takes one."""
    return () if mask is None else (mask,)


def loss_in_jax(scores: Callable[..., Any], params: Mapping[str, Any], batch: Batch) -> Any:
    """Compute in JAX what `Net.gradient` returns, from the scores of the same network in JAX."""
    out = scores(params, batch.x, *given(batch.mask))
    return softmax_with_loss(out, jnp.asarray(batch.t), *given(batch.counts))


@dataclass(frozen=True)
class Task:
    """What there is to learn, what is read in the end, and how a batch is told without a mask.

    `unmasked` gives a batch with masks, and the same without any, in parts: what masks hide is left out.
    """

    about: str
    learns: str
    reads: str
    examples: Callable[[np.random.Generator], tuple[Batch, Batch]]
    unmasked: Callable[[Batch, np.random.Generator], tuple[Batch, Sequence[Batch]]]


@dataclass(frozen=True)
class Network:
    """A network, and how it is trained; `accuracy` is what it has at least in the end.

    Where it reads otherwise than it learns, `reader` makes it of its params and of the batches of an epoch.
    """

    name: str
    layers: str
    figure: str
    task: Task
    make: Callable[[Params], Net]
    in_jax: Callable[..., Any]
    shapes: Mapping[str, tuple[int, ...]]
    batch: int
    epochs: int
    learning_rate: float
    accuracy: float
    reader: Callable[[Params, Sequence[Batch]], Net] | None = None

    def reads(self, params: Params, seen: Sequence[Batch]) -> Net:
        """Make it for reading."""
        return self.reader(params, seen) if self.reader else self.make(params)

    def initial_params(self, random: np.random.Generator) -> Params:
        """Draw He's initial weights; biases start at 0, and what scales at 1."""
        return {name: _initial(random, name, shape) for name, shape in self.shapes.items()}


def _initial(random: np.random.Generator, name: str, shape: tuple[int, ...]) -> Numbers:
    if len(shape) == 1:
        return np.full(shape, 1.0 if "gamma" in name else 0.0)
    return random.standard_normal(shape) * np.sqrt(2 / _inputs(name, shape))


def _inputs(name: str, shape: tuple[int, ...]) -> int:
    """Count the products of which an output is the sum. Of a table, E, one row is looked up at a time."""
    if name == "E":
        return 1
    return shape[0] if len(shape) == 2 else math.prod(shape[1:])  # of Affine, or of a convolution
