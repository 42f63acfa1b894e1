"""Nodes that pick numbers by their places: out_i = x_{j(i)}, some of x perhaps never, some several times.

What picks is linear, and nudges are picked as the numbers are. A number hears from every place that shows it, and 0
where none does. No result is a view.
"""

from types import EllipsisType

import numpy as np
import numpy.typing as npt

from handgrad.axes import as_axis
from handgrad.checks import Array, Shape, Spec, floating, ieee, long_sum, upstream, whole_number
from handgrad.indices import Indices, as_indices, scatter_add

BasicIndex = int | slice | EllipsisType | None


class Slice:
    """Take the part of x that an index names: out = x[index].

    Shapes
    ------
    x, dx : any      out, dout : that of x[index]

    The index is what NumPy calls a basic one: an integer, a slice, ..., None for a new axis, or a tuple of these. It
    names no number twice.

    Derivation
    ----------
    Nudge x. The nudges are picked as the numbers are,

        δout = δx[index]

    Take the inner product with dout. What is not picked adds nothing, so that the sum may go over all of x, with E
    putting dout into its places among zeros:

        ⟨dout, δout⟩ = ⟨E dout, δx⟩

    so that dx = E dout: dout where it was picked from, 0 elsewhere.

    Examples
    --------
    >>> layer = Slice((slice(None), 0))
    >>> layer.forward([[1.0, 2.0], [3.0, 4.0]])
    array([1., 3.])
    >>> layer.backward([5.0, 6.0])
    array([[5., 0.],
           [6., 0.]])
    """

    index: BasicIndex | tuple[BasicIndex, ...]
    x: Spec
    used: tuple[BasicIndex, ...]  # the index as forward used it
    out_shape: Shape

    def __init__(self, index: BasicIndex | tuple[BasicIndex, ...]) -> None:
        self.index = index

    def forward(self, x: npt.ArrayLike) -> Array:
        """Take x[index]. Raises IndexError if there is no such part, and TypeError for an index that is not basic."""
        x, index = floating("Slice.forward", "x", x), _basic(self.index)
        try:
            out = np.array(x[index])
        except (IndexError, ValueError, TypeError) as error:
            said = f"Slice.forward: index is {self.index} and x.shape is {x.shape}: {error}"
            raise type(error)(said) from None
        self.x, self.used, self.out_shape = Spec(x.shape, x.dtype), index, out.shape
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout = upstream(self, dout)
        dx = np.zeros(self.x.shape, self.x.dtype)
        dx[self.used] = dout
        return dx


class Take:
    """Take entries along an axis by their indices: out_i = x_{j(i)} for the i-th index j(i), along the first axis.

    Shapes
    ------
    x, dx : any with the axis      indices : any      out, dout : that of x, with that of the indices for the axis

    Derivation
    ----------
    Nudge x. The nudges are taken as the entries are,

        δout_i = δx_{j(i)}

    Take the inner product with dout, and collect what belongs to one entry; it may have been taken many times:

        ⟨dout, δout⟩ = Σᵢ ⟨dout_i, δx_{j(i)}⟩ = Σⱼ ⟨Σᵢ [j(i) = j] dout_i, δx_j⟩

    so that dx_j = Σᵢ [j(i) = j] dout_i: what was taken twice hears twice, and what was not hears 0.

    Examples
    --------
    >>> take = Take([2, 0, 2])
    >>> take.forward([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    array([[5., 6.],
           [1., 2.],
           [5., 6.]])
    >>> take.backward([[1.0, 1.0], [1.0, 1.0], [10.0, 10.0]])
    array([[ 1.,  1.],
           [ 0.,  0.],
           [11., 11.]])
    """

    indices: npt.ArrayLike  # integers, none of which counts from the end
    axis: int
    x: Spec
    used: Indices  # the indices as forward used them
    along: int  # the axis, counted from the first
    out_shape: Shape

    def __init__(self, indices: npt.ArrayLike, axis: int = 0) -> None:
        self.indices, self.axis = indices, axis

    def forward(self, x: npt.ArrayLike) -> Array:
        """Take the entries. Raises IndexError for an index that is out of range, also -1."""
        x = floating("Take.forward", "x", x)
        along = as_axis("Take.forward", self.axis, x.shape)
        because = f"x.shape is {x.shape} and axis is {self.axis}"
        indices = as_indices("Take.forward", "indices", self.indices, x.shape[along], because)
        out = np.asarray(np.take(x, indices, along))
        self.x, self.used, self.along, self.out_shape = Spec(x.shape, x.dtype), indices, along, out.shape
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout = upstream(self, dout)
        axes = range(self.used.ndim)
        dout = np.moveaxis(dout, [self.along + axis for axis in axes], axes)
        # dx_j = Σᵢ [j(i) = j] dout_i
        dx = scatter_add(dout, self.used, self.x.shape[self.along], self.x.dtype)
        return np.ascontiguousarray(np.moveaxis(dx, 0, self.along))


class Repeat:
    """Repeat each entry along an axis: a, b becomes a, a, b, b for repeats = 2.

    Shapes
    ------
    x, dx : any with the axis      out, dout : that of x, the axis `repeats` times as long

    Derivation
    ----------
    Nudge x. All copies of an entry move with it. With the axis of out seen as two, of entries j and of copies r,

        δout_jr = δx_j

    Take the inner product with dout, and collect what belongs to one entry:

        ⟨dout, δout⟩ = Σⱼ Σᵣ ⟨dout_jr, δx_j⟩ = Σⱼ ⟨Σᵣ dout_jr, δx_j⟩

    so that dx_j = Σᵣ dout_jr: to copy transposed is to sum. What is repeated 0 times hears 0.

    Examples
    --------
    >>> repeat = Repeat(2)
    >>> repeat.forward([1.0, 3.0])
    array([1., 1., 3., 3.])
    >>> repeat.backward([1.0, 2.0, 5.0, 7.0])
    array([ 3., 12.])
    """

    repeats: int
    axis: int
    x: Spec
    copies: Shape  # that of out, with an axis of its own for the copies
    along: int  # the axis, counted from the first
    out_shape: Shape

    def __init__(self, repeats: int, axis: int = 0) -> None:
        self.repeats, self.axis = repeats, axis

    def forward(self, x: npt.ArrayLike) -> Array:
        """Repeat the entries. Raises ValueError for a negative number of times."""
        x, repeats = floating("Repeat.forward", "x", x), whole_number("Repeat.forward", "repeats", self.repeats)
        along = as_axis("Repeat.forward", self.axis, x.shape)
        if repeats < 0:
            raise ValueError(f"Repeat.forward: repeats is {repeats}; expected 0 or more, because it counts copies")
        out = np.repeat(x, repeats, along)
        self.x, self.along, self.out_shape = Spec(x.shape, x.dtype), along, out.shape
        self.copies = (*x.shape[: along + 1], repeats, *x.shape[along + 1 :])
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout = upstream(self, dout).reshape(self.copies)
        # dx_j = Σᵣ dout_jr
        dx = long_sum(dout, self.along + 1)
        return np.asarray(dx, self.x.dtype)


def _basic(index: BasicIndex | tuple[BasicIndex, ...]) -> tuple[BasicIndex, ...]:
    parts = index if isinstance(index, tuple) else (index,)
    for part in parts:
        if isinstance(part, bool) or not isinstance(part, (int, np.integer, slice, EllipsisType, type(None))):
            expected = "integers, slices, ... and None, because Take is for arrays of indices"
            raise TypeError(f"Slice.forward: index has {part!r} in it; expected {expected}")
    return parts
