"""Arrays made of drawn bytes: drawing number by number takes longer than all that is then tried on them.

Hypothesis validates a strategy that it has not seen, which takes as long again; so each is made once.
"""

from functools import cache

import numpy as np

from handgrad.testing.inputs.values import TABLE, booleans, class_indices, looked_up, real_numbers


@cache
def numbers(shape, size=30.0):
    """Draw numbers of both signs and several scales, with zeros and ties among them."""
    return real_numbers(np.broadcast_shapes(shape), np.dtype(np.float64), -size, size).strategy()


@cache
def whole_numbers(shape, low=-9, high=9):
    """Draw whole numbers: their sums and products are exact, so that results can be compared exactly."""
    simple_first = sorted(np.linspace(low, high, TABLE).round(), key=abs)
    return looked_up(np.broadcast_shapes(shape), np.array(simple_first)).strategy()


@cache
def labels(shape, classes):
    """Draw class indices."""
    return class_indices(np.broadcast_shapes(shape), classes).strategy()


@cache
def masks(shape):
    """Draw which rows count."""
    return booleans(np.broadcast_shapes(shape)).strategy()
