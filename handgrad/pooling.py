"""Pooling (プーリング): the largest or the mean of each window over space. Channels are among the leading axes.

Padding adds places for windows and no numbers: it is never the largest, and a mean is over entries of x, unless told
otherwise. A window of nothing but padding is refused.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, Shape, Spec, double, floating, ieee, remembered, upstream
from handgrad.spacing import Numbers, Padding, for_each_axis, placed
from handgrad.windows import Axis, places, seen_taps, size, taps


class MaxPool:
    """Take the largest number of each window: out_p = max_k x_{i(k, p)}.

    Shapes
    ------
    x, dx : (..., *lengths)      out, dout : (..., *places)

    There is an axis of space for each number of `size`. Windows stand as those of Convolution do, and i(k, p) is the
    entry that the k-th tap of the window at p sees (`handgrad.windows`); taps in the padding are left out. Without a
    stride, it is the size: windows lie side by side.

    Derivation
    ----------
    Nudge x. If one entry of a window is the largest, the output moves along with it. Where several are, there is a
    kink, and to move along with any one of them is a subgradient; here it is the first, in the order in which the
    numbers of the window are read, the last axis fastest. With k(p) for that tap,

        δout_p = δx_{i(k(p), p)}

    Take the inner product with dout, and collect what belongs to one entry; it may be the largest of many windows:

        ⟨dout, δout⟩ = Σₚ ⟨dout_p, δx_{i(k(p), p)}⟩ = Σᵢ ⟨Σ_{p : i(k(p), p) = i} dout_p, δx_i⟩

    so that dx_i = Σ_{p : i(k(p), p) = i} dout_p: it hears from the windows in which it is the first of the largest.
    What all entries hear sums to what all windows say.

    NaN is larger than any number: where a window sees one, out is NaN, and the first of them hears.

    Examples
    --------
    >>> pool = MaxPool(size=(2,))
    >>> pool.forward([1.0, 5.0, 3.0, 3.0, 9.0])
    array([5., 3.])
    >>> pool.backward([1.0, 10.0])
    array([ 0.,  1., 10.,  0.,  0.])
    """

    size: Sequence[int]
    stride: Numbers | None
    pad: Padding
    x: Array  # remembered by forward
    out: Array
    axes: list[Axis]
    out_shape: Shape

    def __init__(self, size: Sequence[int], stride: Numbers | None = None, pad: Padding = 0) -> None:
        self.size, self.stride, self.pad = size, stride, pad

    def forward(self, x: npt.ArrayLike) -> Array:
        """Compute the largest. Raises ValueError if a window does not fit, or would see nothing but padding."""
        x = floating("MaxPool.forward", "x", x)
        axes = _windows("MaxPool.forward", x, self.size, self.stride, self.pad)
        out = np.full((*x.shape[: -len(axes)], *places(axes)), -np.inf, x.dtype)
        for entries, windows in taps(axes):
            np.maximum(out[windows], x[entries], out=out[windows])
        self.x, self.axes, self.out, self.out_shape = x, axes, remembered(out), out.shape
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout = upstream(self, dout)
        dx = np.zeros(self.x.shape, np.result_type(dout, self.x))
        waiting = np.ones(self.out_shape, np.bool_)  # windows whose first of the largest has not come yet
        for entries, windows in taps(self.axes):
            x, out = self.x[entries], self.out[windows]
            first = waiting[windows] & ((x == out) | (x != x))
            waiting[windows] ^= first
            dx[entries] += np.where(first, dout[windows], 0)
        return np.asarray(dx, self.x.dtype)


class AveragePool:
    """Average the numbers of each window: out_p = Σ_k x_{i(k, p)} / n_p.

    Shapes
    ------
    x, dx : (..., *lengths)      out, dout : (..., *places)

    Windows stand as those of MaxPool. n_p is how many entries the window at p sees; with `count_include_pad` it is
    how many taps it has, as if padding were zeros.

    Derivation
    ----------
    Nudge x. With i(k, p) for the entry that the k-th tap of the window at p sees (`handgrad.windows`), and no terms
    for taps in the padding,

        δout_p = Σ_k δx_{i(k, p)} / n_p

    Take the inner product with dout, and collect what belongs to one entry, which several windows may see:

        ⟨dout, δout⟩ = Σₚ Σ_k ⟨dout_p / n_p, δx_{i(k, p)}⟩ = Σᵢ ⟨Σ_{k, p : i(k, p) = i} dout_p / n_p, δx_i⟩

    so that dx_i = Σ_{k, p : i(k, p) = i} dout_p / n_p: it hears from the windows that see it, each with its own n_p.

    Examples
    --------
    >>> pool = AveragePool(size=(2,), pad="same", stride=1)
    >>> pool.forward([4.0, 2.0, 6.0])
    array([3., 4., 6.])
    >>> pool.backward([1.0, 1.0, 1.0])
    array([0.5, 1. , 1.5])
    """

    size: Sequence[int]
    stride: Numbers | None
    pad: Padding
    count_include_pad: bool
    x: Spec
    n: int | npt.NDArray[np.intp]
    axes: list[Axis]
    out_shape: Shape

    def __init__(
        self,
        size: Sequence[int],
        stride: Numbers | None = None,
        pad: Padding = 0,
        count_include_pad: bool = False,
    ) -> None:
        self.size, self.stride, self.pad, self.count_include_pad = size, stride, pad, count_include_pad

    @ieee
    def forward(self, x: npt.ArrayLike) -> Array:
        """Compute the means. Raises ValueError if a window does not fit, or would see nothing but padding."""
        x = floating("AveragePool.forward", "x", x)
        axes = _windows("AveragePool.forward", x, self.size, self.stride, self.pad)
        n = size(axes) if self.count_include_pad else seen_taps(axes)
        # out_p = Σ_k x_{i(k, p)} / n_p
        out = _sums(x, axes) / n
        if not np.isfinite(out).all():  # a sum may overflow where the mean does not
            out = np.where(np.isfinite(out), out, _sums(double(x) / size(axes), axes) * (size(axes) / n))
        self.x, self.n, self.axes, self.out_shape = Spec(x.shape, x.dtype), n, axes, out.shape
        return np.asarray(out, x.dtype)

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout = double(upstream(self, dout)) / self.n
        dx = np.zeros(self.x.shape, dout.dtype)
        for entries, windows in taps(self.axes):
            dx[entries] += dout[windows]
        return np.asarray(dx, self.x.dtype)


def _windows(where: str, x: Array, size: Sequence[int], stride: Numbers | None, pad: Padding) -> list[Axis]:
    sizes = for_each_axis(where, "size", size, x)
    axes = placed(where, x.shape[-len(sizes) :], sizes, sizes if stride is None else stride, pad, 1)
    if not seen_taps(axes).all():
        raise ValueError(f"{where}: pad is {pad}; expected less, because a window of {size} would see nothing else")
    return axes


def _sums(x: Array, axes: list[Axis]) -> Array:
    """Sum what each window sees, in float64."""
    out = np.zeros((*x.shape[: -len(axes)], *places(axes)), np.result_type(x, np.float64))
    for entries, windows in taps(axes):
        out[windows] += x[entries]
    return out
