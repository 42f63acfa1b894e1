"""Nodes that choose between two inputs, place by place: each place hears back from the input that it shows.

Choosing selects and does not multiply: whatever is not chosen, also NaN and infinity, has no say in anything.
"""

import numpy as np
import numpy.typing as npt

from handgrad.checks import (
    Array,
    Shape,
    Spec,
    booleans,
    expect_broadcastable,
    floating_together,
    ieee,
    sum_to,
    upstream,
)


class Where:
    """Choose by a condition: out = a where it holds, and b elsewhere.

    Shapes
    ------
    a, da : any      b, db : any      condition : booleans      out, dout : the shape to which all three broadcast

    Derivation
    ----------
    Nudge both. Each place moves with the input that it shows; B_a and B_b broadcast, and c is [condition]:

        δout = c ⊙ B_a δa + (1 - c) ⊙ B_b δb

    Take the inner product with dout and free each nudge:

        ⟨dout, δout⟩ = ⟨B_aᵀ (c ⊙ dout), δa⟩ + ⟨B_bᵀ ((1 - c) ⊙ dout), δb⟩

    so that da = B_aᵀ (c ⊙ dout) and db = B_bᵀ ((1 - c) ⊙ dout). The condition is no number and has no gradient.

    Examples
    --------
    >>> where = Where([True, False, False])
    >>> where.forward([1.0, 2.0, 3.0], 0.0)
    array([1., 0., 0.])
    >>> da, db = where.backward([5.0, 7.0, 8.0])
    >>> da
    array([5., 0., 0.])
    >>> db
    array(15.)
    """

    condition: npt.ArrayLike  # booleans
    a: Spec
    b: Spec
    chosen: npt.NDArray[np.bool_]  # the condition as forward used it
    out_shape: Shape

    def __init__(self, condition: npt.ArrayLike) -> None:
        self.condition = booleans("Where", "condition", condition, "a is chosen")

    @ieee
    def forward(self, a: npt.ArrayLike, b: npt.ArrayLike) -> Array:
        """Choose. Raises ValueError if the shapes do not broadcast."""
        a, b = floating_together("Where.forward", a=a, b=b)
        chosen = booleans("Where.forward", "condition", self.condition, "a is chosen")
        expect_broadcastable("Where.forward", condition=chosen, a=a, b=b)
        out = np.where(chosen, a, b)
        self.a, self.b, self.out_shape = Spec(a.shape, a.dtype), Spec(b.shape, b.dtype), out.shape
        self.chosen = chosen
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> tuple[Array, Array]:
        """Return (da, db)."""
        dout = upstream(self, dout)
        da = sum_to(np.where(self.chosen, dout, 0), self.a)
        db = sum_to(np.where(self.chosen, 0, dout), self.b)
        return da, db


class Maximum:
    """Choose the larger of two inputs, element by element: out = max(a, b).

    Shapes
    ------
    a, da : any      b, db : any that broadcasts with a      out, dout : the broadcast shape

    Derivation
    ----------
    Nudge both. Where a > b the output moves along with a, where a < b with b; B_a and B_b broadcast:

        δout = [a > b] ⊙ B_a δa + [a < b] ⊙ B_b δb

    Where a = b there is a kink: the output moves by the larger of the two nudges, which is not linear in them.
    Any two weights that sum to 1 give a subgradient; the even ones favour neither input:

        δout = ([a > b] + ½ [a = b]) ⊙ B_a δa + ([a < b] + ½ [a = b]) ⊙ B_b δb

    Take the inner product with dout and free each nudge:

        ⟨dout, δout⟩ = ⟨B_aᵀ (dout ⊙ ([a > b] + ½ [a = b])), δa⟩ + ⟨B_bᵀ (dout ⊙ ([a < b] + ½ [a = b])), δb⟩

    so that da = B_aᵀ (dout where a > b, half of it where a = b, 0 elsewhere), and db the same with a < b. NaN
    is neither larger nor equal: out is NaN, and neither input hears of it.

    Examples
    --------
    >>> maximum = Maximum()
    >>> maximum.forward([1.0, 5.0, 3.0], 3.0)
    array([3., 5., 3.])
    >>> da, db = maximum.backward([1.0, 1.0, 1.0])
    >>> da
    array([0. , 1. , 0.5])
    >>> db
    array(1.5)
    """

    a: Array
    b: Array
    out_shape: Shape

    @ieee
    def forward(self, a: npt.ArrayLike, b: npt.ArrayLike) -> Array:
        """Compute max(a, b). Raises ValueError if the shapes do not broadcast."""
        a, b = floating_together("Maximum.forward", a=a, b=b)
        expect_broadcastable("Maximum.forward", a=a, b=b)
        out = np.asarray(np.maximum(a, b))
        self.a, self.b, self.out_shape = a, b, out.shape
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> tuple[Array, Array]:
        """Return (da, db)."""
        dout, equal = upstream(self, dout), self.a == self.b
        da = sum_to(_heard(dout, self.a > self.b, equal), self.a)
        db = sum_to(_heard(dout, self.a < self.b, equal), self.b)
        return da, db


class Minimum:
    """Choose the smaller of two inputs, element by element: out = min(a, b).

    Shapes
    ------
    a, da : any      b, db : any that broadcasts with a      out, dout : the broadcast shape

    Derivation
    ----------
    Nudge both. The output moves along with the smaller one; where both are equal it is taken to move along with
    either by half, as in Maximum:

        δout = ([a < b] + ½ [a = b]) ⊙ B_a δa + ([a > b] + ½ [a = b]) ⊙ B_b δb

    Take the inner product with dout and free each nudge:

        ⟨dout, δout⟩ = ⟨B_aᵀ (dout ⊙ ([a < b] + ½ [a = b])), δa⟩ + ⟨B_bᵀ (dout ⊙ ([a > b] + ½ [a = b])), δb⟩

    so that da = B_aᵀ (dout where a < b, half of it where a = b, 0 elsewhere), and db the same with a > b.

    Examples
    --------
    >>> minimum = Minimum()
    >>> minimum.forward([1.0, 5.0, 3.0], 3.0)
    array([1., 3., 3.])
    >>> da, db = minimum.backward([1.0, 1.0, 1.0])
    >>> da
    array([1. , 0. , 0.5])
    >>> db
    array(1.5)
    """

    a: Array
    b: Array
    out_shape: Shape

    @ieee
    def forward(self, a: npt.ArrayLike, b: npt.ArrayLike) -> Array:
        """Compute min(a, b). Raises ValueError if the shapes do not broadcast."""
        a, b = floating_together("Minimum.forward", a=a, b=b)
        expect_broadcastable("Minimum.forward", a=a, b=b)
        out = np.asarray(np.minimum(a, b))
        self.a, self.b, self.out_shape = a, b, out.shape
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> tuple[Array, Array]:
        """Return (da, db)."""
        dout, equal = upstream(self, dout), self.a == self.b
        da = sum_to(_heard(dout, self.a < self.b, equal), self.a)
        db = sum_to(_heard(dout, self.a > self.b, equal), self.b)
        return da, db


def _heard(dout: Array, shown: npt.NDArray[np.bool_], equal: npt.NDArray[np.bool_]) -> Array:
    """Give what an input hears: dout where it is the one shown, half of it where both are equal, and 0 elsewhere."""
    return np.where(shown, dout, np.where(equal, 0.5 * dout, 0))
