"""Which axis has the channels: what is behind it is space, and what is before it is the batch.

Whatever the axes of an array are, it is looked at as (batch, C, space).
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.axes import as_axis
from handgrad.checks import Array, booleans, shape_error
from handgrad.counting import Counts


def axis_of_channels(where: str, axis: int, x: Array, gamma: Array) -> int:
    """Give the axis of the channels, counted from the first. Gamma has a number for each channel.

    Raises
    ------
    ValueError, TypeError
        If x has no such axis, or it is not as long as gamma.
    """
    axis = as_axis(where, axis, x.shape)
    if x.shape[axis] != len(gamma):
        expected = f"{len(gamma)} channels on axis {axis}"
        raise shape_error(where, "x", x.shape, expected, f"gamma.shape is {gamma.shape}")
    return axis


def what_counts(where: str, mask: npt.ArrayLike | None, x: Array, axis: int) -> Counts:
    """Give the mask as booleans (batch, 1, space), or True where everything counts.

    Raises
    ------
    ValueError, TypeError
        If it has not the shape of x without the channels, or is not boolean.
    """
    if mask is None:
        return True
    counts = booleans(where, "mask", mask, "what is there counts")
    before, behind = x.shape[:axis], x.shape[axis + 1 :]
    if counts.shape != before + behind:
        because = f"x.shape is {x.shape} and the channels are on axis {axis}"
        raise shape_error(where, "mask", counts.shape, before + behind, because)
    return counts.reshape(math.prod(before), 1, math.prod(behind))


def expect_to_divide(where: str, groups: int, gamma: Array) -> None:
    """Raise ValueError unless the channels can be cut into so many groups."""
    if groups < 1 or len(gamma) % groups:
        expected = f"a divisor of {len(gamma)}, because gamma.shape is {gamma.shape}"
        raise ValueError(f"{where}: groups is {groups}; expected {expected}")


def by_channel(x: Array, axis: int) -> Array:
    """Give an array as (batch, C, space)."""
    return x.reshape(math.prod(x.shape[:axis]), x.shape[axis], math.prod(x.shape[axis + 1 :]))


def in_groups(channels: npt.NDArray[Any], groups: int) -> npt.NDArray[Any]:
    """Give (batch, C, space) as (batch, groups, numbers of a group), which lie side by side."""
    batch, C, space = channels.shape
    return channels.reshape(batch, groups, C // groups * space)


def column(param: Array) -> Array:
    """Give (C,) as (C, 1), which broadcasts to (batch, C, space)."""
    return param[:, np.newaxis]
