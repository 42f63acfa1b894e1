"""The batch that a loss is taken of: which of its samples count, what becomes of their losses, and the way back.

A sample is a row of x or, for losses of single numbers, an entry. Those that do not count are left out before
anything is computed, so that they may hold anything, even NaN or labels that do not exist: neither a loss nor a
gradient knows of them. The losses ℓ of the N samples that count are reduced,

    "mean"      loss = Σₙ ℓₙ / N      δloss = Σₙ δℓₙ / N      where nothing counts, 0
    "sum"       loss = Σₙ ℓₙ          δloss = Σₙ δℓₙ
    "none"      lossₙ = ℓₙ            δlossₙ = δℓₙ            0 for a sample that does not count

or not, and ⟨dout, δloss⟩ = Σₙ factorₙ δℓₙ in all three, with the factor dout / N, dout or doutₙ. So the gradient of a
loss is that of each ℓₙ, times its factor. A mean divides by the number of samples that count: no weights change it.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, Shape, booleans, double, long_sum, remembered, shape_error, wide
from handgrad.counting import as_counts
from handgrad.numerics import FLOAT32

Mask = npt.NDArray[np.bool_]
Loss = np.floating[Any] | Array  # (), or (...) if it is not reduced

REDUCTIONS = ("mean", "sum", "none")


class Batch(NamedTuple):
    """The samples (...) of a loss."""

    shape: Shape
    mask: Mask | None = None  # (...), True for the N that count; None where all do
    reduction: str = "mean"

    def counted(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Give the samples that count, one after the other: (..., C) becomes (N, C), and (...) becomes (N,)."""
        if self.mask is not None:
            return array[self.mask]
        axes = len(self.shape)
        return array if axes == 1 else array.reshape(math.prod(self.shape), *array.shape[axes:])

    def spread(self, samples: Array) -> Array:
        """Put the samples that count back into their places, among zeros: the transpose of `counted`."""
        shape = self.shape + samples.shape[1:]
        if self.mask is None:
            return samples if samples.shape == shape else samples.reshape(shape)
        among_zeros = np.zeros(shape, samples.dtype)
        among_zeros[self.mask] = samples
        return among_zeros

    def reduced(self, losses: Array, dtype: np.dtype[Any]) -> Loss:
        """Reduce the losses (N,) of the samples that count."""
        if self.reduction == "none":
            return remembered(np.asarray(self.spread(losses), dtype))
        return batch_mean(losses, dtype) if self.reduction == "mean" else dtype.type(long_sum(losses, 0))

    def scalable(self, samples: Array, dout: Array) -> tuple[Array, float | Array]:
        """Give the samples that count, widened, and the factors by which dout goes back to each of them.

        Both are widened once more where float32 does not have the factor: 0 · inf would be NaN.
        """
        samples = wide(samples)
        if self.reduction == "none":
            factors = self.counted(dout)
            return samples, factors.reshape(len(factors), *(1,) * (samples.ndim - 1))
        number = max(len(samples), 1) if self.reduction == "mean" else 1
        factor = float(dout) / number
        if FLOAT32.tiny <= abs(factor) <= FLOAT32.max:
            return samples, factor
        return double(samples), double(dout) / number


def batch_mean(losses: Array, dtype: np.dtype[Any]) -> np.floating[Any]:
    """Average the losses of a batch. The mean of nothing is 0."""
    mean = long_sum(losses, 0) / len(losses)
    # a sum may overflow where the mean does not, and 0/0 is NaN where the sum of nothing is 0
    return dtype.type(mean if math.isfinite(mean) else long_sum(losses / len(losses), 0))


def rows_of(where: str, x: Array, mask: npt.ArrayLike | None = None, reduction: str = "mean") -> Batch:
    """Take each row of x (..., C) for a sample.

    Raises
    ------
    ValueError, TypeError
        If the mask is not (...), or not boolean: 0.0 and 1.0 may well be weights, which a mask is not.
    """
    leading, reduction = x.shape[:-1], as_reduction(where, reduction)
    if mask is None:
        return Batch(leading, None, reduction)
    counts = booleans(where, "mask", mask, "a row counts")
    if counts.shape != leading:
        raise shape_error(where, "mask", counts.shape, leading, f"the batch has the shape {x.shape}")
    return Batch(leading, counts, reduction)


def entries_of(where: str, x: Array, mask: npt.ArrayLike | None = None, reduction: str = "mean") -> Batch:
    """Take each entry of x (...) for a sample. Raises as `rows_of` does, unless the mask broadcasts to x."""
    counts, reduction = as_counts(where, mask, x), as_reduction(where, reduction)
    return Batch(x.shape, None if counts is True else np.broadcast_to(counts, x.shape), reduction)


def as_reduction(where: str, reduction: str) -> str:
    """Give an option as one of the reductions, or raise a ValueError that names it."""
    if reduction not in REDUCTIONS:
        raise ValueError(f"{where}: reduction is {reduction!r}; expected {' or '.join(map(repr, REDUCTIONS))}")
    return reduction
