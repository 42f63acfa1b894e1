"""Pooling of all of space at once: the mean and the maximum of each channel, of the places that count.

A mask has the shape of x without its channels, since a place counts in all of them. Of nothing there is 0.
"""

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, Shape, booleans, floating, ieee, shape_error, upstream, whole_number
from handgrad.counting import number_of
from handgrad.reductions import Max, Mean


class GlobalAveragePool:
    """Average each channel over all of space: out_c = Σ x_c / n.

    Shapes
    ------
    x, dx : (..., C, *lengths)      mask : (..., *lengths), booleans      out, dout : (..., C)

    It is Mean, over those axes, of the n places that count. `space` is how many axes of lengths there are.

    Derivation
    ----------
    That of Mean: nudge x. With m = [mask], which is 1 everywhere if there is none, and n = Σ m places that count,

        δout_c = Σ (m ⊙ δx_c) / n

    Take the inner product with dout and free the nudge, which copies (B) dout to every place:

        ⟨dout, δout⟩ = Σ_c ⟨m ⊙ B (dout_c / n), δx_c⟩

    so that dx_c = m ⊙ B (dout_c / n): every place that counts hears an n-th. Where none does, out and dx are 0.

    Examples
    --------
    >>> pool = GlobalAveragePool(space=1)
    >>> pool.forward([[1.0, 3.0, 8.0], [2.0, 6.0, 7.0]], mask=[True, True, False])
    array([2., 4.])
    >>> pool.backward([1.0, 10.0])
    array([[0.5, 0.5, 0. ],
           [5. , 5. , 0. ]])
    """

    space: int
    mean: Mean  # as forward ran it
    out_shape: Shape

    def __init__(self, space: int = 2) -> None:
        self.space = space

    def forward(self, x: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> Array:
        """Compute Σ x_c / n. Raises ValueError if x has no such axes, or the mask another shape than they."""
        x, axes, mask = _over_space("GlobalAveragePool.forward", x, mask, self.space)
        mean = Mean(axes)
        out = mean.forward(x, mask)
        self.mean, self.out_shape = mean, out.shape
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx: 0 where the mask hides."""
        dout = upstream(self, dout)
        return self.mean.backward(dout)


class GlobalMaxPool:
    """Take the largest number of each channel: out_c = max x_c.

    Shapes
    ------
    x, dx : (..., C, *lengths)      mask : (..., *lengths), booleans      out, dout : (..., C)

    It is Max, over those axes, of the places that count. `space` is how many axes of lengths there are.

    Derivation
    ----------
    That of Max: nudge x. The output moves along with the largest entry; where k places have it, there is a kink, and
    each of them is taken to move it by 1/k:

        δout_c = Σ ([x_c = out_c] / k ⊙ δx_c)

    The sum goes over the places that count. Take the inner product with dout and free the nudge, which copies (B)
    dout to every place:

        ⟨dout, δout⟩ = Σ_c ⟨[x_c = out_c] ⊙ B (dout_c / k), δx_c⟩

    so that dx_c = [x_c = out_c] ⊙ B (dout_c / k). MaxPool, which has windows in an order, lets the first hear alone.
    Where no place counts, out is 0, unlike that of Max, so that a row of padding has no infinity in it; dx is 0.

    Examples
    --------
    >>> pool = GlobalMaxPool(space=1)
    >>> pool.forward([[1.0, 3.0, 8.0], [2.0, 2.0, 7.0]], mask=[True, True, False])
    array([3., 2.])
    >>> pool.backward([1.0, 10.0])
    array([[0., 1., 0.],
           [5., 5., 0.]])
    """

    space: int
    largest: Max  # as forward ran it
    out_shape: Shape

    def __init__(self, space: int = 2) -> None:
        self.space = space

    def forward(self, x: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> Array:
        """Compute max x_c. Raises ValueError if x has no such axes, or the mask another shape than they."""
        x, axes, mask = _over_space("GlobalMaxPool.forward", x, mask, self.space)
        largest = Max(axes, keepdims=True)
        out = largest.forward(x, mask)
        n = number_of(x.shape, axes, True if mask is None else mask)
        self.largest, self.out_shape = largest, x.shape[: x.ndim - len(axes)]
        return np.where(n, out, 0).reshape(self.out_shape)

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx: 0 where the mask hides."""
        dout = upstream(self, dout)
        return self.largest.backward(dout.reshape(self.largest.out_shape))


def _over_space(
    where: str, x: npt.ArrayLike, mask: npt.ArrayLike | None, space: int
) -> tuple[Array, tuple[int, ...], npt.NDArray[np.bool_] | None]:
    """Give x, its axes of space, and the mask with an axis for channels."""
    x, space = floating(where, "x", x), whole_number(where, "space", space)
    if not 1 <= space < x.ndim:
        expected = f"(..., C{', any' * max(space, 1)})"
        raise shape_error(where, "x", x.shape, expected, f"space is {space}, of 1 or more axes")
    axes = tuple(range(-space, 0))
    if mask is None:
        return x, axes, None
    counts = booleans(where, "mask", mask, "a place counts")
    places = (*x.shape[: -space - 1], *x.shape[-space:])
    if counts.shape != places:
        raise shape_error(where, "mask", counts.shape, places, f"x.shape is {x.shape}, with an axis for channels")
    return x, axes, np.expand_dims(counts, -space - 1)
