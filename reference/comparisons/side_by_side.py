"""A network in handgrad and the same in JAX, each of which goes down by its own gradients."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import numpy as np

from reference.comparisons.networks.network import Batch, Net, Network, Params, loss_in_jax

MOMENTUM = 0.9


class Step(NamedTuple):
    """The losses of a step, and how far gradients differ: handgrad's and JAX's, its own with masks and without."""

    loss: float
    jax_loss: float
    difference: float
    masked_difference: float


class SideBySide:
    """Both networks, which have the same weights at first, and share nothing after that."""

    def __init__(self, network: Network, params: Params) -> None:
        self.params, self.jax_params = params, {name: array.copy() for name, array in params.items()}
        self.descents = [Descent(each, network.learning_rate) for each in (self.params, self.jax_params)]
        self.net = network.make(params)
        self.jax_gradient = jax.jit(jax.value_and_grad(partial(loss_in_jax, network.in_jax)))

    def step(self, batch: Batch, masked: Batch, parts: Sequence[Batch]) -> Step:
        """Compare the gradients of a batch, and go a step; before that, those of another with masks or without."""
        apart = masked_difference(self.net, masked, parts)
        loss, (jax_loss, jax_grads) = self.net.gradient(batch), self.jax_gradient(self.jax_params, batch)
        both = self.net.grads, {name: np.asarray(grad) for name, grad in jax_grads.items()}
        for descent, grads in zip(self.descents, both, strict=True):
            descent.step(grads)
        return Step(loss, float(jax_loss), largest_difference(*both), apart)


class Descent:
    """The way down a loss, with momentum: a part of each step is the one before."""

    def __init__(self, params: Params, rate: float) -> None:
        self.params, self.rate = params, rate
        self.velocity = {name: np.zeros_like(array) for name, array in params.items()}

    def step(self, grads: Params) -> None:
        """Change the params where they are."""
        for name, grad in grads.items():
            self.velocity[name] = MOMENTUM * self.velocity[name] - self.rate * grad
            self.params[name] += self.velocity[name]


def masked_difference(net: Net, masked: Batch, parts: Sequence[Batch]) -> float:
    """Compare the loss and the gradients of a batch with masks with the mean of those of its parts without any."""
    total = sum(part.t.size for part in parts)
    whole = _loss_and_grads(net, masked)
    mean = {name: np.zeros_like(array) for name, array in whole.items()}
    for part in parts:
        for name, array in _loss_and_grads(net, part).items():
            mean[name] += part.t.size / total * array
    return largest_difference(whole, mean)


def _loss_and_grads(net: Net, batch: Batch) -> Params:
    loss = net.gradient(batch)
    return {"loss": np.array(loss)} | net.grads


def largest_difference(grads: Params, others: Params) -> float:
    """Find the largest absolute difference between two sets of gradients. It is NaN if any is."""
    return float(np.max([np.abs(grads[name] - others[name]).max() for name in grads]))
