"""Which axis has the channels: what is behind it is space, and what is before it is the batch.

Whatever the axes of an array are, it is looked at as (batch, C, space).
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.axes import as_axis
from handgrad.checks import Array, booleans, floating, shape_error
from handgrad.counting import Counts


def channels_and_mask(where: str, x: Array, axis: int, mask: npt.ArrayLike | None) -> tuple[int, Counts]:
    """Give the axis of the channels, and what counts, as booleans (batch, 1, space) or True."""
    axis = as_axis(where, axis, x.shape)
    if mask is None:
        return axis, True
    counts = booleans(where, "mask", mask, "what is there counts")
    expected = x.shape[:axis] + x.shape[axis + 1 :]
    if counts.shape != expected:
        raise shape_error(where, "mask", counts.shape, expected, _because(x, axis))
    return axis, counts.reshape(math.prod(x.shape[:axis]), 1, math.prod(x.shape[axis + 1 :]))


def of_channels(where: str, x: Array, axis: int, **params: npt.ArrayLike) -> tuple[Array, ...]:
    """Give arrays that have a number for each channel, or raise an error that names the one that has not."""
    arrays = {name: floating(where, name, param) for name, param in params.items()}
    for name, array in arrays.items():
        if array.shape != x.shape[axis : axis + 1]:
            raise shape_error(where, name, array.shape, x.shape[axis : axis + 1], _because(x, axis))
    return tuple(arrays.values())


def expect_to_divide(where: str, groups: int, x: Array, axis: int) -> None:
    """Raise ValueError unless the channels can be cut into so many groups."""
    if groups < 1 or x.shape[axis] % groups:
        expected = f"a divisor of {x.shape[axis]}, because {_because(x, axis)}"
        raise ValueError(f"{where}: groups is {groups}; expected {expected}")


def _because(x: Array, axis: int) -> str:
    return f"x.shape is {x.shape} and the channels are on axis {axis}"


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
