"""Softmax (ソフトマックス関数) and its logarithms: what turns scores into probabilities, over any axes, with masks.

In all three, y = exp(x) / Σ exp(x) has the same two parts: an exponential of its own, and a sum that everyone is in.
Scores are shifted by the largest before their exponential is taken, which cancels in y, so that nothing overflows.
What a mask hides is left out: it has probability 0, whatever it holds. Where nothing is left, the sum is empty.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.axes import Axes, as_axes
from handgrad.checks import Array, Shape, floating, ieee, remembered, shape_error, upstream, wide
from handgrad.counting import Counts, as_counts, selected
from handgrad.numerics import peak, shifted, sums, total


class Softmax:
    """Turn scores into probabilities: out = y with y_k = exp(x_k) / Σᵢ exp(x_i).

    Shapes
    ------
    x, dx, out, dout : any      mask : booleans that broadcast with x, True for entries that count

    The sums are over `axis`, of which there may be several; None is all of them. Each row along them is on its own.

    Derivation
    ----------
    Write y_k = e_k / s, with e_k = exp(x_k) and s = Σᵢ e_i. Nudge x. The exponential is its own derivative, so that
    δe_k = e_k δx_k, and s hears from all of them, δs = Σᵢ e_i δx_i. By the rule for a quotient,

        δout_k = δe_k / s - e_k δs / s² = y_k δx_k - y_k Σᵢ y_i δx_i

    a term for the score's own exponential, and one for the sum, in which it crowds out the others. Take the inner
    product with dout; in its second term, the double sum over k and i, each δx_i has the factor y_i Σ_k dout_k y_k:

        ⟨dout, δout⟩ = Σ_k dout_k y_k δx_k - Σᵢ (Σ_k dout_k y_k) y_i δx_i = ⟨y ⊙ (dout - Σ dout y), δx⟩

    so that dx = y ⊙ (dout - Σ dout y): a score gains by how much dout is above its mean, which y weighs. So dx sums
    to 0, and for a dout of ones it is 0: the probabilities sum to 1, whatever the scores are.

    What a mask hides has y = 0 and dx = 0, and so has all of a row in which nothing counts. A score of -inf that
    counts has y = 0, too, and +inf makes NaN of its row.

    Examples
    --------
    >>> softmax = Softmax()
    >>> softmax.forward([0.0, 0.0, 7.0], mask=[True, True, False])
    array([0.5, 0.5, 0. ])
    >>> softmax.backward([1.0, 3.0, 5.0])
    array([-0.5,  0.5,  0. ])
    """

    axis: Axes
    y: Array  # any shape, read-only; float32 also where x is float16
    counts: Counts  # which entries of x do
    axes: tuple[int, ...]
    dtype: np.dtype[Any]
    out_shape: Shape

    def __init__(self, axis: Axes = -1) -> None:
        self.axis = axis

    @ieee
    def forward(self, x: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> Array:
        """Compute the probabilities. Raises ValueError and TypeError for an axis or a mask that does not fit x."""
        x, axes, counts = _arguments("Softmax.forward", x, self.axis, mask)
        # y = exp(x - max x) / Σ exp(x - max x)
        scores = shifted(selected(counts, x, -np.inf), axes)
        exps = np.exp(scores, out=scores)
        y = np.divide(exps, total(exps, axes), out=exps)
        self.y = remembered(selected(counts, y, 0))
        self.counts, self.axes, self.dtype, self.out_shape = counts, axes, x.dtype, x.shape
        return np.asarray(self.y, self.dtype)

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx: 0 where an entry does not count."""
        dout = upstream(self, dout)
        dout = selected(self.counts, dout, 0)
        # dx = y (dout - Σ dout y), step by step in one array, since to ask for the memory of more takes long
        dx = dout * self.y
        np.subtract(dout, sums(dx, self.axes), out=dx)
        dx *= self.y
        return np.asarray(selected(self.counts, dx, 0), self.dtype)


