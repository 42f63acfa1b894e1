"""Networks on real digits, trained by handgrad's gradients and by JAX's, side by side.

Both start from the same weights and see the same batches, in float64. Nothing is shared after that: each goes
where its own gradients lead it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import numpy.typing as npt

import handgrad
from reference.comparisons.networks import Net, Network

Digits = tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]

BATCH = 100
REPORTS = 4  # of how far a training is


@dataclass(frozen=True)
class Training:
    """Both trainings, step by step, and how well both networks read the digits that were held back."""

    network: Network
    losses: Sequence[float]
    jax_losses: Sequence[float]
    differences: Sequence[float]
    accuracy: float
    jax_accuracy: float
    masked_difference: float
    learnt: int
    held_back: int


def train(network: Network, seed: int = 0, tell: Callable[[str], Any] = print) -> Training:
    """Train both networks and compare every parameter gradient at every step; tell how far that is."""
    random = np.random.default_rng(seed)
    (x, t), test = split_digits(random)
    params = network.initial_params(random)
    jax_params = {name: array.copy() for name, array in params.items()}
    net, steps = network.make(params), network.epochs * (len(x) // BATCH)
    losses, jax_losses, differences, masked = [], [], [], []
    with jax.enable_x64(True):
        jax_gradient = jax.jit(jax.value_and_grad(network.in_jax))
        for step, batch in enumerate(batches(random, len(x), network.epochs), 1):
            masked.append(masked_difference(net, x[batch], t[batch], random))
            losses.append(net.gradient(x[batch], t[batch]))
            jax_value, jax_grads = jax_gradient(jax_params, x[batch], t[batch])
            jax_losses.append(float(jax_value))
            differences.append(largest_difference(net.grads, jax_grads))
            for _, value, grad in handgrad.parameters(net.network):
                value -= network.learning_rate * grad
            for name, jax_grad in jax_grads.items():
                jax_params[name] -= network.learning_rate * np.asarray(jax_grad)
            if step * REPORTS % steps < REPORTS:
                tell(
                    f"step {step:>5} of {steps:,}: loss {losses[-1]:.6f}, gradients differ by {max(differences):.2g}"
                )
    reads = [accuracy(network.make(each), *test) for each in (params, jax_params)]
    return Training(network, losses, jax_losses, differences, reads[0], reads[1], max(masked), len(x), len(test[0]))


def split_digits(random: np.random.Generator) -> tuple[Digits, Digits]:
    """Load scikit-learn's 1,797 digits, scaled to 0 to 1, and hold a fifth of them back."""
    from sklearn.datasets import load_digits  # a second to import, for whoever imports this module

    digits: Any = load_digits()
    order = random.permutation(len(digits.data))
    kept, held_back = np.split(order, [len(order) * 4 // 5])
    x, t = digits.data / 16, digits.target.astype(np.int64)
    return (x[kept], t[kept]), (x[held_back], t[held_back])


def batches(random: np.random.Generator, rows: int, epochs: int) -> Iterator[npt.NDArray[np.intp]]:
    """Shuffle the rows anew in every epoch, and cut them into full batches."""
    for _ in range(epochs):
        order = random.permutation(rows)
        yield from order[: rows // BATCH * BATCH].reshape(-1, BATCH)


def masked_difference(net: Net, x: npt.NDArray[Any], t: npt.NDArray[Any], random: np.random.Generator) -> float:
    """Mask a quarter of a batch, with labels that do not exist, and compare with the smaller batch."""
    counts = random.permutation(len(x)) >= len(x) // 4
    net.gradient(x, np.where(counts, t, -1), counts)
    masked = net.grads
    net.gradient(x[counts], t[counts])
    return largest_difference(masked, net.grads)


def largest_difference(grads: Mapping[str, Any], others: Mapping[str, Any]) -> float:
    """Find the largest absolute difference between two sets of gradients."""
    return max(float(np.abs(grads[name] - np.asarray(others[name])).max()) for name in grads)


def accuracy(net: Net, x: npt.NDArray[Any], t: npt.NDArray[Any]) -> float:
    """Count how often the highest score is the right class's."""
    return float((net.network.forward(x).argmax(axis=-1) == t).mean())
