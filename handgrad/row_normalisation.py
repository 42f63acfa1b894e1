"""Normalisation of rows, each on its own: centred and scaled, scaled alone, or scaled to length 1.

With a mask, rows that do not count have out = 0 and dx = 0, whatever they hold, and gamma and beta do not hear from
them. `handgrad.moments` has what centring and scaling are made of, and the long way to their gradients.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.axes import Axes, as_axes
from handgrad.batches import Batch, rows_of
from handgrad.checks import Array, Shape, floating, ieee, long_sum, shape_error, upstream, wide
from handgrad.moments import back_through_both, back_through_scaled, centred, scaled
from handgrad.norm_arguments import as_eps, as_params
from handgrad.numerics import blocks


class LayerNorm:
    """Centre and scale each row, then stretch and shift it: out = γ ⊙ z + β, with z = (x - mean x) / √(var x + eps).

    Shapes
    ------
    x, dx, z, out, dout : (..., D)      gamma, dgamma, beta, dbeta : (D,)
    mask : booleans (...), True for rows that count

    Derivation
    ----------
    Write c = x - mean x and r = 1 / √(mean c² + eps), where a mean is that of a row, so that z = c r. Nudge x, γ and
    β. By the product rule,

        δout = δz ⊙ γ + z ⊙ δγ + δβ

    for every row. A nudge of x reaches z in three ways: by its number itself, by the mean, and by r, for which
    δr = -r³ mean(c δc) (`handgrad.moments` has the steps):

        δz = r (δx - mean δx - z mean(z δx))

    Take the inner product with dout. γ moves to its side, t = dout ⊙ γ; and in the two means, which every number of
    the row is in, each δx has the factor mean t, or z mean(t z):

        ⟨dout, δout⟩ = ⟨r (t - mean t - z mean(t z)), δx⟩ + ⟨Σ dout ⊙ z, δγ⟩ + ⟨Σ dout, δβ⟩

    so that dx = r (t - mean t - z mean(t z)) with t = dout ⊙ γ, dγ = Σ dout ⊙ z and dβ = Σ dout, both sums over the
    rows. So dx has the mean 0 and, but for eps, no part along z: a row cannot hear its shift, nor its scale.

    A row of equal numbers, or of a single one, has z = 0: out is β, and dx is 0 for a single one.

    Examples
    --------
    >>> norm = LayerNorm(gamma=[1.0, 1.0, 2.0], beta=[0.0, 0.0, 10.0])
    >>> norm.forward([1.0, 2.0, 6.0]).round(3)
    array([-0.926, -0.463, 12.777])
    >>> norm.backward([1.0, 0.0, 0.0]).round(3)
    array([ 0.176, -0.22 ,  0.044])
    >>> norm.dgamma.round(3), norm.dbeta
    (array([-0.926,  0.   ,  0.   ]), array([1., 0., 0.]))

    References
    ----------
    Ba, Kiros, Hinton: Layer Normalization (2016). The γ and β here are its gain and bias.
    """

    params = ("gamma", "beta")

    gamma: Array  # (D,)
    beta: Array  # (D,)
    eps: float
    z: Array  # (N, D) of the N rows that count, remembered by forward; float32 also where x is float16
    r: Array  # (N, 1)
    used: tuple[Array, Array]  # gamma and beta as forward used them
    batch: Batch  # the rows (...)
    dtype: np.dtype[Any]
    dgamma: Array  # (D,)  left by backward
    dbeta: Array  # (D,)
    out_shape: Shape

    def __init__(self, gamma: npt.ArrayLike, beta: npt.ArrayLike, eps: float = 1e-5) -> None:
        self.gamma, self.beta = as_params("LayerNorm", gamma, beta=beta)
        self.eps = as_eps("LayerNorm", eps)

    @ieee
    def forward(self, x: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> Array:
        """Compute γ ⊙ z + β. Raises ValueError and TypeError if γ, β or a mask do not fit x."""
        gamma, beta = as_params("LayerNorm.forward", self.gamma, beta=self.beta)
        x, batch = _arguments("LayerNorm.forward", x, mask, gamma)
        D, eps = x.shape[-1], as_eps("LayerNorm.forward", self.eps)
        rows = batch.counted(x)
        z, r = _for_z_and_r(rows)
        out = np.empty(rows.shape, np.result_type(x, gamma, beta))
        for block in blocks(rows):
            # z = (x - mean x) r with r = 1 / √(mean (x - mean x)² + eps), and out = γ z + β
            z[block], r[block] = scaled(centred(wide(rows[block]), True, D), D, eps)
            out[block] = z[block] * wide(gamma) + wide(beta)
        self.z, self.r, self.used, self.batch = z, r, (gamma, beta), batch
        self.dtype, self.out_shape = x.dtype, x.shape
        return batch.spread(out)

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx, and leave dgamma and dbeta: the gradients at gamma and beta as forward used them."""
        dout = upstream(self, dout)
        dout = self.batch.counted(dout)
        (gamma, beta), z, r, D = self.used, self.z, self.r, dout.shape[-1]
        dx, dgamma, dbeta = np.empty(z.shape, self.dtype), _zeros(gamma), _zeros(beta)
        for block in blocks(dout):
            # dx = r (t - mean t - z mean(t z)) with t = dout γ
            dx[block] = back_through_both(dout[block] * wide(gamma), z[block], r[block], True, D)
            dgamma += long_sum(dout[block] * z[block], 0)
            dbeta += long_sum(dout[block], 0)
        self.dgamma, self.dbeta = np.asarray(dgamma, gamma.dtype), np.asarray(dbeta, beta.dtype)
        return self.batch.spread(dx)


