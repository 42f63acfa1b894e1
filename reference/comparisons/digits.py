"""The book's two-layer network on real digits, trained by handgrad's gradients and by JAX's, side by side.

Both start from the same weights and see the same batches, in float64. Nothing is shared after that: each goes
where its own gradients lead it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import numpy.typing as npt

import handgrad
from reference.activations import relu
from reference.affine import affine
from reference.losses import softmax_with_loss

Params = dict[str, npt.NDArray[np.floating[Any]]]
Digits = tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]

HIDDEN = 100
BATCH = 100
EPOCHS = 80
LEARNING_RATE = 1.0


class TwoLayerNet:
    """Affine, Relu and Affine, with SoftmaxWithLoss behind them. The layers hold the very arrays of `params`."""

    def __init__(self, params: Params, layers: Any = handgrad) -> None:
        self.network = handgrad.Sequential(
            layers.Affine(params["W1"], params["b1"]), layers.Relu(), layers.Affine(params["W2"], params["b2"])
        )
        self.loss, self.names = layers.SoftmaxWithLoss(), tuple(params)

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


def jax_loss(params: Mapping[str, Any], x: Any, t: Any) -> Any:
    """Compute the loss of the same network in JAX."""
    hidden = relu(affine(x, params["W1"], params["b1"]))
    return softmax_with_loss(affine(hidden, params["W2"], params["b2"]), t)


@dataclass(frozen=True)
class Training:
    """Both trainings, step by step, and how well both networks read the digits that were held back."""

    losses: Sequence[float]
    jax_losses: Sequence[float]
    differences: Sequence[float]
    accuracy: float
    jax_accuracy: float
    masked_difference: float
    learnt: int
    held_back: int


def train(seed: int = 0) -> Training:
    """Train both networks and compare every parameter gradient at every step."""
    random = np.random.default_rng(seed)
    (x, t), test = split_digits(random)
    params = initial_params(random)
    jax_params = {name: array.copy() for name, array in params.items()}
    net = TwoLayerNet(params)
    losses, jax_losses, differences, masked = [], [], [], []
    with jax.enable_x64(True):
        jax_gradient = jax.jit(jax.value_and_grad(jax_loss))
        for batch in batches(random, len(x)):
            masked.append(masked_difference(net, x[batch], t[batch], random))
            losses.append(net.gradient(x[batch], t[batch]))
            jax_value, jax_grads = jax_gradient(jax_params, x[batch], t[batch])
            jax_losses.append(float(jax_value))
            differences.append(largest_difference(net.grads, jax_grads))
            for _, value, grad in handgrad.parameters(net.network):
                value -= LEARNING_RATE * grad
            for name, jax_grad in jax_grads.items():
                jax_params[name] -= LEARNING_RATE * np.asarray(jax_grad)
    reads = [accuracy(TwoLayerNet(each), *test) for each in (params, jax_params)]
    return Training(losses, jax_losses, differences, reads[0], reads[1], max(masked), len(x), len(test[0]))


def split_digits(random: np.random.Generator) -> tuple[Digits, Digits]:
    """Load scikit-learn's 1,797 digits, scaled to 0 to 1, and hold a fifth of them back."""
    from sklearn.datasets import load_digits  # a second to import, for whoever imports this module

    digits: Any = load_digits()
    order = random.permutation(len(digits.data))
    kept, held_back = np.split(order, [len(order) * 4 // 5])
    x, t = digits.data / 16, digits.target.astype(np.int64)
    return (x[kept], t[kept]), (x[held_back], t[held_back])


def initial_params(random: np.random.Generator) -> Params:
    """Draw He's initial weights; biases start at 0."""
    return {
        "W1": random.standard_normal((64, HIDDEN)) * np.sqrt(2 / 64),
        "b1": np.zeros(HIDDEN),
        "W2": random.standard_normal((HIDDEN, 10)) * np.sqrt(2 / HIDDEN),
        "b2": np.zeros(10),
    }


def batches(random: np.random.Generator, rows: int) -> Iterator[npt.NDArray[np.intp]]:
    """Shuffle the rows anew in every epoch, and cut them into full batches."""
    for _ in range(EPOCHS):
        order = random.permutation(rows)
        yield from order[: rows // BATCH * BATCH].reshape(-1, BATCH)


def masked_difference(
    net: TwoLayerNet, x: npt.NDArray[Any], t: npt.NDArray[Any], random: np.random.Generator
) -> float:
    """Mask a quarter of a batch, with labels that do not exist, and compare with the smaller batch."""
    counts = random.permutation(len(x)) >= len(x) // 4
    net.gradient(x, np.where(counts, t, -1), counts)
    masked = net.grads
    net.gradient(x[counts], t[counts])
    return largest_difference(masked, net.grads)


def largest_difference(grads: Mapping[str, Any], others: Mapping[str, Any]) -> float:
    """Find the largest absolute difference between two sets of gradients."""
    return max(float(np.abs(grads[name] - np.asarray(others[name])).max()) for name in grads)


def accuracy(net: TwoLayerNet, x: npt.NDArray[Any], t: npt.NDArray[Any]) -> float:
    """Count how often the highest score is the right class's."""
    return float((net.network.forward(x).argmax(axis=-1) == t).mean())
