"""Activation functions (活性化関数): one number in, one number out, at every element."""

from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, Shape, floating, ieee, remembered, upstream
from handgrad.functions import sigmoid


class Relu:
    """Let positive numbers pass and block the others: out = max(x, 0).

    Shapes
    ------
    x, dx, out, dout : any

    Derivation
    ----------
    Nudge x. Where x > 0 the output moves along, elsewhere it stays,

        δout = [x > 0] ⊙ δx

    Take the inner product with dout and free the nudge:

        ⟨dout, δout⟩ = ⟨dout ⊙ [x > 0], δx⟩

    so that dx = dout where x > 0, and 0 elsewhere. At the kink x = 0, where any slope from 0 to 1 is a
    subgradient, this takes 0, and so it does for NaN. Blocking selects and does not multiply: an infinite
    dout is blocked too.

    Examples
    --------
    >>> relu = Relu()
    >>> relu.forward([-1.0, 0.0, 2.0])
    array([0., 0., 2.])
    >>> relu.backward([5.0, 5.0, 5.0])
    array([0., 0., 5.])
    """

    passes: npt.NDArray[np.bool_]  # any shape: where x > 0
    dtype: np.dtype[Any]
    out_shape: Shape

    def forward(self, x: npt.ArrayLike) -> Array:
        """Compute max(x, 0). NaN stays NaN."""
        x = floating("Relu.forward", "x", x)
        # out = max(x, 0): NumPy's clip is faster than its maximum with a single number
        out = x.clip(0, np.inf)
        self.passes = np.asarray(x > 0)
        self.dtype, self.out_shape = x.dtype, x.shape
        return np.asarray(out, self.dtype)

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout = upstream(self, dout)
        # dx = where(x > 0, dout, 0)
        dx = _selected(self.passes, dout)
        return np.asarray(dx, self.dtype)

    @property
    def mask(self) -> npt.NDArray[np.bool_]:
        """True where the gradient is 0: where x ≤ 0, and at NaN."""
        return np.asarray(~self.passes)


INTEGERS = {4: np.int32, 8: np.int64}


def _selected(chosen: npt.NDArray[np.bool_], array: Array) -> Array:
    """Give array where `chosen`, and 0 elsewhere: its bits are multiplied, as integers, by 1 or 0.

    Unlike a product of the numbers themselves, this blocks inf and NaN; and unlike np.where it has no branch, which
    processors mispredict where the choice is irregular.
    """
    integer = INTEGERS.get(array.itemsize)
    if integer is None:  # as for a long double
        return np.where(chosen, array, 0)
    return (array.view(integer) * chosen).view(array.dtype)


class Sigmoid:
    """Squash to the interval from 0 to 1: out = 1 / (1 + exp(-x)).

    Shapes
    ------
    x, dx, out, dout : any

    Derivation
    ----------
    Nudge x. By the rules for 1/x and exp, and because out exp(-x) = 1 - out,

        δout = out² ⊙ exp(-x) ⊙ δx = out ⊙ (1 - out) ⊙ δx

    Take the inner product with dout and free the nudge:

        ⟨dout, δout⟩ = ⟨dout ⊙ (1 - out) ⊙ out, δx⟩

    so that dx = dout ⊙ (1 - out) ⊙ out: the whole group of nodes needs nothing but its output.

    For large x, out rounds to 1 and dx is exactly 0 (above x ≈ 17.33 in float32, 36.74 in float64), although the
    true slope is exp(-x). JAX does the same (in float32 above 16.64). For negative x the slope keeps its full
    relative accuracy, for as long as out is a normal number.

    Examples
    --------
    >>> sigmoid = Sigmoid()
    >>> sigmoid.forward([0.0, -100.0])
    array([5.00000000e-01, 3.72007598e-44])
    >>> sigmoid.backward([1.0, 1.0])
    array([2.50000000e-01, 3.72007598e-44])
    """

    out: Array  # any shape, read-only
    out_shape: Shape

    def forward(self, x: npt.ArrayLike) -> Array:
        """Compute 1 / (1 + exp(-x)), without overflow for any x."""
        x = floating("Sigmoid.forward", "x", x)
        self.out = remembered(sigmoid(x))
        self.out_shape = x.shape
        return self.out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout = upstream(self, dout)
        dx = dout * (1 - self.out) * self.out
        return np.asarray(dx, self.out.dtype)
