"""Handwritten digits to learn: scikit-learn's, of 8 by 8 pixels. Any of them may be masked."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from reference.comparisons.networks.network import Batch, Task

PIXELS, CLASSES = (8, 8), 10


def split_digits(random: np.random.Generator) -> tuple[Batch, Batch]:
    """Load all 1,797 digits, scaled to 0 to 1, and hold a fifth of them back."""
    from sklearn.datasets import load_digits  # a second to import, for whoever imports this module

    digits: Any = load_digits()
    return Batch(digits.data / 16, digits.target.astype(np.int64)).split(random)


def masked_rows(batch: Batch, random: np.random.Generator) -> tuple[Batch, Sequence[Batch]]:
    """Mask a quarter of a batch, with labels that do not exist; without masks, it is a smaller batch."""
    counts = random.permutation(len(batch.x)) >= len(batch.x) // 4
    return Batch(batch.x, np.where(counts, batch.t, -1), counts=counts), [batch.of(counts)]


DIGITS = Task(
    "It tells which of the ten a handwritten digit is.",
    "digits",
    "digits held back",
    split_digits,
    masked_rows,
)
