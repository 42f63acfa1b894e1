"""Which axis has the channels: what is behind it is space, and what is before it is the batch.

Whatever the axes of an array are, it is looked at as (batch, C, space).
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.axes import as_axis
from handgrad.checks import Array, Shape, booleans, long_sum, shape_error
from handgrad.counting import Counts
from handgrad.numerics import blocks

BATCH_AND_SPACE = (0, 2)  # of arrays (batch, C, space)


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


def those_that_count(channels: Array, counts: Counts) -> Array:
    """Give the numbers that count (batch, C, space) as (n, C, 1). If all do, the array is given as it is."""
    if isinstance(counts, bool):
        return channels
    return channels.swapaxes(1, 2)[counts[:, 0]][..., np.newaxis]


def among_zeros(channels: Array, counts: Counts, shape: Shape) -> Array:
    """Put what counts back into its places in an array of the shape of x, among zeros."""
    if isinstance(counts, bool):
        return channels.reshape(shape)
    rows = np.zeros((len(counts), counts.shape[2], channels.shape[1]), channels.dtype)
    rows[counts[:, 0]] = channels[..., 0]
    return np.ascontiguousarray(rows.swapaxes(1, 2)).reshape(shape)


def sum_of_channels(channels: Array, of: Callable[[slice], Array]) -> Array:
    """Sum what is made of each block of the batch over batch and space: (C, 1), in float64."""
    start = np.zeros(channels.shape[1], np.result_type(channels, np.float64))
    return column(sum((long_sum(of(block), BATCH_AND_SPACE) for block in blocks(channels)), start))


def in_groups(channels: npt.NDArray[Any], groups: int) -> npt.NDArray[Any]:
    """Give (batch, C, space) as (batch, groups, numbers of a group), which lie side by side."""
    batch, C, space = channels.shape
    return channels.reshape(batch, groups, C // groups * space)


def column(param: Array) -> Array:
    """Give (C,) as (C, 1), which broadcasts to (batch, C, space)."""
    return param[:, np.newaxis]
