"""The affine map (アフィン変換): a matrix product and a bias, over the last axis."""

import math

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, Shape, floating, ieee, long_sum, shape_error, upstream, wide


class Affine:
    """Multiply by a matrix and add a bias: out = x W + b.

    Shapes
    ------
    x, dx : (..., D)      W, dW : (D, M)      b, db : (M,)      out, dout : (..., M)

    Derivation
    ----------
    Nudge all three. By the product rule, and because b is added to every row (1 is a column of ones),

        δout = δx W + x δW + 1 δb

    Take the inner product with dout and free each nudge with ⟨A, B C⟩ = ⟨A Cᵀ, B⟩ = ⟨Bᵀ A, C⟩:

        ⟨dout, δout⟩ = ⟨dout Wᵀ, δx⟩ + ⟨xᵀ dout, δW⟩ + ⟨1ᵀ dout, δb⟩

    so that dx = dout Wᵀ, dW = xᵀ dout, db = 1ᵀ dout: the bias meets every row, so it hears from every row.

    Examples
    --------
    >>> affine = Affine(W=[[1.0, 2.0], [3.0, 4.0]], b=[10.0, 20.0])
    >>> affine.forward([1.0, 1.0])
    array([14., 26.])
    >>> affine.backward([1.0, 0.0])
    array([1., 3.])
    >>> affine.dW
    array([[1., 0.],
           [1., 0.]])
    >>> affine.db
    array([1., 0.])
    """

    params = ("W", "b")

    W: Array  # (D, M)
    b: Array  # (M,)
    x: Array  # (..., D)  remembered by forward, with W and b as it used them
    used: tuple[Array, Array]
    dW: Array  # (D, M)   left by backward
    db: Array  # (M,)
    out_shape: Shape

    def __init__(self, W: npt.ArrayLike, b: npt.ArrayLike) -> None:
        self.W, self.b = _params("Affine", W, b)

    @ieee
    def forward(self, x: npt.ArrayLike) -> Array:
        """Compute x W + b. Raises ValueError if the last axis of x does not fit W."""
        x = floating("Affine.forward", "x", x)
        W, b = _params("Affine.forward", self.W, self.b)
        if x.shape[-1:] != W.shape[:1]:
            raise shape_error("Affine.forward", "x", x.shape, f"(..., {len(W)})", f"W.shape is {W.shape}")
        out = np.dot(_rows(wide(x)), wide(W)) + wide(b)
        self.x, self.used, self.out_shape = x, (W, b), (*x.shape[:-1], *b.shape)
        return np.asarray(out, np.result_type(x, W, b)).reshape(self.out_shape)

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx, and leave dW and db: the gradients at W and b as forward used them."""
        dout = _rows(upstream(self, dout))
        W, b = self.used
        dx = np.dot(dout, W.T)
        dW = np.dot(_rows(self.x).T, dout)  # and not @, which is slow at a column times a row, as of a single sample
        db = long_sum(dout, 0)
        self.dW, self.db = np.asarray(dW, W.dtype), np.asarray(db, b.dtype)
        return np.asarray(dx, self.x.dtype).reshape(self.x.shape)


def _params(where: str, W: npt.ArrayLike, b: npt.ArrayLike) -> tuple[Array, Array]:
    W, b = floating(where, "W", W), floating(where, "b", b)
    if W.ndim != 2:
        raise shape_error(where, "W", W.shape, "(D, M)", "it maps D numbers to M")
    if b.shape != W.shape[1:]:
        raise shape_error(where, "b", b.shape, W.shape[1:], f"W.shape is {W.shape}")
    return W, b


def _rows(array: Array) -> Array:
    """Give (..., D) as a matrix whose rows are the last axis. A single sample is one row."""
    return array if array.ndim == 2 else array.reshape(math.prod(array.shape[:-1]), array.shape[-1])
