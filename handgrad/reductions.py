"""Reductions over axes: a sum, a mean, the largest and the smallest of the entries that count.

All take an axis, several, or None for all of them; reduced axes vanish, or keep length 1 (`keepdims`). A mask has the
shape of x, or broadcasts to it, and is True where an entry counts. What it hides has no say, and gradient 0.
"""

import numpy as np
import numpy.typing as npt

from handgrad.axes import Axes, as_axes
from handgrad.checks import Array, Shape, Spec, floating, ieee, upstream
from handgrad.counting import (
    Counts,
    as_counts,
    copied_back,
    masked_mean,
    masked_sum,
    number_of,
    shared_back,
)


class Sum:
    """Sum over axes: out = Σ x.

    Shapes
    ------
    x, dx : any      mask : booleans that broadcast to x      out, dout : that of x without its reduced axes

    Derivation
    ----------
    Nudge x. With m = [mask], which is 1 everywhere if there is none, the sum moves by the nudges that count,

        δout = Σ (m ⊙ δx)

    Take the inner product with dout and free the nudge; to sum transposed is to copy (B) along the axes summed over:

        ⟨dout, δout⟩ = ⟨m ⊙ B dout, δx⟩

    so that dx = m ⊙ B dout: each entry that counts hears the whole of its sum. The sum of nothing is 0.

    Examples
    --------
    >>> layer = Sum(axis=0)
    >>> layer.forward([[1.0, 2.0], [3.0, 4.0]])
    array([4., 6.])
    >>> layer.backward([5.0, 7.0])
    array([[5., 7.],
           [5., 7.]])
    """

    axis: Axes
    keepdims: bool
    x: Spec
    counts: Counts
    kept: Shape  # that of out with all its axes
    out_shape: Shape

    def __init__(self, axis: Axes = None, keepdims: bool = False) -> None:
        self.axis, self.keepdims = axis, keepdims

    @ieee
    def forward(self, x: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> Array:
        """Compute Σ x. Raises ValueError and TypeError for an axis or a mask that does not fit x."""
        x = floating("Sum.forward", "x", x)
        axes, counts = as_axes("Sum.forward", self.axis, x.shape), as_counts("Sum.forward", mask, x)
        out = masked_sum(x, axes, counts)
        self.x, self.counts, self.kept = Spec(x.shape, x.dtype), counts, out.shape
        out = _without(axes, out, self.keepdims)
        self.out_shape = out.shape
        return np.asarray(out, x.dtype)

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx: 0 where the mask hides."""
        dout = upstream(self, dout).reshape(self.kept)
        # dx = m ⊙ B dout
        return copied_back(dout, self.counts, self.x)


class Mean:
    """Average over axes: out = Σ x / n, for the n entries that count.

    Shapes
    ------
    x, dx : any      mask : booleans that broadcast to x      out, dout : that of x without its reduced axes

    Derivation
    ----------
    Nudge x. With m = [mask], which is 1 everywhere if there is none, n = Σ m is the number that counts, and

        δout = Σ (m ⊙ δx) / n

    Take the inner product with dout and free the nudge; to sum transposed is to copy (B) along the axes summed over:

        ⟨dout, δout⟩ = ⟨m ⊙ B (dout / n), δx⟩

    so that dx = m ⊙ B (dout / n). The mean of nothing is 0.

    Examples
    --------
    >>> mean = Mean(axis=-1)
    >>> mean.forward([[1.0, 2.0], [3.0, 5.0]], mask=[[True, True], [True, False]])
    array([1.5, 3. ])
    >>> mean.backward([1.0, 1.0])
    array([[0.5, 0.5],
           [1. , 0. ]])
    """

    axis: Axes
    keepdims: bool
    x: Spec
    counts: Counts
    n: int | npt.NDArray[np.intp]
    kept: Shape  # that of out with all its axes
    out_shape: Shape

    def __init__(self, axis: Axes = None, keepdims: bool = False) -> None:
        self.axis, self.keepdims = axis, keepdims

    @ieee
    def forward(self, x: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> Array:
        """Compute Σ x / n. Raises ValueError and TypeError for an axis or a mask that does not fit x."""
        x = floating("Mean.forward", "x", x)
        axes, counts = as_axes("Mean.forward", self.axis, x.shape), as_counts("Mean.forward", mask, x)
        n = number_of(x.shape, axes, counts)
        out = masked_mean(x, axes, counts, n)
        self.x, self.counts, self.n, self.kept = Spec(x.shape, x.dtype), counts, n, out.shape
        out = _without(axes, out, self.keepdims)
        self.out_shape = out.shape
        return np.asarray(out, x.dtype)

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx: 0 where the mask hides."""
        dout = upstream(self, dout).reshape(self.kept)
        # dx = m ⊙ B (dout / n)
        return copied_back(dout / self.n, self.counts, self.x)


class Max:
    """Take the largest over axes: out = max x.

    Shapes
    ------
    x, dx : any      mask : booleans that broadcast to x      out, dout : that of x without its reduced axes

    Derivation
    ----------
    Nudge x. Where one entry alone is the largest, the output moves along with it; where k are, there is a kink, and
    the even share among them is a subgradient (`handgrad.counting.shared_back` has more of it):

        δout = Σ ([x = out] / k ⊙ δx)

    The sum goes over the entries that count. Take the inner product with dout and free the nudge; to sum transposed
    is to copy (B) along the axes summed over:

        ⟨dout, δout⟩ = ⟨[x = out] ⊙ B (dout / k), δx⟩

    so that dx = [x = out] ⊙ B (dout / k): what all entries hear sums to dout.

    The largest of nothing is -inf. NaN equals nothing: where one counts, out is NaN, and nobody hears from it.

    Examples
    --------
    >>> layer = Max(axis=1)
    >>> layer.forward([[1.0, 5.0, 2.0], [4.0, 4.0, 0.0]])
    array([5., 4.])
    >>> layer.backward([1.0, 1.0])
    array([[0. , 1. , 0. ],
           [0.5, 0.5, 0. ]])
    """

    axis: Axes
    keepdims: bool
    x: Spec
    largest: npt.NDArray[np.bool_]  # in the shape of x: where it counts and is as large as out
    axes: tuple[int, ...]
    kept: Shape  # that of out with all its axes
    out_shape: Shape

    def __init__(self, axis: Axes = None, keepdims: bool = False) -> None:
        self.axis, self.keepdims = axis, keepdims

    def forward(self, x: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> Array:
        """Compute max x. Raises ValueError and TypeError for an axis or a mask that does not fit x."""
        x = floating("Max.forward", "x", x)
        axes, counts = as_axes("Max.forward", self.axis, x.shape), as_counts("Max.forward", mask, x)
        out = np.maximum.reduce(x, axis=axes, keepdims=True, where=counts, initial=-np.inf)
        self.x, self.largest = Spec(x.shape, x.dtype), (x == out) & counts
        self.axes, self.kept = axes, out.shape
        out = _without(axes, out, self.keepdims)
        self.out_shape = out.shape
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx: 0 where the mask hides."""
        dout = upstream(self, dout).reshape(self.kept)
        # dx = [x = out] ⊙ B (dout / k)
        return shared_back(dout, self.axes, self.largest, self.x)


class Min:
    """Take the smallest over axes: out = min x.

    Shapes
    ------
    x, dx : any      mask : booleans that broadcast to x      out, dout : that of x without its reduced axes

    Derivation
    ----------
    Nudge x. The output moves along with the smallest entry; where k are the smallest, it is taken to move along with
    each of them by 1/k, as in Max:

        δout = Σ ([x = out] / k ⊙ δx)

    The sum goes over the entries that count. Take the inner product with dout and free the nudge; to sum transposed
    is to copy (B) along the axes summed over:

        ⟨dout, δout⟩ = ⟨[x = out] ⊙ B (dout / k), δx⟩

    so that dx = [x = out] ⊙ B (dout / k).

    The smallest of nothing is inf. NaN equals nothing: where one counts, out is NaN, and nobody hears from it.

    Examples
    --------
    >>> layer = Min()
    >>> layer.forward([[1.0, 5.0], [0.0, 2.0]], mask=[[True, True], [False, True]])
    array(1.)
    >>> layer.backward(3.0)
    array([[3., 0.],
           [0., 0.]])
    """

    axis: Axes
    keepdims: bool
    x: Spec
    smallest: npt.NDArray[np.bool_]  # in the shape of x: where it counts and is as small as out
    axes: tuple[int, ...]
    kept: Shape  # that of out with all its axes
    out_shape: Shape

    def __init__(self, axis: Axes = None, keepdims: bool = False) -> None:
        self.axis, self.keepdims = axis, keepdims

    def forward(self, x: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> Array:
        """Compute min x. Raises ValueError and TypeError for an axis or a mask that does not fit x."""
        x = floating("Min.forward", "x", x)
        axes, counts = as_axes("Min.forward", self.axis, x.shape), as_counts("Min.forward", mask, x)
        out = np.minimum.reduce(x, axis=axes, keepdims=True, where=counts, initial=np.inf)
        self.x, self.smallest = Spec(x.shape, x.dtype), (x == out) & counts
        self.axes, self.kept = axes, out.shape
        out = _without(axes, out, self.keepdims)
        self.out_shape = out.shape
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx: 0 where the mask hides."""
        dout = upstream(self, dout).reshape(self.kept)
        # dx = [x = out] ⊙ B (dout / k)
        return shared_back(dout, self.axes, self.smallest, self.x)


def _without(axes: tuple[int, ...], out: Array, keepdims: bool) -> Array:
    """Let reduced axes vanish, which have length 1, unless they are to be kept."""
    return np.asarray(out if keepdims else np.squeeze(out, axes))
