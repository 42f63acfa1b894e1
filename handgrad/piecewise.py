"""Activation functions of straight pieces: a slope for each, and a convention where two of them meet."""

from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, Shape, double, floating, ieee, number, shape_error, sum_to, upstream, wide


class LeakyRelu:
    """Let positive numbers pass and scale the others: out = x where x > 0, and slope · x elsewhere.

    Shapes
    ------
    x, dx, out, dout : any

    Derivation
    ----------
    Nudge x. Where x > 0 the output moves along, elsewhere slope times as far,

        δout = ([x > 0] + slope [x ≤ 0]) ⊙ δx

    Take the inner product with dout and free the nudge:

        ⟨dout, δout⟩ = ⟨dout ⊙ ([x > 0] + slope [x ≤ 0]), δx⟩

    so that dx = dout where x > 0, and slope · dout elsewhere. At the kink x = 0 this takes the slope of the left, of
    which Relu's 0 is a case, and so it does for NaN.

    Examples
    --------
    >>> leaky = LeakyRelu(slope=0.25)
    >>> leaky.forward([-8.0, 0.0, 2.0])
    array([-2.,  0.,  2.])
    >>> leaky.backward([1.0, 1.0, 1.0])
    array([0.25, 0.25, 1.  ])
    """

    slope: float
    used: float  # the slope as forward used it
    passes: npt.NDArray[np.bool_]  # any shape: where x > 0
    dtype: np.dtype[Any]
    out_shape: Shape

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = number("LeakyRelu", "slope", slope)

    @ieee
    def forward(self, x: npt.ArrayLike) -> Array:
        """Compute x where x > 0, and slope · x elsewhere. NaN stays NaN."""
        x, slope = floating("LeakyRelu.forward", "x", x), number("LeakyRelu.forward", "slope", self.slope)
        passes = np.asarray(x > 0)
        out = np.where(passes, x, slope * wide(x))
        self.passes, self.used, self.dtype, self.out_shape = passes, slope, x.dtype, x.shape
        return np.asarray(out, self.dtype)

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout = upstream(self, dout)
        dx = np.where(self.passes, dout, self.used * dout)
        return np.asarray(dx, self.dtype)


