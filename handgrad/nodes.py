"""The nodes of a computational graph (計算グラフ): the pieces that every layer can be put together from.

Nodes with two inputs broadcast like NumPy. An input that was broadcast is used in many places, and its gradient
is the sum over all of them.
"""

import numpy as np
import numpy.typing as npt

from handgrad.checks import (
    Array,
    Shape,
    Spec,
    double,
    floating,
    floating_together,
    ieee,
    remembered,
    shape_error,
    sum_to,
    upstream,
)


class Add:
    """Add two inputs: out = a + b.

    Shapes
    ------
    a, da : any      b, db : any that broadcasts with a      out, dout : the broadcast shape

    Derivation
    ----------
    Nudge both. The output moves by the sum of the nudges, each broadcast like its input (by B_a, by B_b),

        δout = B_a δa + B_b δb

    Take the inner product with dout and free each nudge; to copy (B) transposed is to sum (Bᵀ):

        ⟨dout, δout⟩ = ⟨B_aᵀ dout, δa⟩ + ⟨B_bᵀ dout, δb⟩

    so that da = B_aᵀ dout and db = B_bᵀ dout: dout, summed back to the shape of each input.

    Examples
    --------
    >>> add = Add()
    >>> add.forward([[1.0, 2.0], [3.0, 4.0]], [10.0, 20.0])
    array([[11., 22.],
           [13., 24.]])
    >>> da, db = add.backward([[1.0, 2.0], [3.0, 4.0]])
    >>> db
    array([4., 6.])
    """

    a: Spec
    b: Spec
    out_shape: Shape

    @ieee
    def forward(self, a: npt.ArrayLike, b: npt.ArrayLike) -> Array:
        """Compute a + b. Raises ValueError if the shapes do not broadcast."""
        a, b = floating_together("Add.forward", a=a, b=b)
        _expect_broadcastable("Add.forward", a, b)
        out = np.asarray(a + b)
        self.a, self.b, self.out_shape = Spec(a.shape, a.dtype), Spec(b.shape, b.dtype), out.shape
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> tuple[Array, Array]:
        """Return (da, db)."""
        dout = upstream(self, dout)
        da = sum_to(dout, self.a)
        db = sum_to(dout, self.b)
        return da, db


class Multiply:
    """Multiply two inputs, element by element: out = a ⊙ b.

    Shapes
    ------
    a, da : any      b, db : any that broadcasts with a      out, dout : the broadcast shape

    Derivation
    ----------
    Nudge both. By the product rule, where B_a and B_b broadcast like a and b,

        δout = b ⊙ B_a δa + a ⊙ B_b δb

    Take the inner product with dout and free each nudge; a factor moves across by ⟨A, C ⊙ D⟩ = ⟨A ⊙ C, D⟩:

        ⟨dout, δout⟩ = ⟨B_aᵀ (dout ⊙ b), δa⟩ + ⟨B_bᵀ (dout ⊙ a), δb⟩

    so that da = B_aᵀ (dout ⊙ b) and db = B_bᵀ (dout ⊙ a): each input hears dout times the other input.

    Examples
    --------
    >>> multiply = Multiply()
    >>> multiply.forward([2.0, 3.0], [5.0, 7.0])
    array([10., 21.])
    >>> multiply.backward([1.0, 1.0])
    (array([5., 7.]), array([2., 3.]))
    """

    a: Array
    b: Array
    out_shape: Shape

    @ieee
    def forward(self, a: npt.ArrayLike, b: npt.ArrayLike) -> Array:
        """Compute a ⊙ b. Raises ValueError if the shapes do not broadcast."""
        a, b = floating_together("Multiply.forward", a=a, b=b)
        _expect_broadcastable("Multiply.forward", a, b)
        out = np.asarray(a * b)
        self.a, self.b, self.out_shape = a, b, out.shape
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> tuple[Array, Array]:
        """Return (da, db)."""
        dout = double(upstream(self, dout))
        da = sum_to(dout * self.b, self.a)
        db = sum_to(dout * self.a, self.b)
        return da, db


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
        # rounded once, from float64: in float32, NumPy's exponential is off by up to 2.5 units in the last place
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


def _expect_broadcastable(where: str, a: Array, b: Array, matrix_axes: int = 0) -> None:
    """Check that the axes before the last `matrix_axes` broadcast."""
    leading = [array.shape[: max(array.ndim - matrix_axes, 0)] for array in (a, b)]
    try:
        np.broadcast_shapes(*leading)
    except ValueError:
        expected = f"leading axes that broadcast with {leading[0]}" if matrix_axes else "axes that broadcast"
        raise shape_error(where, "b", b.shape, expected, f"a.shape is {a.shape}") from None


def _expect_multipliable(where: str, a: Array, b: Array) -> None:
    if a.ndim == 0:
        raise shape_error(where, "a", a.shape, "(..., N, D) or (D,)", "a single number is no matrix")
    inner = a.shape[-1]
    # the last axis of b but one, or a vector's only one
    if b.ndim == 0 or b.shape[-2:][0] != inner:
        raise shape_error(where, "b", b.shape, f"(..., {inner}, M) or ({inner},)", f"a.shape is {a.shape}")
    _expect_broadcastable(where, a, b, matrix_axes=2)
