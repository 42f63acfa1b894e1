"""The book's network of two layers, which learns real digits."""

from collections.abc import Mapping
from typing import Any

import handgrad
from reference.activations import relu
from reference.affine import affine
from reference.comparisons.networks.digits import CLASSES, DIGITS, PIXELS
from reference.comparisons.networks.network import Net, Network, Params

HIDDEN = 100
INPUTS = PIXELS[0] * PIXELS[1]


def two_layers(params: Params, layers: Any = handgrad) -> Net:
    """Make it of handgrad's layers or of the book's."""
    first, second = layers.Affine(params["W1"], params["b1"]), layers.Affine(params["W2"], params["b2"])
    return Net(params, handgrad.Sequential(first, layers.Relu(), second), layers.SoftmaxWithLoss())


def two_layers_in_jax(params: Mapping[str, Any], x: Any) -> Any:
    """Compute its scores in JAX."""
    return affine(relu(affine(x, params["W1"], params["b1"])), params["W2"], params["b2"])


TWO_LAYERS = Network(
    "The book's two-layer network",
    "Affine, Relu, Affine, SoftmaxWithLoss",
    "digits.svg",
    DIGITS,
    two_layers,
    two_layers_in_jax,
    {"W1": (INPUTS, HIDDEN), "b1": (HIDDEN,), "W2": (HIDDEN, CLASSES), "b2": (CLASSES,)},
    batch=100,
    epochs=40,
    learning_rate=0.2,
    accuracy=0.95,  # some 98 % are usual; of 360 digits, this is four standard deviations less
)
