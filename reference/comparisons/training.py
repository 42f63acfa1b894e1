"""Networks trained by handgrad's gradients and by JAX's, side by side.

Both start from the same weights and see the same batches, in float64. Nothing is shared after that: each goes
where its own gradients lead it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from threadpoolctl import threadpool_limits

from reference.comparisons.networks.network import Batch, Net, Network, Numbers
from reference.comparisons.side_by_side import SideBySide, Step

REPORTS = 4  # of how far a training is


@dataclass(frozen=True)
class Training:
    """Both trainings, step by step, and how well both networks read in the end.

    Beside their losses stands that of whoever knows nothing but how frequent each class is.
    """

    network: Network
    losses: Numbers
    jax_losses: Numbers
    differences: Numbers
    masked_differences: Numbers
    accuracy: float
    jax_accuracy: float
    loss_of_frequencies: float
    learnt: int
    read: int

    @property
    def last_losses(self) -> tuple[float, float]:
        """The mean losses of the last epoch, in handgrad and in JAX."""
        last = slice(-(self.learnt // self.network.batch), None)
        return float(self.losses[last].mean()), float(self.jax_losses[last].mean())


def train(network: Network, seed: int = 0, tell: Callable[[str], Any] = print) -> Training:
    """Train both networks and compare every parameter gradient at every step; tell how far that is."""
    random = np.random.default_rng(seed)
    learnt, read = network.task.examples(random)
    both, steps = SideBySide(network, network.initial_params(random)), list[Step]()
    number = network.epochs * (len(learnt.x) // network.batch)
    with threadpool_limits(1), jax.enable_x64(True):  # more threads would wait for JAX's, busily
        for _ in range(network.epochs):
            for batch in epoch(random, learnt, network.batch):
                steps.append(both.step(batch, *network.task.unmasked(batch, random)))
                if len(steps) * REPORTS % number < REPORTS:
                    tell(progress(steps, number))
    seen = epoch(random, learnt, network.batch)
    ours, jaxs = (accuracy(network.reads(params, seen), read) for params in (both.params, both.jax_params))
    losses, jax_losses, differences, masked = np.transpose(steps)
    return Training(
        network,
        losses,
        jax_losses,
        differences,
        masked,
        ours,
        jaxs,
        loss_of_frequencies(learnt),
        len(learnt.x),
        len(read.x),
    )


def epoch(random: np.random.Generator, examples: Batch, size: int) -> list[Batch]:
    """Shuffle the examples, and cut them into full batches."""
    order = random.permutation(len(examples.x))
    return [examples.of(rows) for rows in order[: len(order) // size * size].reshape(-1, size)]


def progress(steps: Sequence[Step], number: int) -> str:
    """Say how far a training is."""
    worst = np.max([step.difference for step in steps])
    return f"step {len(steps):>5} of {number:,}: loss {steps[-1].loss:.6f}, gradients differ by {worst:.2g}"


def accuracy(net: Net, examples: Batch) -> float:
    """Count how often the highest score is the right class's."""
    right = net.scores(examples).argmax(axis=-1) == examples.t
    return float(np.mean(right if examples.counts is None else right[examples.counts]))


def loss_of_frequencies(examples: Batch) -> float:
    """Compute the least loss that the same guess for all inputs can have: the entropy of the classes."""
    t = examples.t if examples.counts is None else examples.t[examples.counts]
    shares = np.unique_counts(t).counts / t.size
    return float(-np.sum(shares * np.log(shares)))