class PRelu:
    """Let positive numbers pass and scale the others, as is learned: out = x where x > 0, and slope ⊙ x elsewhere.

    Shapes
    ------
    x, dx, out, dout : any      slope, dslope : any that broadcasts to the shape of x

    One slope for everything has the shape (), one for each number of the last axis (D,), one for each channel of
    images (N, C, H, W) has (C, 1, 1).

    Derivation
    ----------
    Nudge both. Where x > 0 the output moves along with x, elsewhere by the product rule; B copies the slopes to the
    shape of x,

        δout = [x > 0] ⊙ δx + [x ≤ 0] ⊙ (slope ⊙ δx + x ⊙ B δslope)

    Take the inner product with dout and free each nudge; to copy (B) transposed is to sum (Bᵀ):

        ⟨dout, δout⟩ = ⟨dout ⊙ ([x > 0] + slope ⊙ [x ≤ 0]), δx⟩ + ⟨Bᵀ (dout ⊙ x ⊙ [x ≤ 0]), δslope⟩

    so that dx = dout where x > 0 and slope ⊙ dout elsewhere, and dslope = Bᵀ (dout ⊙ x ⊙ [x ≤ 0]): a slope hears from
    every number that it scaled. At the kink x = 0, dx takes the slope of the left, as LeakyRelu does.

    Examples
    --------
    >>> prelu = PRelu(slope=[0.25, 0.5])
    >>> prelu.forward([[-8.0, -8.0], [2.0, -4.0]])
    array([[-2., -4.],
           [ 2., -2.]])
    >>> prelu.backward([[1.0, 1.0], [1.0, 1.0]])
    array([[0.25, 0.5 ],
           [1.  , 0.5 ]])
    >>> prelu.dslope
    array([ -8., -12.])
    """

    params = ("slope",)

    slope: Array  # any that broadcasts to the shape of x
    x: Array  # any shape, remembered by forward, with slope as it used it
    used: Array
    dslope: Array  # the shape of slope, left by backward
    out_shape: Shape

    def __init__(self, slope: npt.ArrayLike) -> None:
        self.slope = floating("PRelu", "slope", slope)

    @ieee
    def forward(self, x: npt.ArrayLike) -> Array:
        """Compute x where x > 0, and slope ⊙ x elsewhere. Raises ValueError if slope does not broadcast to x."""
        x = floating("PRelu.forward", "x", x)
        slope = floating("PRelu.forward", "slope", self.slope)
        _expect_to_copy_to("PRelu.forward", slope, x)
        out = np.where(x > 0, x, wide(slope) * wide(x))
        self.x, self.used, self.out_shape = x, slope, x.shape
        return np.asarray(out, np.result_type(x, slope))

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx, and leave dslope: the gradients at slope as forward used it."""
        dout = upstream(self, dout)
        x, slope = self.x, self.used
        dx = np.where(x > 0, dout, slope * dout)
        self.dslope = sum_to(np.where(x > 0, 0, double(dout) * x), slope)
        return np.asarray(dx, x.dtype)


def _expect_to_copy_to(where: str, slope: Array, x: Array) -> None:
    """Raise ValueError unless slope broadcasts to the shape of x, and no farther."""
    try:
        shape = np.broadcast_shapes(slope.shape, x.shape)
    except ValueError:
        shape = ()
    if shape != x.shape:
        raise shape_error(where, "slope", slope.shape, "axes that broadcast to those of x", f"x.shape is {x.shape}")


class Clip:
    """Keep numbers between two bounds: out = min(max(x, low), high). Relu6 is Clip(0, 6).

    Shapes
    ------
    x, dx, out, dout : any

    Derivation
    ----------
    Nudge x. Between the bounds the output moves along, at and beyond them it stays,

        δout = [low < x < high] ⊙ δx

    Take the inner product with dout and free the nudge:

        ⟨dout, δout⟩ = ⟨dout ⊙ [low < x < high], δx⟩

    so that dx = dout between the bounds, and 0 elsewhere. At the kinks, which are the bounds themselves, this takes
    the outer slope, 0, as Relu does, and so it does for NaN. Blocking selects and does not multiply: an infinite dout
    is blocked too.

    Examples
    --------
    >>> relu6 = Clip(0, 6)
    >>> relu6.forward([-1.0, 0.0, 2.0, 6.0, 7.0])
    array([0., 0., 2., 6., 6.])
    >>> relu6.backward([5.0, 5.0, 5.0, 5.0, 5.0])
    array([0., 0., 5., 0., 0.])
    """

    low: float
    high: float
    passes: npt.NDArray[np.bool_]  # any shape: where low < x < high
    dtype: np.dtype[Any]
    out_shape: Shape

    def __init__(self, low: float = -np.inf, high: float = np.inf) -> None:
        self.low, self.high = _bounds("Clip", low, high)

    @ieee
    def forward(self, x: npt.ArrayLike) -> Array:
        """Compute min(max(x, low), high). NaN stays NaN."""
        x, (low, high) = floating("Clip.forward", "x", x), _bounds("Clip.forward", self.low, self.high)
        self.passes = np.asarray((low < x) & (x < high))
        self.dtype, self.out_shape = x.dtype, x.shape
        return np.asarray(x.clip(low, high), self.dtype)

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout = upstream(self, dout)
        dx = np.where(self.passes, dout, 0)
        return np.asarray(dx, self.dtype)


class Abs:
    """Drop the sign: out = |x|.

    Shapes
    ------
    x, dx, out, dout : any

    Derivation
    ----------
    Nudge x. Where x > 0 the output moves along, where x < 0 it moves against the nudge,

        δout = sign(x) ⊙ δx

    Take the inner product with dout and free the nudge:

        ⟨dout, δout⟩ = ⟨dout ⊙ sign(x), δx⟩

    so that dx = dout ⊙ sign(x). At the kink x = 0, where any slope from -1 to 1 is a subgradient, this takes 0.

    Examples
    --------
    >>> absolute = Abs()
    >>> absolute.forward([-3.0, 0.0, 2.0])
    array([3., 0., 2.])
    >>> absolute.backward([5.0, 5.0, 5.0])
    array([-5.,  0.,  5.])
    """

    sign: Array  # any shape
    out_shape: Shape

    def forward(self, x: npt.ArrayLike) -> Array:
        """Compute |x|."""
        x = floating("Abs.forward", "x", x)
        self.sign, self.out_shape = np.asarray(np.sign(x)), x.shape
        return np.asarray(np.abs(x))

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout = upstream(self, dout)
        dx = dout * self.sign
        return np.asarray(dx, self.sign.dtype)


def _bounds(where: str, low: float, high: float) -> tuple[float, float]:
    """Give bounds as numbers, or raise an error that names them."""
    low, high = number(where, "low", low), number(where, "high", high)
    if not low <= high:
        raise ValueError(f"{where}: low is {low} and high is {high}; expected low <= high")
    return low, high
