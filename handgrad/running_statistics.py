"""The statistics of a batch, and their average over many batches, for when there is no batch to take them from."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, floating, ieee, number, shape_error


class Statistics(NamedTuple):
    """The mean and the variance of each channel (C,). The variance is biased: Σ (x - mean x)² / n, and not n - 1."""

    mean: Array
    var: Array


@ieee
def running_average(old: Statistics, new: Statistics | None, momentum: float = 0.9) -> Statistics:
    """Average statistics over time: momentum · old + (1 - momentum) · new, in new arrays of the dtypes of the old.

    So momentum is the weight of the old ones, as in the book; in PyTorch it is that of the new ones. Where there are
    no new ones, as nothing counted, the old ones stay.

    Raises
    ------
    ValueError, TypeError
        If momentum is no number from 0 to 1, or the shapes differ.

    Examples
    --------
    >>> running = Statistics(np.zeros(1), np.ones(1))
    >>> running_average(running, Statistics(np.array([10.0]), np.array([5.0])), momentum=0.75)
    Statistics(mean=array([2.5]), var=array([2.]))
    """
    momentum = number("running_average", "momentum", momentum)
    if not 0 <= momentum <= 1:
        raise ValueError(
            f"running_average: momentum is {momentum}; expected 0 to 1, because it is the weight of the old"
        )
    if new is None:
        return Statistics(*(np.array(floating("running_average", "old", each)) for each in old))
    return Statistics(_averaged("mean", old.mean, new.mean, momentum), _averaged("var", old.var, new.var, momentum))


def _averaged(name: str, old: npt.ArrayLike, new: npt.ArrayLike, momentum: float) -> Array:
    old, new = floating("running_average", f"old.{name}", old), floating("running_average", f"new.{name}", new)
    if new.shape != old.shape:
        raise shape_error("running_average", f"new.{name}", new.shape, old.shape, "that is the shape of the old")
    return np.asarray(momentum * old + (1 - momentum) * new, old.dtype)
