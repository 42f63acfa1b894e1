"""Nodes that join arrays, and the one that cuts: to join, transposed, is to cut where the arrays meet.

Each nudge moves into the place of its number, and none is computed. No result is a view.
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.axes import as_axis
from handgrad.checks import (
    Array,
    Shape,
    Spec,
    floating,
    floating_together,
    ieee,
    shape_error,
    upstream,
    upstreams,
    whole_number,
)


class Concatenate:
    """Join arrays along an axis that they have: out = [a, b, ...].

    Shapes
    ------
    arrays and their gradients : alike but for the axis      out, dout : its lengths added up

    Derivation
    ----------
    Nudge all of them. Each nudge moves into the place of its array,

        δout = [δa, δb, ...]

    Take the inner product with dout, and cut dout where the arrays meet, dout = [dout_a, dout_b, ...]:

        ⟨dout, δout⟩ = ⟨dout_a, δa⟩ + ⟨dout_b, δb⟩ + ...

    so that da = dout_a, db = dout_b, ...: each array gets its piece of dout. One that is joined twice gets two.

    Examples
    --------
    >>> concatenate = Concatenate()
    >>> concatenate.forward([1.0, 2.0], [3.0])
    array([1., 2., 3.])
    >>> concatenate.backward([5.0, 6.0, 7.0])
    (array([5., 6.]), array([7.]))
    """

    axis: int
    arrays: tuple[Spec, ...]
    along: int  # the axis, counted from the first
    out_shape: Shape

    def __init__(self, axis: int = 0) -> None:
        self.axis = axis

    @ieee
    def forward(self, *arrays: npt.ArrayLike) -> Array:
        """Join the arrays. Raises ValueError if they differ in another axis, or if there is none."""
        joined = _together("Concatenate.forward", arrays)
        because = f"arrays[0].shape is {joined[0].shape}"
        along = as_axis("Concatenate.forward", self.axis, joined[0].shape, because)
        try:
            out = np.concatenate(joined, along)
        except ValueError:
            raise _unlike("Concatenate.forward", joined, f"that are alike but along axis {along}") from None
        self.arrays = tuple(Spec(array.shape, array.dtype) for array in joined)
        self.along, self.out_shape = along, out.shape
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> tuple[Array, ...]:
        """Return the gradient of each array."""
        dout = upstream(self, dout)
        ends = accumulate(array.shape[self.along] for array in self.arrays)
        pieces = np.split(dout, list(ends)[:-1], self.along)
        return tuple(np.array(piece, array.dtype) for piece, array in zip(pieces, self.arrays, strict=True))


class Stack:
    """Join arrays of one shape along a new axis: out[i] is the i-th array, if the new axis is the first.

    Shapes
    ------
    arrays and their gradients : any, all alike      out, dout : with one axis more, as long as there are arrays

    Derivation
    ----------
    Nudge all of them. Along the new axis, each nudge moves into the place of its array,

        δout = [δa, δb, ...]

    Take the inner product with dout = [dout_a, dout_b, ...], which is a sum over the places of the new axis:

        ⟨dout, δout⟩ = ⟨dout_a, δa⟩ + ⟨dout_b, δb⟩ + ...

    so that da = dout_a, db = dout_b, ...: each array gets what stands in its place.

    Examples
    --------
    >>> stack = Stack(axis=1)
    >>> stack.forward([1.0, 2.0], [3.0, 4.0])
    array([[1., 3.],
           [2., 4.]])
    >>> stack.backward([[5.0, 6.0], [7.0, 8.0]])
    (array([5., 7.]), array([6., 8.]))
    """

    axis: int
    dtypes: tuple[np.dtype[Any], ...]
    along: int  # the axis, counted from the first
    out_shape: Shape

    def __init__(self, axis: int = 0) -> None:
        self.axis = axis

    @ieee
    def forward(self, *arrays: npt.ArrayLike) -> Array:
        """Join the arrays. Raises ValueError if their shapes differ, or if there is none."""
        joined = _together("Stack.forward", arrays)
        because = f"arrays[0].shape is {joined[0].shape}, and out has one axis more"
        along = as_axis("Stack.forward", self.axis, (len(joined), *joined[0].shape), because)
        try:
            out = np.stack(joined, along)
        except ValueError:
            raise _unlike("Stack.forward", joined, "that are all the same") from None
        self.dtypes, self.along, self.out_shape = tuple(array.dtype for array in joined), along, out.shape
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> tuple[Array, ...]:
        """Return the gradient of each array."""
        dout = np.moveaxis(upstream(self, dout), self.along, 0)
        return tuple(np.array(piece, dtype) for piece, dtype in zip(dout, self.dtypes, strict=True))


class Split:
    """Cut along an axis: into a number of equal parts, or before given indices. The output is a tuple.

    Shapes
    ------
    x, dx : any with the axis      each of out and of dout : that of x, with its own length of the axis

    Derivation
    ----------
    Nudge x. Each part moves with the nudge that stands in its place,

        (δout₁, δout₂, ...) = the parts of δx

    Several outputs have an upstream gradient each, and their inner products are added up; side by side they are one:

        ⟨dout₁, δout₁⟩ + ⟨dout₂, δout₂⟩ + ... = ⟨dout, δx⟩ with dout = [dout₁, dout₂, ...]

    so that dx = [dout₁, dout₂, ...]: Split and Concatenate are the transposes of each other.

    Examples
    --------
    >>> split = Split([1], axis=0)
    >>> split.forward([1.0, 2.0, 3.0])
    (array([1.]), array([2., 3.]))
    >>> split.backward([5.0], [6.0, 7.0])
    array([5., 6., 7.])
    >>> split.backward([5.0])
    array([5., 0., 0.])
    """

    parts: int | Sequence[int]
    axis: int
    dtype: np.dtype[Any]
    along: int  # the axis, counted from the first
    out_shapes: tuple[Shape, ...]

    def __init__(self, parts: int | Sequence[int], axis: int = 0) -> None:
        self.parts, self.axis = parts, axis

    @ieee
    def forward(self, x: npt.ArrayLike) -> tuple[Array, ...]:
        """Cut x. Raises ValueError if it has no such parts."""
        x = floating("Split.forward", "x", x)
        along = as_axis("Split.forward", self.axis, x.shape)
        ends = _ends(x.shape, along, self.parts)
        out = tuple(part.copy() for part in np.split(x, ends, along))
        self.dtype, self.along, self.out_shapes = x.dtype, along, tuple(part.shape for part in out)
        return out

    @ieee
    def backward(self, *douts: npt.ArrayLike) -> Array:
        """Return dx, given dout of each part. Those after the first may be left out, which means 0."""
        # dx = [dout₁, dout₂, ...]
        dx = np.concatenate(upstreams(self, douts), self.along)
        return np.asarray(dx, self.dtype)


def _together(where: str, arrays: tuple[npt.ArrayLike, ...]) -> tuple[Array, ...]:
    if not arrays:
        raise ValueError(f"{where}: there are no arrays; expected one or more")
    return floating_together(where, **{f"arrays[{i}]": array for i, array in enumerate(arrays)})


def _unlike(where: str, arrays: Sequence[Array], expected: str) -> ValueError:
    shapes = ", ".join(str(array.shape) for array in arrays)
    return ValueError(f"{where}: the arrays have the shapes {shapes}; expected shapes {expected}")


def _ends(shape: Shape, along: int, parts: int | Sequence[int]) -> list[int]:
    """Tell before which indices to cut."""
    length = shape[along]
    if isinstance(parts, (int, np.integer)):
        if parts < 1 or length % parts:
            raise shape_error("Split.forward", "x", shape, f"an axis {along} of equal parts", f"parts is {parts}")
        return [length // parts * i for i in range(1, parts)]
    ends = [whole_number("Split.forward", "parts", end) for end in np.atleast_1d(parts)]
    if any(end < start for start, end in pairwise([0, *ends, length])):
        because = f"parts is {ends}, and cuts go from 0 on, in order"
        raise shape_error("Split.forward", "x", shape, f"an axis {along} that is cut in order", because)
    return ends
