"""Sums over axes, of the entries that count, and their transposes: what every reduction with a mask is made of.

A mask tells which entries of x count. It selects and never multiplies: what it hides may hold anything, even NaN, and
nothing knows of it. Results keep the axes that are summed over, with length 1.

To sum the entries that count is linear, Σ(m ⊙ δx), with m = [mask]. Its transpose copies dout back to them,

    ⟨dout, Σ(m ⊙ δx)⟩ = ⟨m ⊙ B dout, δx⟩

where B copies along the axes that were summed over: `masked_sum` forward is `copied_back` backward.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, Shape, Spec, booleans, double, expect_to_stretch, long_sum, wide
from handgrad.numerics import row_sums

Counts = npt.NDArray[np.bool_] | bool  # booleans that broadcast to x, or True: everything counts


def as_counts(where: str, mask: npt.ArrayLike | None, x: npt.NDArray[Any], name: str = "x") -> Counts:
    """Give a mask as booleans that broadcast to x, or what else it is called, or True where everything counts.

    Raises
    ------
    ValueError, TypeError
        If it does not broadcast to x, or is not boolean.
    """
    if mask is None:
        return True
    counts = booleans(where, "mask", mask, "an entry counts")
    expect_to_stretch(where, "mask", counts, x.shape, f"{name}.shape is {x.shape}")
    return counts


def selected(counts: Counts, array: Array, otherwise: float) -> Array:
    """Give the array with another number in the place of every entry that does not count."""
    return array if counts is True else np.where(counts, array, otherwise)


def masked_sum(x: Array, axes: tuple[int, ...], counts: Counts) -> Array:
    """Sum the entries that count. The sum of nothing is 0.

    Along the last axis numbers lie side by side, and NumPy sums them pairwise; along others it would add one by one.
    """
    x = selected(counts, x, 0)
    if x.ndim - 1 in axes:
        rows = row_sums(wide(x))
        # on the way, float32 may overflow where the sum does not
        x = (rows if np.isfinite(rows).all() else row_sums(double(x)))[..., np.newaxis]
    return np.expand_dims(long_sum(x, axes), axes)


def number_of(shape: Shape, axes: tuple[int, ...], counts: Counts) -> int | npt.NDArray[np.intp]:
    """Tell how many entries count of each sum."""
    if counts is True:
        return math.prod(shape[axis] for axis in axes)
    return np.add.reduce(np.broadcast_to(counts, shape), axis=axes, keepdims=True)


def masked_mean(x: Array, axes: tuple[int, ...], counts: Counts, n: int | npt.NDArray[np.intp]) -> Array:
    """Average the n entries that count: their sum, divided by n. The mean of nothing is 0."""
    mean = masked_sum(x, axes, counts) / n
    if np.isfinite(mean).all():
        return mean
    # a sum may overflow where the mean does not, and 0/0 is NaN where the sum of nothing is 0
    return np.where(np.isfinite(mean), mean, masked_sum(double(x) / n, axes, counts))


def copied_back(dout: Array, counts: Counts, x: Spec) -> Array:
    """Copy dout, whose axes that were summed over have length 1, to the entries that count. The others get 0."""
    dx = np.empty(x.shape, x.dtype)
    dx[...] = selected(counts, dout, 0)
    return dx


def shared_back(dout: Array, axes: tuple[int, ...], tied: Counts, x: Spec) -> Array:
    """Share dout, whose axes that were reduced have length 1, evenly among the entries that are tied.

    Where k entries are the largest, a maximum is as large as each of them. It moves with the nudge of any one as long
    as that is the largest nudge, which is not linear: there is a kink. Its subgradients are all weights w on the tied
    entries that sum to 1, δout = Σ wᵢ δxᵢ, and ⟨dout, δout⟩ = ⟨w ⊙ B dout, δx⟩. The even ones, w = 1/k, do not depend
    on the order of the entries: each hears dout / k, and what all hear sums to dout.
    """
    return copied_back(dout / number_of(x.shape, axes, tied), tied, x)
