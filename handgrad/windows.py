"""Windows over space, the last axes of x: which entry each of them sees where. To take them, transposed, is to add.

Along an axis of length L, with `low` numbers of padding before it, windows start every s numbers (the stride), and
the numbers of a window are δ apart (the dilation). So the k-th tap of the p-th window is at

    i(k, p) = p s + k δ - low

and sees x_i if 0 <= i < L. Elsewhere it is in the padding, which is no part of x and is never made. To take windows
is linear; each tap moves with the entry that it sees:

    X_kp = [0 <= i(k, p) < L] x_{i(k, p)}

Nudge x, take the inner product with the gradient of the windows, and collect what belongs to one entry:

    ⟨dX, δX⟩ = Σₖ Σₚ ⟨dX_kp, δx_{i(k, p)}⟩ = Σᵢ ⟨Σ_{k, p : i(k, p) = i} dX_kp, δx_i⟩

so that dx_i sums what all taps hear that see x_i. Windows that overlap add up, what hears in the padding is nobody's,
and the end of x that a stride may never reach has gradient 0.

The k-th taps of different windows see different entries, since p s moves on by at least 1. So a slice of x is what
they see, and ``+=`` into that slice loses nothing. What one entry hears by several k is added one after the other.
With several axes of space there is a tap for each combination of theirs, the last axis fastest.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import product
from types import EllipsisType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, Shape

Index = tuple[EllipsisType | slice, ...]  # of axes of space, behind any others


class Axis(NamedTuple):
    """Windows along one axis of space."""

    length: int
    size: int  # of a window: how many taps it has
    stride: int
    dilation: int
    low: int = 0  # padding before
    high: int = 0  # and after

    @property
    def span(self) -> int:
        """Tell how many numbers a window spans, with the gaps in it."""
        return (self.size - 1) * self.dilation + 1

    @property
    def places(self) -> int:
        """Tell how many windows there are."""
        return (self.low + self.length + self.high - self.span) // self.stride + 1

    def seen(self, k: int) -> tuple[slice, slice]:
        """Tell which entries of x the k-th taps see, and in which windows they do."""
        first = k * self.dilation - self.low  # i(k, 0)
        start = max(0, -(first // self.stride))  # the first p with i(k, p) >= 0
        stop = min(self.places, (self.length - 1 - first) // self.stride + 1)  # behind the last with i(k, p) < L
        if stop <= start:
            return slice(0, 0), slice(0, 0)
        at = first + start * self.stride
        return slice(at, at + (stop - start - 1) * self.stride + 1, self.stride), slice(start, stop)


def size(axes: Sequence[Axis]) -> int:
    """Tell how many taps a window has."""
    return math.prod(axis.size for axis in axes)


def places(axes: Sequence[Axis]) -> Shape:
    """Tell how many windows there are along each axis of space."""
    return tuple(axis.places for axis in axes)


def lengths(axes: Sequence[Axis]) -> Shape:
    """Tell how long each axis of space is."""
    return tuple(axis.length for axis in axes)


def taps(axes: Sequence[Axis]) -> Iterator[tuple[Index, Index]]:
    """Go through the taps: give the entries of x that they see, and the windows in which they do."""
    for each in product(*([axis.seen(k) for k in range(axis.size)] for axis in axes)):
        yield (..., *(entries for entries, _ in each)), (..., *(windows for _, windows in each))


def seen_taps(axes: Sequence[Axis]) -> npt.NDArray[np.intp]:
    """Tell how many taps of each window see an entry: the others are in the padding."""
    seen = np.zeros(places(axes), np.intp)
    for _, windows in taps(axes):
        seen[windows] += 1
    return seen


def take_windows(x: Array, axes: Sequence[Axis], X: Array) -> None:
    """Write what windows see of x (C, n, *lengths) into X (C, taps, n, *places). What is padding is left as it is."""
    for k, (entries, windows) in enumerate(taps(axes)):
        X[:, k][windows] = x[entries]


def add_windows(dX: Array, axes: Sequence[Axis], dx: Array) -> None:
    """Add windows dX (C, taps, n, *places) to dx (C, n, *lengths), each number to the entry that its tap sees."""
    for k, (entries, windows) in enumerate(taps(axes)):
        dx[entries] += dX[:, k][windows]
