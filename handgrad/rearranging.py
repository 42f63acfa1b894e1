"""Nodes that put numbers into other places: each number has one place before and one after, and none is computed.

What rearranges is linear, and nudges move as the numbers do. An inner product does not care in which order its terms
stand: to rearrange, transposed, is to put everything back. No result is a view.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.axes import as_axes
from handgrad.checks import Array, Shape, Spec, floating, ieee, shape_error, upstream


class Reshape:
    """Give the numbers another shape, in the same order: out = x, read row by row into the new shape.

    Shapes
    ------
    x, dx : any      out, dout : shape, in which one length may be -1: whatever is left for it

    Derivation
    ----------
    Nudge x. The nudges move as the numbers do; R is the reshaping,

        δout = R δx

    Take the inner product with dout. It is the sum of the same terms in whatever shape, so both may be put back:

        ⟨dout, δout⟩ = ⟨R⁻¹ dout, δx⟩

    so that dx = R⁻¹ dout: dout in the shape of x.

    Examples
    --------
    >>> reshape = Reshape((3, -1))
    >>> reshape.forward([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    array([[1., 2.],
           [3., 4.],
           [5., 6.]])
    >>> reshape.backward([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    array([[1., 2., 3.],
           [4., 5., 6.]])
    """

    shape: int | Sequence[int]
    x: Spec
    out_shape: Shape

    def __init__(self, shape: int | Sequence[int]) -> None:
        self.shape = shape

    def forward(self, x: npt.ArrayLike) -> Array:
        """Reshape. Raises ValueError if x has not as many numbers as the shape."""
        x = floating("Reshape.forward", "x", x)
        try:
            out = x.reshape(self.shape).copy()
        except TypeError:
            raise TypeError(f"Reshape.forward: shape is {self.shape!r}; expected whole numbers") from None
        except ValueError as error:
            because = f"the new shape is {self.shape}: {error}"
            raise shape_error("Reshape.forward", "x", x.shape, "one of as many numbers", because) from None
        self.x, self.out_shape = Spec(x.shape, x.dtype), out.shape
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout = upstream(self, dout)
        dx = dout.reshape(self.x.shape)
        return np.array(dx, self.x.dtype)


class Transpose:
    """Put the axes into another order: axis i of out is axis axes[i] of x. Without axes, the order is reversed.

    Shapes
    ------
    x, dx : any      out, dout : that of x in the order of the axes

    Derivation
    ----------
    Nudge x. The nudges move as the numbers do; P is the permutation of the axes,

        δout = P δx

    Take the inner product with dout. It is the same sum in whatever order of the axes, so both may be put back:

        ⟨dout, δout⟩ = ⟨P⁻¹ dout, δx⟩

    so that dx = P⁻¹ dout: axis axes[i] of dx is axis i of dout. The inverse of an order is the order that sorts it.

    Examples
    --------
    >>> transpose = Transpose((2, 0, 1))
    >>> transpose.forward(np.zeros((3, 4, 5))).shape
    (5, 3, 4)
    >>> transpose.backward(np.ones((5, 3, 4))).shape
    (3, 4, 5)
    """

    axes: Sequence[int] | None
    order: tuple[int, ...]  # the axes as forward used them
    dtype: np.dtype[Any]
    out_shape: Shape

    def __init__(self, axes: Sequence[int] | None = None) -> None:
        self.axes = axes

    def forward(self, x: npt.ArrayLike) -> Array:
        """Put the axes into their new order. Raises ValueError if they are not those of x."""
        x = floating("Transpose.forward", "x", x)
        order = range(x.ndim)[::-1] if self.axes is None else self.axes
        order = as_axes("Transpose.forward", order if isinstance(order, int) else tuple(order), x.shape)
        if len(order) != x.ndim:
            raise shape_error("Transpose.forward", "x", x.shape, f"{len(order)} axes", f"axes is {self.axes}")
        out = x.transpose(order).copy()
        self.order, self.dtype, self.out_shape = order, x.dtype, out.shape
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout = upstream(self, dout)
        dx = dout.transpose(np.argsort(self.order))
        return np.array(dx, self.dtype, order="C")