class RmsNorm:
    """Scale each row by the root of its mean square, then stretch it: out = γ ⊙ z, with z = x / √(mean x² + eps).

    Shapes
    ------
    x, dx, z, out, dout : (..., D)      gamma, dgamma : (D,)      mask : booleans (...), True for rows that count

    Derivation
    ----------
    Write z = x r, with r = 1 / √(mean x² + eps), where a mean is that of a row. Nudge x and γ. By the product rule,
    for every row,

        δout = δz ⊙ γ + z ⊙ δγ

    and r moves by δr = -½ r³ mean(2 x δx) = -r² mean(z δx), so that

        δz = r δx + x δr = r (δx - z mean(z δx))

    Take the inner product with dout. γ moves to its side, t = dout ⊙ γ; in the mean each δx has the factor
    z mean(t z):

        ⟨dout, δout⟩ = ⟨r (t - z mean(t z)), δx⟩ + ⟨Σ dout ⊙ z, δγ⟩

    so that dx = r (t - z mean(t z)) with t = dout ⊙ γ, and dγ = Σ dout ⊙ z, summed over the rows. It is LayerNorm
    without its means of x and of t: nothing is centred, neither forward nor backward.

    A row of zeros has out = 0 and r = 1 / √eps, so that dx is as much as t / √eps.

    Examples
    --------
    >>> norm = RmsNorm(gamma=[1.0, 2.0], eps=1e-12)
    >>> norm.forward([3.0, 4.0]).round(4)
    array([0.8485, 2.2627])
    >>> norm.backward([1.0, 0.0]).round(4)
    array([ 0.181 , -0.1358])
    >>> norm.dgamma.round(4)
    array([0.8485, 0.    ])

    References
    ----------
    Zhang, Sennrich: Root Mean Square Layer Normalization (2019).
    """

    params = ("gamma",)

    gamma: Array  # (D,)
    eps: float
    z: Array  # (N, D) of the N rows that count, remembered by forward; float32 also where x is float16
    r: Array  # (N, 1)
    used: Array  # gamma as forward used it
    batch: Batch  # the rows (...)
    dtype: np.dtype[Any]
    dgamma: Array  # (D,)  left by backward
    out_shape: Shape

    def __init__(self, gamma: npt.ArrayLike, eps: float = 1e-5) -> None:
        (self.gamma,), self.eps = as_params("RmsNorm", gamma), as_eps("RmsNorm", eps)

    @ieee
    def forward(self, x: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> Array:
        """Compute γ ⊙ z. Raises ValueError and TypeError if γ or a mask do not fit x."""
        (gamma,) = as_params("RmsNorm.forward", self.gamma)
        x, batch = _arguments("RmsNorm.forward", x, mask, gamma)
        D, eps = x.shape[-1], as_eps("RmsNorm.forward", self.eps)
        rows = batch.counted(x)
        z, r = _for_z_and_r(rows)
        out = np.empty(rows.shape, np.result_type(x, gamma))
        for block in blocks(rows):
            # z = x r with r = 1 / √(mean x² + eps), and out = γ z
            z[block], r[block] = scaled(wide(rows[block]), D, eps)
            out[block] = z[block] * wide(gamma)
        self.z, self.r, self.used, self.batch = z, r, gamma, batch
        self.dtype, self.out_shape = x.dtype, x.shape
        return batch.spread(out)

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx, and leave dgamma: the gradients at gamma as forward used it."""
        dout = upstream(self, dout)
        dout = self.batch.counted(dout)
        gamma, z, r, D = self.used, self.z, self.r, dout.shape[-1]
        dx, dgamma = np.empty(z.shape, self.dtype), _zeros(gamma)
        for block in blocks(dout):
            # dx = r (t - z mean(t z)) with t = dout γ
            dx[block] = back_through_scaled(dout[block] * wide(gamma), z[block], r[block], D)
            dgamma += long_sum(dout[block] * z[block], 0)
        self.dgamma = np.asarray(dgamma, gamma.dtype)
        return self.batch.spread(dx)


class L2Normalize:
    """Scale vectors to length 1: out = y = x / √(Σ x² + eps).

    Shapes
    ------
    x, dx, out, dout : any

    A vector goes along `axis`, of which there may be several; None is all of them. Each is on its own.

    Derivation
    ----------
    Write y = x r, with r = 1 / √(Σ x² + eps). Nudge x. The root moves by δr = -½ r³ Σ(2 x δx) = -r² Σ(y δx), and

        δout = r δx + x δr = r (δx - y Σ(y δx))

    Take the inner product with dout; in its second term each δx has the factor y Σ(dout y):

        ⟨dout, δout⟩ = ⟨r (dout - y Σ(dout y)), δx⟩

    so that dx = r (dout - y Σ(dout y)): but for eps, what is along y is taken away, since on the sphere y moves
    across its own direction alone.

    As eps stands inside of the root, there is no kink: a vector of zeros has out = 0 and dx = dout / √eps. One of
    length ℓ gets the length 1 / √(1 + eps / ℓ²).

    Examples
    --------
    >>> normalize = L2Normalize()
    >>> normalize.forward([3.0, 4.0])
    array([0.6, 0.8])
    >>> normalize.backward([1.0, 0.0]).round(4)
    array([ 0.128, -0.096])
    """

    axis: Axes
    eps: float
    y: Array  # any shape; float32 also where x is float16
    r: Array  # the same, with length 1 along the axes
    axes: tuple[int, ...]
    dtype: np.dtype[Any]
    out_shape: Shape

    def __init__(self, axis: Axes = -1, eps: float = 1e-12) -> None:
        self.axis, self.eps = axis, as_eps("L2Normalize", eps)

    @ieee
    def forward(self, x: npt.ArrayLike) -> Array:
        """Compute x / √(Σ x² + eps). Raises ValueError and TypeError for an axis that does not fit x."""
        x = floating("L2Normalize.forward", "x", x)
        axes = as_axes("L2Normalize.forward", self.axis, x.shape)
        # y = x r with r = 1 / √(Σ x² + eps), where a sum is a mean that is divided by 1
        y, r = scaled(wide(x), 1, as_eps("L2Normalize.forward", self.eps), axes)
        self.y, self.r, self.axes, self.dtype, self.out_shape = y, r, axes, x.dtype, x.shape
        return np.array(y, self.dtype)

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout = upstream(self, dout)
        # dx = r (dout - y Σ(dout y))
        dx = back_through_scaled(dout, self.y, self.r, 1, self.axes)
        return np.asarray(dx, self.dtype)


def _arguments(where: str, x: npt.ArrayLike, mask: npt.ArrayLike | None, gamma: Array) -> tuple[Array, Batch]:
    x = floating(where, "x", x)
    if x.shape[-1:] != gamma.shape:
        raise shape_error(where, "x", x.shape, f"(..., {len(gamma)})", f"gamma.shape is {gamma.shape}")
    return x, rows_of(where, x, mask)


def _for_z_and_r(rows: Array) -> tuple[Array, Array]:
    """Make arrays for the results, in the dtype that they are computed in."""
    dtype = np.result_type(rows, np.float32)
    return np.empty(rows.shape, dtype), np.empty((len(rows), 1), dtype)


def _zeros(param: Array) -> Array:
    """Make an array to sum up the gradient of a param in."""
    return np.zeros(param.shape, np.result_type(param, np.float64))
