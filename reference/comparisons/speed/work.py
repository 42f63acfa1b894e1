"""What a work is that is timed, and the numbers that it is done on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from reference.comparisons.speed.contenders import Numbers, Step

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Work:
    """What is timed, who does it, and what handgrad's time over another's is to be at most."""

    name: str
    contenders: Mapping[str, Callable[[], Step]]
    targets: Mapping[str, float]


def normal(*shape: int) -> Numbers:
    """Draw float32 numbers, the same ones every time."""
    return np.random.default_rng(0).standard_normal(shape, np.float32)


def labels(rows: int, classes: int) -> Numbers:
    """Draw class indices, the same ones every time."""
    return np.random.default_rng(0).integers(0, classes, rows)


def one_hot(t: Numbers, classes: int) -> Numbers:
    """Give labels as the book wants them."""
    return np.eye(classes, dtype=np.float32)[t]
