"""Arithmetic (四則演算) of two inputs, element by element: the nodes of every computational graph.

The inputs broadcast like NumPy's. One that was broadcast is used in many places, and its gradient is the sum over all
of them.
"""

import numpy as np
import numpy.typing as npt

from handgrad.checks import (
    Array,
    Shape,
    Spec,
    double,
    expect_broadcastable,
    floating_together,
    ieee,
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
        expect_broadcastable("Add.forward", a=a, b=b)
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


class Subtract:
    """Subtract an input from another: out = a - b.

    Shapes
    ------
    a, da : any      b, db : any that broadcasts with a      out, dout : the broadcast shape

    Derivation
    ----------
    Nudge both. The output moves along with a and against b,

        δout = B_a δa - B_b δb

    Take the inner product with dout and free each nudge; to copy (B) transposed is to sum (Bᵀ):

        ⟨dout, δout⟩ = ⟨B_aᵀ dout, δa⟩ + ⟨-B_bᵀ dout, δb⟩

    so that da = B_aᵀ dout and db = -B_bᵀ dout: dout, summed back to the shape of each input, for b with a minus.

    Examples
    --------
    >>> subtract = Subtract()
    >>> subtract.forward([[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0])
    array([[0., 1.],
           [2., 3.]])
    >>> da, db = subtract.backward([[1.0, 2.0], [3.0, 4.0]])
    >>> db
    array([-4., -6.])
    """

    a: Spec
    b: Spec
    out_shape: Shape

    @ieee
    def forward(self, a: npt.ArrayLike, b: npt.ArrayLike) -> Array:
        """Compute a - b. Raises ValueError if the shapes do not broadcast."""
        a, b = floating_together("Subtract.forward", a=a, b=b)
        expect_broadcastable("Subtract.forward", a=a, b=b)
        out = np.asarray(a - b)
        self.a, self.b, self.out_shape = Spec(a.shape, a.dtype), Spec(b.shape, b.dtype), out.shape
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> tuple[Array, Array]:
        """Return (da, db)."""
        dout = upstream(self, dout)
        da = sum_to(dout, self.a)
        db = sum_to(-dout, self.b)
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
        expect_broadcastable("Multiply.forward", a=a, b=b)
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


class Divide:
    """Divide an input by another, element by element: out = a / b.

    Shapes
    ------
    a, da : any      b, db : any that broadcasts with a      out, dout : the broadcast shape

    Derivation
    ----------
    Nudge both. From out ⊙ b = a follows δout ⊙ b + out ⊙ B_b δb = B_a δa, where B_a and B_b broadcast, and so

        δout = (B_a δa - out ⊙ B_b δb) / b

    Take the inner product with dout and free each nudge; a factor moves across by ⟨A, C ⊙ D⟩ = ⟨A ⊙ C, D⟩:

        ⟨dout, δout⟩ = ⟨B_aᵀ (dout / b), δa⟩ + ⟨-B_bᵀ (dout / b ⊙ out), δb⟩

    so that da = B_aᵀ (dout / b) and db = -B_bᵀ (dout / b ⊙ out): where a is 1, db is -dout / b², as of Reciprocal.

    Division by 0 follows IEEE 754: out is ±inf, or NaN for 0 / 0, and da is dout / 0.

    Examples
    --------
    >>> divide = Divide()
    >>> divide.forward([6.0, 1.0], [2.0, 4.0])
    array([3.  , 0.25])
    >>> divide.backward([1.0, 1.0])
    (array([0.5 , 0.25]), array([-1.5   , -0.0625]))
    """

    a: Array
    b: Array
    out_shape: Shape

    @ieee
    def forward(self, a: npt.ArrayLike, b: npt.ArrayLike) -> Array:
        """Compute a / b. Raises ValueError if the shapes do not broadcast."""
        a, b = floating_together("Divide.forward", a=a, b=b)
        expect_broadcastable("Divide.forward", a=a, b=b)
        out = np.asarray(a / b)
        self.a, self.b, self.out_shape = a, b, out.shape
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> tuple[Array, Array]:
        """Return (da, db)."""
        dout, b = double(upstream(self, dout)), double(self.b)
        out = self.a / b  # once more, since in float64 it is closer than what forward rounded
        quotient = dout / b
        da = sum_to(quotient, self.a)
        db = sum_to(-quotient * out, self.b)
        return da, db
