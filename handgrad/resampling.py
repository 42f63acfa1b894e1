"""Other resolutions of space: every number shown several times, side by side."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, Shape, Spec, floating, ieee, long_sum, upstream
from handgrad.spacing import for_each_axis


class Upsample:
    """Show each number several times along every axis of space: out_i = x_{⌊i / f⌋}.

    Shapes
    ------
    x, dx : (..., *lengths)      out, dout : (..., *lengths · factors)

    There is an axis of space for each of the factors f, which are whole numbers from 1.

    Derivation
    ----------
    Nudge x. All copies of a number move with it. With each axis of out seen as two, of numbers j and of copies r,

        δout_jr = δx_j

    Take the inner product with dout, and collect what belongs to one number:

        ⟨dout, δout⟩ = Σⱼ Σᵣ ⟨dout_jr, δx_j⟩ = Σⱼ ⟨Σᵣ dout_jr, δx_j⟩

    so that dx_j = Σᵣ dout_jr: to copy transposed is to sum. It is Repeat, along one axis of space after the other.

    Examples
    --------
    >>> upsample = Upsample(factors=(1, 2))
    >>> upsample.forward([[1.0, 2.0], [3.0, 4.0]])
    array([[1., 1., 2., 2.],
           [3., 3., 4., 4.]])
    >>> upsample.backward([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]])
    array([[ 3.,  7.],
           [11., 15.]])
    """

    factors: Sequence[int]
    x: Spec
    used: Shape  # the factors as forward used them
    out_shape: Shape

    def __init__(self, factors: Sequence[int]) -> None:
        self.factors = factors

    def forward(self, x: npt.ArrayLike) -> Array:
        """Copy the numbers. Raises ValueError if x has fewer axes than there are factors."""
        x = floating("Upsample.forward", "x", x)
        factors = for_each_axis("Upsample.forward", "factors", self.factors, x)
        out = x
        for axis, factor in enumerate(factors, -len(factors)):
            out = np.repeat(out, factor, axis)
        self.x, self.used, self.out_shape = Spec(x.shape, x.dtype), factors, out.shape
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout = upstream(self, dout)
        axes = len(self.used)
        others, space = self.x.shape[:-axes], self.x.shape[-axes:]
        numbers_and_copies = np.ravel([space, self.used], "F")  # of the axes of space, one after the other
        copies = tuple(range(-1, -2 * axes, -2))
        # dx_j = Σᵣ dout_jr
        dx = long_sum(dout.reshape(*others, *numbers_and_copies), copies)
        return np.asarray(dx, self.x.dtype)