class LogSoftmax:
    """Take the logarithm of softmax: out = log y, with out_k = x_k - log Σᵢ exp(x_i).

    Shapes
    ------
    x, dx, out, dout : any      mask : booleans that broadcast with x, True for entries that count

    The sums are over `axis`, of which there may be several; None is all of them. Each row along them is on its own.

    Derivation
    ----------
    Write out_k = x_k - log s, with s = Σᵢ exp(x_i). Nudge x. The logarithm of the sum moves by
    δs / s = Σᵢ exp(x_i) δx_i / s, in which every exponential has become a probability,

        δout_k = δx_k - Σᵢ y_i δx_i

    Take the inner product with dout; in its second term each δx_i has the factor y_i Σ_k dout_k:

        ⟨dout, δout⟩ = Σ_k dout_k δx_k - Σᵢ (Σ_k dout_k) y_i δx_i = ⟨dout - y Σ dout, δx⟩

    so that dx = dout - y Σ dout: what comes in at all entries together is taken back, spread as y is.

    The logarithm is taken of the sum and not of y, so that it is finite where y underflows. What a mask hides has
    out = -inf, the logarithm of 0, and dx = 0; its dout is ignored. A score of -inf that counts has out = -inf, too,
    and dx = dout, as the formula says; +inf makes NaN of its row.

    Examples
    --------
    >>> log_softmax = LogSoftmax()
    >>> log_softmax.forward([0.0, 1000.0])
    array([-1000.,     0.])
    >>> log_softmax.backward([1.0, 2.0])
    array([ 1., -1.])
    """

    axis: Axes
    y: Array  # any shape; float32 also where x is float16
    counts: Counts  # which entries of x do
    axes: tuple[int, ...]
    dtype: np.dtype[Any]
    out_shape: Shape

    def __init__(self, axis: Axes = -1) -> None:
        self.axis = axis

    @ieee
    def forward(self, x: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> Array:
        """Compute the logarithms. Raises ValueError and TypeError for an axis or a mask that does not fit x."""
        x, axes, counts = _arguments("LogSoftmax.forward", x, self.axis, mask)
        # out = x - max x - log Σ exp(x - max x), and y = exp(x - max x) / Σ exp(x - max x)
        scores = shifted(selected(counts, x, -np.inf), axes)
        exps = np.exp(scores)
        s = total(exps, axes)
        out = np.subtract(scores, np.log(s), out=scores)
        self.y = np.divide(exps, s, out=exps)
        self.counts, self.axes, self.dtype, self.out_shape = counts, axes, x.dtype, x.shape
        return np.asarray(selected(counts, out, -np.inf), self.dtype)

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx: 0 where an entry does not count."""
        dout = upstream(self, dout)
        dout = selected(self.counts, dout, 0)
        # dx = dout - y Σ dout
        dx = dout - self.y * sums(dout, self.axes)
        return np.asarray(selected(self.counts, dx, 0), self.dtype)


class LogSumExp:
    """Take the logarithm of a sum of exponentials: out = log Σᵢ exp(x_i), a smooth maximum.

    Shapes
    ------
    x, dx : any      mask : booleans that broadcast with x, True for entries that count
    out, dout : that of x without the axes summed over, or, with keepdims, with length 1 in their place

    The sum is over `axis`, of which there may be several; None is all of them. Each row along them is on its own.

    Derivation
    ----------
    Write out = log s, with s = Σᵢ exp(x_i). Nudge x. The sum moves by δs = Σᵢ exp(x_i) δx_i, its logarithm by

        δout = δs / s = Σᵢ exp(x_i) / s δx_i = Σᵢ y_i δx_i

    where y is the softmax of x. Take the product with dout, a number for each row, and free the nudge:

        ⟨dout, δout⟩ = ⟨dout y, δx⟩

    so that dx = dout y: as a maximum hands dout to the largest entry, this divides it up among those near it.

    What a mask hides has dx = 0. Where nothing counts, out = -inf, the logarithm of an empty sum, and dx = 0, and so
    they are where all that counts is -inf. Where +inf counts, out is +inf and dx is NaN.

    Examples
    --------
    >>> log_sum_exp = LogSumExp()
    >>> log_sum_exp.forward([[1000.0, 1000.0], [0.0, 3.0]], mask=[[True, True], [False, True]])
    array([1000.69314718,    3.        ])
    >>> log_sum_exp.backward([1.0, 2.0])
    array([[0.5, 0.5],
           [0. , 2. ]])
    """

    axis: Axes
    keepdims: bool
    y: Array  # that of x; float32 also where x is float16
    counts: Counts  # which entries of x do
    kept: Shape  # that of out if the axes summed over stay
    dtype: np.dtype[Any]
    out_shape: Shape

    def __init__(self, axis: Axes = -1, keepdims: bool = False) -> None:
        self.axis, self.keepdims = axis, keepdims

    @ieee
    def forward(self, x: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> Array:
        """Compute the logarithm. Raises ValueError and TypeError for an axis or a mask that does not fit x."""
        x, axes, counts = _arguments("LogSumExp.forward", x, self.axis, mask)
        # out = max x + log Σ exp(x - max x), and y = exp(x - max x) / Σ exp(x - max x)
        scores = wide(selected(counts, x, -np.inf))
        largest = peak(scores, axes)
        shifted_scores = scores - largest
        exps = np.exp(shifted_scores, out=shifted_scores)
        s = sums(exps, axes)
        out = np.where(largest == np.inf, largest, largest + np.log(s))
        self.y = np.divide(exps, np.maximum(s, 1), out=exps)
        self.counts, self.kept, self.dtype = counts, out.shape, x.dtype
        out = np.asarray(out if self.keepdims else out.squeeze(axes), self.dtype)
        self.out_shape = out.shape
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx: 0 where an entry does not count."""
        dout = upstream(self, dout)
        # dx = dout y
        dx = dout.reshape(self.kept) * self.y
        return np.asarray(selected(self.counts, dx, 0), self.dtype)


def _arguments(
    where: str, x: npt.ArrayLike, axis: Axes, mask: npt.ArrayLike | None
) -> tuple[Array, tuple[int, ...], Counts]:
    x = floating(where, "x", x)
    if x.ndim == 0:
        raise shape_error(where, "x", x.shape, "one axis or more", "a single number has no other beside it")
    return x, as_axes(where, axis, x.shape), as_counts(where, mask, x)
