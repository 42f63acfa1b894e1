"""The matrix product (行列の積), a node of the graph by itself: with a bias it is the affine map."""

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, Shape, floating_together, ieee, shape_error, sum_to, upstream


class MatMul:
    """Multiply two matrices: out = a b.

    Shapes
    ------
    a, da : (..., N, D) or (D,)      b, db : (..., D, M) or (D,)      out, dout : (..., N, M)

    Leading axes broadcast. A vector a is a single row and a vector b a single column; out lacks that axis.

    Derivation
    ----------
    Nudge both. By the product rule,

        δout = δa b + a δb

    Take the inner product with dout and free each nudge with ⟨A, B C⟩ = ⟨A Cᵀ, B⟩ = ⟨Bᵀ A, C⟩:

        ⟨dout, δout⟩ = ⟨dout bᵀ, δa⟩ + ⟨aᵀ dout, δb⟩

    so that da = dout bᵀ and db = aᵀ dout, each summed over the leading axes along which its
    input was broadcast.

    Examples
    --------
    >>> matmul = MatMul()
    >>> matmul.forward([[1.0, 2.0]], [[3.0], [4.0]])
    array([[11.]])
    >>> da, db = matmul.backward([[1.0]])
    >>> da
    array([[3., 4.]])
    >>> db
    array([[1.],
           [2.]])
    """

    a: Array
    b: Array
    out_shape: Shape

    @ieee
    def forward(self, a: npt.ArrayLike, b: npt.ArrayLike) -> Array:
        """Compute a b. Raises ValueError if the matrices do not fit."""
        a, b = floating_together("MatMul.forward", a=a, b=b)
        _expect_multipliable("MatMul.forward", a, b)
        out = np.asarray(np.matmul(a, b))
        self.a, self.b, self.out_shape = a, b, out.shape
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> tuple[Array, Array]:
        """Return (da, db)."""
        dout = upstream(self, dout)
        a = self.a if self.a.ndim > 1 else self.a[np.newaxis, :]
        b = self.b if self.b.ndim > 1 else self.b[:, np.newaxis]
        dout = dout if self.b.ndim > 1 else dout[..., np.newaxis]
        dout = dout if self.a.ndim > 1 else dout[..., np.newaxis, :]
        da = sum_to(dout @ b.mT, a)
        db = sum_to(a.mT @ dout, b)
        return da.reshape(self.a.shape), db.reshape(self.b.shape)


def _expect_multipliable(where: str, a: Array, b: Array) -> None:
    if a.ndim == 0:
        raise shape_error(where, "a", a.shape, "(..., N, D) or (D,)", "a single number is no matrix")
    inner = a.shape[-1]
    # the last axis of b but one, or a vector's only one
    if b.ndim == 0 or b.shape[-2:][0] != inner:
        raise shape_error(where, "b", b.shape, f"(..., {inner}, M) or ({inner},)", f"a.shape is {a.shape}")
    leading_a, leading_b = a.shape[:-2], b.shape[:-2]
    try:
        np.broadcast_shapes(leading_a, leading_b)
    except ValueError:
        expected = f"leading axes that broadcast with {leading_a}"
        raise shape_error(where, "b", b.shape, expected, f"a.shape is {a.shape}") from None
