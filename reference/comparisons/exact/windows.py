"""JAX's padding, windows and convolutions, on numbers of any kind."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

AnyArray = npt.NDArray[Any]
Padding = Sequence[tuple[int, int, int]]


def padded(x: AnyArray, value: Any, *, padding_config: Padding) -> AnyArray:
    """Put a number around an array and between its own, so many before, after and between them.

    Less than none before or after takes some away.
    """
    axes = list(zip(x.shape, padding_config, strict=True))
    places = [low + np.arange(n) * (gap + 1) for n, (low, _, gap) in axes]
    lengths = [n + max(n - 1, 0) * gap + low + high for n, (low, high, gap) in axes]
    kept = [(place >= 0) & (place < length) for place, length in zip(places, lengths, strict=True)]
    out = np.full(lengths, np.asarray(value)[()], x.dtype)
    out[np.ix_(*(place[stays] for place, stays in zip(places, kept, strict=True)))] = x[np.ix_(*kept)]
    return out


def windows_of(x: AnyArray, lengths: Sequence[int], strides: Sequence[int], gaps: Sequence[int]) -> AnyArray:
    """List the windows over the last axes: first where they are, then what is in them, axis by axis."""
    axes = tuple(range(x.ndim - len(lengths), x.ndim))
    whole = [(length - 1) * gap + 1 for length, gap in zip(lengths, gaps, strict=True)]
    room = [x.shape[axis] - length for axis, length in zip(axes, whole, strict=True)]
    places = [max(0, left // step + 1) for left, step in zip(room, strides, strict=True)]
    if 0 in places:
        return np.empty((*x.shape[: axes[0]], *places, *lengths), x.dtype)
    found = sliding_window_view(x, whole, axes)
    steps: tuple[Any, ...] = tuple(slice(None, None, step) for step in (*strides, *gaps))
    return found[..., *steps]


def reduced(function: Callable[..., Any], start: Any) -> Callable[..., Any]:
    """Take a function of NumPy of the numbers in each window."""

    def reduce(x: AnyArray, **options: Any) -> AnyArray:
        return np.asarray(function(_flat_windows(x, start, **options), -1))

    return reduce


def _flat_windows(
    x: AnyArray,
    around: Any,
    *,
    window_dimensions: Sequence[int],
    window_strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    base_dilation: Sequence[int] | None = None,
    window_dilation: Sequence[int] | None = None,
    **_: Any,
) -> AnyArray:
    once = [1] * x.ndim
    between = zip(padding, base_dilation or once, strict=True)
    x = padded(x, around, padding_config=[(low, high, gap - 1) for (low, high), gap in between])
    found = windows_of(x, window_dimensions, window_strides, window_dilation or once)
    return found.reshape(*found.shape[: x.ndim], math.prod(window_dimensions))


def scattered_to_chosen(source: AnyArray, x: AnyArray, *, select_prim: Any, **options: Any) -> AnyArray:
    """Add each number of `source` where its window of x has its largest or smallest number, the first of several."""
    places = _flat_windows(np.arange(x.size).reshape(x.shape), -1, **options)
    largest = _flat_windows(x if select_prim.name == "ge" else -x, -math.inf, **options).argmax(-1)
    chosen = np.take_along_axis(places, largest[..., np.newaxis], -1)[..., 0]
    total = np.zeros(x.size, source.dtype)
    np.add.at(total, chosen[chosen >= 0], source[chosen >= 0])
    return total.reshape(x.shape)


def convolved(
    x: AnyArray,
    w: AnyArray,
    *,
    window_strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    lhs_dilation: Sequence[int],
    rhs_dilation: Sequence[int],
    dimension_numbers: Any,
    feature_group_count: int,
    batch_group_count: int,
    **_: Any,
) -> AnyArray:
    """Multiply each window of x, rows by channels, with filters, outputs by channels, and sum the products."""
    groups = feature_group_count * batch_group_count
    x, w = x.transpose(dimension_numbers.lhs_spec), w.transpose(dimension_numbers.rhs_spec)
    # a group of rows, each with filters of its own, is the same as a group of channels
    rows, channels, lengths = len(x) // batch_group_count, x.shape[1] * batch_group_count, x.shape[2:]
    x = np.moveaxis(x.reshape(batch_group_count, rows, x.shape[1], *lengths), 0, 1).reshape(rows, channels, *lengths)
    between = zip(padding, lhs_dilation, strict=True)
    around = [(0, 0, 0), (0, 0, 0), *((low, high, gap - 1) for (low, high), gap in between)]
    found = windows_of(padded(x, 0, padding_config=around), w.shape[2:], window_strides, rhs_dilation)
    found = found.reshape(rows, groups, channels // groups, *found.shape[2:])
    filters = w.reshape(groups, len(w) // groups, *w.shape[1:])
    n, g, c, o, *axes = range(4 + 2 * len(lengths))
    places, inside = axes[: len(lengths)], axes[len(lengths) :]
    out = np.einsum(found, [n, g, c, *places, *inside], filters, [g, o, c, *inside], [n, g, o, *places])
    out = out.reshape(rows, len(w), *out.shape[3:])
    return out.transpose(np.argsort(dimension_numbers.out_spec))
