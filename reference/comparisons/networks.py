"""The networks that learn real digits, in handgrad and in JAX: the book's of two layers, and one that convolves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import handgrad
from reference.activations import relu
from reference.affine import affine
from reference.convolution import convolution
from reference.losses import softmax_with_loss
from reference.pooling import max_pool

Numbers = npt.NDArray[np.floating[Any]]
Params = dict[str, Numbers]

PIXELS, CLASSES = (8, 8), 10
HIDDEN = 100
CHANNELS = 16


class Net:
    """A network with SoftmaxWithLoss behind it. The layers hold the very arrays of `params`."""

    def __init__(self, params: Params, *network: handgrad.Layer, loss: Any = None) -> None:
        self.network, self.names = handgrad.Sequential(*network), tuple(params)
        self.loss = loss or handgrad.SoftmaxWithLoss()

    def gradient(self, x: npt.NDArray[Any], t: npt.NDArray[Any], *mask: npt.NDArray[Any]) -> float:
        """Go forward and back, and return the loss. The gradients are left on the layers."""
        loss = self.loss.forward(self.network.forward(x), t, *mask)
        self.network.backward(self.loss.backward())
        return float(loss)

    @property
    def grads(self) -> Params:
        """The gradients of the parameters, by the names that these have in `params`."""
        grads = (grad for _, _, grad in handgrad.parameters(self.network))
        return dict(zip(self.names, grads, strict=True))


def two_layers(params: Params, layers: Any = handgrad) -> Net:
    """Make the book's two-layer network, of handgrad's layers or of the book's."""
    first, second = layers.Affine(params["W1"], params["b1"]), layers.Affine(params["W2"], params["b2"])
    return Net(params, first, layers.Relu(), second, loss=layers.SoftmaxWithLoss())


def two_layers_in_jax(params: Mapping[str, Any], x: Any, t: Any) -> Any:
    """Compute its loss in JAX."""
    hidden = relu(affine(x, params["W1"], params["b1"]))
    return softmax_with_loss(affine(hidden, params["W2"], params["b2"]), t)


def convolutional(params: Params) -> Net:
    """Make a network that slides filters over images, and keeps the largest number of every 2 by 2."""
    return Net(
        params,
        handgrad.Reshape((-1, 1, *PIXELS)),
        handgrad.Convolution(params["W1"], params["b1"], pad="same"),
        handgrad.Relu(),
        handgrad.MaxPool((2, 2)),
        handgrad.Reshape((-1, len(params["W2"]))),
        handgrad.Affine(params["W2"], params["b2"]),
    )


def convolutional_in_jax(params: Mapping[str, Any], x: Any, t: Any) -> Any:
    """Compute its loss in JAX."""
    images = x.reshape(-1, 1, *PIXELS)
    features = max_pool(relu(convolution(images, params["W1"], params["b1"], pad="same")), (2, 2))
    return softmax_with_loss(affine(features.reshape(len(x), -1), params["W2"], params["b2"]), t)


@dataclass(frozen=True)
class Network:
    """A network, and how it is trained; `accuracy` is what it has at least in the end."""

    name: str
    layers: str
    figure: str
    make: Callable[[Params], Net]
    in_jax: Callable[[Mapping[str, Any], Any, Any], Any]
    shapes: Mapping[str, tuple[int, ...]]
    epochs: int
    learning_rate: float
    accuracy: float

    def initial_params(self, random: np.random.Generator) -> Params:
        """Draw He's initial weights; biases start at 0."""
        return {name: _initial(random, shape) for name, shape in self.shapes.items()}


def _initial(random: np.random.Generator, shape: tuple[int, ...]) -> Numbers:
    if len(shape) == 1:
        return np.zeros(shape)
    inputs = shape[0] if len(shape) == 2 else np.prod(shape[1:])  # of Affine, or of a convolution
    return random.standard_normal(shape) * np.sqrt(2 / inputs)


# Some 98 and 99 % are usual; of 360 digits, the least accuracies are four standard deviations less.
NETWORKS = (
    Network(
        "The book's two-layer network",
        "Affine, Relu, Affine, SoftmaxWithLoss",
        "digits.svg",
        two_layers,
        two_layers_in_jax,
        {"W1": (64, HIDDEN), "b1": (HIDDEN,), "W2": (HIDDEN, CLASSES), "b2": (CLASSES,)},
        epochs=80,
        learning_rate=1.0,
        accuracy=0.95,
    ),
    Network(
        "A convolutional network",
        "Convolution, Relu, MaxPool, Affine, SoftmaxWithLoss",
        "digits-convolutional.svg",
        convolutional,
        convolutional_in_jax,
        {"W1": (CHANNELS, 1, 3, 3), "b1": (CHANNELS,), "W2": (CHANNELS * 16, CLASSES), "b2": (CLASSES,)},
        epochs=60,
        learning_rate=0.5,
        accuracy=0.97,
    ),
)
