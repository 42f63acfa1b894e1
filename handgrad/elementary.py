"""Elementary functions (初等関数): nodes of one number, at every element.

Square roots and quotients, processors round right. The others are computed in float64 and rounded once: in float32,
NumPy's exponential is off by up to 2.5 units in the last place.
"""

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, Shape, double, floating, ieee, remembered, shape_error, upstream


class Exp:
    """Take the exponential, element by element: out = exp(x).

    Shapes
    ------
    x, dx, out, dout : any

    Derivation
    ----------
    Nudge x. The exponential is its own derivative,

        δout = exp(x) ⊙ δx = out ⊙ δx

    Take the inner product with dout and free the nudge:

        ⟨dout, δout⟩ = ⟨dout ⊙ out, δx⟩

    so that dx = dout ⊙ out: the output is all that backward needs.

    Examples
    --------
    >>> exp = Exp()
    >>> exp.forward([0.0, 1.0])
    array([1.        , 2.71828183])
    >>> exp.backward([3.0, 1.0])
    array([3.        , 2.71828183])
    """

    out: Array  # any shape, read-only
    out_shape: Shape

    @ieee
    def forward(self, x: npt.ArrayLike) -> Array:
        """Compute exp(x)."""
        x = floating("Exp.forward", "x", x)
        out = np.exp(double(x))
        self.out = remembered(np.asarray(out, x.dtype))
        self.out_shape = self.out.shape
        return self.out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout = upstream(self, dout)
        dx = dout * self.out
        return np.asarray(dx, self.out.dtype)


class Log:
    """Take the natural logarithm, element by element: out = log(x).

    Shapes
    ------
    x, dx, out, dout : any

    Derivation
    ----------
    Nudge x. From exp(out) = x follows exp(out) ⊙ δout = δx, and so

        δout = δx / x

    Take the inner product with dout and free the nudge:

        ⟨dout, δout⟩ = ⟨dout / x, δx⟩

    so that dx = dout / x.

    At 0 the logarithm is -inf and its slope inf. Below 0 out is NaN, and dx follows the formula all the same. Nothing
    small is added to x: that would be the logarithm of something else.

    Examples
    --------
    >>> log = Log()
    >>> log.forward([1.0, 4.0])
    array([0.        , 1.38629436])
    >>> log.backward([1.0, 1.0])
    array([1.  , 0.25])
    """

    x: Array  # any shape
    out_shape: Shape

    @ieee
    def forward(self, x: npt.ArrayLike) -> Array:
        """Compute log(x), which is -inf at 0 and NaN below."""
        x = floating("Log.forward", "x", x)
        out = np.log(double(x))
        self.x, self.out_shape = x, x.shape
        return np.asarray(out, x.dtype)

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout = upstream(self, dout)
        dx = dout / self.x
        return np.asarray(dx, self.x.dtype)


class Reciprocal:
    """Divide 1 by the input, element by element: out = 1 / x.

    Shapes
    ------
    x, dx, out, dout : any

    Derivation
    ----------
    Nudge x. From out ⊙ x = 1, a constant, follows δout ⊙ x + out ⊙ δx = 0, and so

        δout = -out² ⊙ δx = -1 / x² ⊙ δx

    Take the inner product with dout and free the nudge:

        ⟨dout, δout⟩ = ⟨-dout / x², δx⟩

    so that dx = -dout / x², which is -dout ⊙ out².

    Examples
    --------
    >>> reciprocal = Reciprocal()
    >>> reciprocal.forward([2.0, -4.0])
    array([ 0.5 , -0.25])
    >>> reciprocal.backward([1.0, 1.0])
    array([-0.25  , -0.0625])
    """

    x: Array  # any shape
    out_shape: Shape

    @ieee
    def forward(self, x: npt.ArrayLike) -> Array:
        """Compute 1 / x, which is ±inf at ±0."""
        x = floating("Reciprocal.forward", "x", x)
        out = 1 / x
        self.x, self.out_shape = x, x.shape
        return np.asarray(out, x.dtype)

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout = upstream(self, dout)
        # dx = -dout / x², in two steps: x² alone may leave the range of its dtype where dx does not
        dx = -dout / self.x / self.x
        return np.asarray(dx, self.x.dtype)


class Sqrt:
    """Take the square root, element by element: out = √x.

    Shapes
    ------
    x, dx, out, dout : any

    Derivation
    ----------
    Nudge x. From out² = x follows 2 out ⊙ δout = δx, and so

        δout = δx / (2 out)

    Take the inner product with dout and free the nudge:

        ⟨dout, δout⟩ = ⟨dout / (2 out), δx⟩

    so that dx = dout / (2 out): the output is all that backward needs.

    At 0 the slope is inf, and dx is NaN where dout is 0 there; below 0, out and dx are NaN.

    Examples
    --------
    >>> sqrt = Sqrt()
    >>> sqrt.forward([4.0, 0.25])
    array([2. , 0.5])
    >>> sqrt.backward([1.0, 1.0])
    array([0.25, 1.  ])
    """

    out: Array  # any shape, read-only
    out_shape: Shape

    @ieee
    def forward(self, x: npt.ArrayLike) -> Array:
        """Compute √x, which is NaN below 0."""
        x = floating("Sqrt.forward", "x", x)
        self.out = remembered(np.asarray(np.sqrt(x)))
        self.out_shape = x.shape
        return self.out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout = upstream(self, dout)
        dx = dout / (2 * self.out)
        return np.asarray(dx, self.out.dtype)


class Power:
    """Raise to a fixed power, element by element: out = xᵖ.

    Shapes
    ------
    x, dx, out, dout : any      p : ()

    Derivation
    ----------
    Nudge x. For a whole p, the product rule gives p equal terms; for any p, from log(out) = p log(x)
    follows δout / out = p δx / x. Both say

        δout = p xᵖ⁻¹ ⊙ δx

    Take the inner product with dout and free the nudge:

        ⟨dout, δout⟩ = ⟨dout ⊙ p xᵖ⁻¹, δx⟩

    so that dx = dout ⊙ p xᵖ⁻¹.

    x⁰ is 1 for every x, also for 0 and NaN, and so its dx is 0 everywhere. A negative x has whole powers alone: the
    others are NaN. There is no gradient of p.

    Examples
    --------
    >>> power = Power(3)
    >>> power.forward([2.0, -1.0])
    array([ 8., -1.])
    >>> power.backward([1.0, 1.0])
    array([12.,  3.])
    """

    p: npt.ArrayLike  # ()
    x: Array  # any shape
    used: Array  # p as forward used it
    out_shape: Shape

    def __init__(self, p: npt.ArrayLike) -> None:
        self.p = _exponent("Power", p)

    @ieee
    def forward(self, x: npt.ArrayLike) -> Array:
        """Compute xᵖ."""
        x, p = floating("Power.forward", "x", x), _exponent("Power.forward", self.p)
        out = np.power(double(x), p)
        self.x, self.used, self.out_shape = x, p, x.shape
        return np.asarray(out, x.dtype)

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout, x, p = upstream(self, dout), double(self.x), self.used
        # dx = dout ⊙ p xᵖ⁻¹, where 0 · 0⁻¹ is 0
        dx = np.where(p == 0, 0, dout * (p * np.power(x, p - 1)))
        return np.asarray(dx, self.x.dtype)


def _exponent(where: str, p: npt.ArrayLike) -> Array:
    p = double(floating(where, "p", p))
    if p.ndim:
        raise shape_error(where, "p", p.shape, (), "every number is raised to the same power")
    return p
