"""Where windows stand, by the options that say so for each axis of space: the stride, the dilation, the padding."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from handgrad.checks import Array, Shape, shape_error, whole_number
from handgrad.windows import Axis

Numbers = int | Sequence[int]  # one for all axes of space, or one for each
Pair = tuple[int, int]
Padding = int | str | Sequence[int | Pair]  # for all axes, or for each a number or a pair (before, after); or a name

NAMES = ("valid", "same", "causal")
TO_FIT = ("same", "causal")  # of which there is always as much as windows need


def placed(where: str, space: Shape, sizes: Shape, stride: Numbers, pad: Padding, dilation: Numbers) -> list[Axis]:
    """Place windows over space.

    "valid" is no padding. "same" is as much as lets a window start at every stride-th number, half of it on each
    side, and what is odd behind. "causal" is all in front, so that no window sees what comes after its place.

    Raises
    ------
    ValueError
        For windows that are longer than space with its padding; and for options of numbers that there cannot be. By
        "same" and "causal" padding, there are no windows where there is no space.
    """
    axes = _unpadded(where, space, sizes, stride, dilation)
    axes = list(map(_padded, axes, _pairs(where, pad, axes)))
    if pad not in TO_FIT:
        _expect_room(where, axes)
    return axes


def placed_back(
    where: str, windows: Shape, sizes: Shape, stride: Numbers, pad: Padding, dilation: Numbers, out_pad: Numbers
) -> list[Axis]:
    """Place so many windows over a space that has just the room for them, and for `out_pad` numbers behind.

    The space for padding by the names "same" and "causal" is the windows times the stride.

    Raises
    ------
    ValueError
        If there is no such space; and for options of numbers that there cannot be.
    """
    axes = _unpadded(where, windows, sizes, stride, dilation)
    extra = per_axis(where, "out_pad", out_pad, len(axes), least=0)
    axes = list(map(partial(_with_room, pad), axes, _pairs(where, pad, axes), extra))
    axes = list(map(_padded, axes, _pairs(where, pad, axes)))
    _expect_windows(where, axes, windows)
    return axes


def per_axis(where: str, name: str, option: Numbers, axes: int, least: int = 1) -> Shape:
    """Give an option as a whole number for each axis of space."""
    numbers = option if isinstance(option, Sequence) else [option] * axes
    whole = tuple(whole_number(where, name, number) for number in numbers)
    if len(whole) != axes or min(whole) < least:
        expected = f"{least} or more, or {axes} such numbers, one for each axis of space"
        raise ValueError(f"{where}: {name} is {option}; expected {expected}")
    return whole


def for_each_axis(where: str, name: str, option: Sequence[int], x: Array) -> Shape:
    """Give an option that says by its numbers, from 1, how many axes of space x has at its end."""
    if not isinstance(option, Sequence) or not option:
        raise TypeError(f"{where}: {name} is {option!r}; expected a number for each axis of space, such as (2, 2)")
    numbers = per_axis(where, name, option, len(option))
    if x.ndim < len(numbers):
        expected = f"(..., {', '.join(['any'] * len(numbers))})"
        raise shape_error(where, "x", x.shape, expected, f"{name} is {option}")
    return numbers


def _unpadded(where: str, space: Shape, sizes: Shape, stride: Numbers, dilation: Numbers) -> list[Axis]:
    strides = per_axis(where, "stride", stride, len(space))
    dilations = per_axis(where, "dilation", dilation, len(space))
    return list(map(Axis, space, sizes, strides, dilations))


def _padded(axis: Axis, pair: Pair) -> Axis:
    low, high = pair
    return axis._replace(low=low, high=high)


def _pairs(where: str, pad: Any, axes: list[Axis]) -> list[Pair]:
    """Give the padding as a pair for each axis."""
    if isinstance(pad, str):
        if pad not in NAMES:
            raise ValueError(f"{where}: pad is {pad!r}; expected numbers, or one of {', '.join(NAMES)}")
        return [_named(pad, axis) for axis in axes]
    each = pad if isinstance(pad, Sequence) else [pad] * len(axes)
    pairs = [tuple(one) if isinstance(one, Sequence) else (one, one) for one in each]
    whole = [tuple(whole_number(where, "pad", number) for number in pair) for pair in pairs]
    if len(whole) != len(axes) or any(len(pair) != 2 or min(pair) < 0 for pair in whole):
        expected = f"0 or more, or {len(axes)} such numbers or pairs (before, after), one for each axis of space"
        raise ValueError(f"{where}: pad is {pad}; expected {expected}")
    return [(low, high) for low, high in whole]


def _named(pad: str, axis: Axis) -> Pair:
    if pad == "valid":
        return 0, 0
    if pad == "causal":
        return axis.span - 1, 0
    last = (-(-axis.length // axis.stride) - 1) * axis.stride  # where the last window starts
    total = max(last + axis.span - axis.length, 0)
    return total // 2, total - total // 2


def _with_room(pad: Padding, axis: Axis, pair: Pair, extra: int) -> Axis:
    """Give the axis the length that has room for as many windows as it is long now, and extra numbers behind."""
    room = axis.length * axis.stride if pad in TO_FIT else (axis.length - 1) * axis.stride + axis.span - sum(pair)
    return axis._replace(length=room + extra)


def _expect_room(where: str, axes: list[Axis]) -> None:
    """Raise a ValueError that names the lengths unless each axis has room for a window."""
    for i, axis in enumerate(axes, -len(axes)):
        if axis.places < 1:
            expected = f"{axis.low + axis.length + axis.high} at most"
            because = f"x is {axis.length} long there, with {axis.low} and {axis.high} of padding"
            raise ValueError(
                f"{where}: a window spans {axis.span} numbers of axis {i}; expected {expected}, because {because}"
            )


def _expect_windows(where: str, axes: list[Axis], windows: Shape) -> None:
    """Raise a ValueError that names the lengths unless each axis has room for so many windows and no more."""
    for i, axis in enumerate(axes, -len(axes)):
        if axis.length < 0 or axis.places != windows[i]:
            expected = f"one from 0 with room for {windows[i]} windows, because x is {windows[i]} long there"
            options = (
                f"stride {axis.stride}, windows that span {axis.span}, and {axis.low} and {axis.high} of padding"
            )
            raise ValueError(f"{where}: out is {axis.length} long on axis {i}; expected {expected}, with {options}")
