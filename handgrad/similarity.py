"""Similarity (類似度): how far vectors point in the same direction, however long they are."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, Shape, Spec, double, expect_broadcastable, ieee, shape_error, sum_to, upstream
from handgrad.numerics import sums
from handgrad.targets import as_rows


class Direction(NamedTuple):
    """A vector x (..., D) as its direction and its length."""

    unit: Array  # (..., D)  x / ‖x‖, or 0 for a vector of zeros
    length: Array  # (..., 1)  ‖x‖ is length 2^exponent: of x itself, the squares may overflow, or vanish
    exponent: npt.NDArray[np.int32]  # (..., 1)

    def over_length(self, array: Array) -> Array:
        """Divide by ‖x‖; for a vector of zeros, the quotient is 0."""
        return np.where(self.length == 0, 0, np.ldexp(array / self.length, -self.exponent))


def direction_of(x: Array) -> Direction:
    """Find the direction of each vector. To multiply by a power of 2 rounds nothing."""
    _, exponent = np.frexp(np.max(np.abs(x), axis=-1, keepdims=True, initial=0))
    scaled = np.ldexp(x, -exponent)
    length = np.sqrt(sums(scaled * scaled))
    return Direction(np.where(length == 0, 0, scaled / length), length, exponent)


class CosineSimilarity:
    """Take the cosine of the angle between two vectors: out = ⟨a, b⟩ / (‖a‖ ‖b‖).

    Shapes
    ------
    a, da : (..., D)      b, db : (..., D)      out, dout : (...), to which all axes but the last broadcast

    Derivation
    ----------
    With â = a / ‖a‖ and b̂ = b / ‖b‖, out = ⟨â, b̂⟩. Nudge a. From ‖a‖² = ⟨a, a⟩ it follows that δ‖a‖ = ⟨â, δa⟩, and by
    the quotient rule

        δâ = (δa - â ⟨â, δa⟩) / ‖a‖

    as a vector of length 1 moves across its own direction alone. With b̂ at rest, out moves by

        ⟨b̂, δâ⟩ = (⟨b̂, δa⟩ - ⟨b̂, â⟩ ⟨â, δa⟩) / ‖a‖ = ⟨b̂ - out â, δa⟩ / ‖a‖

    and just so where b moves. Take the product with dout and add up what belongs to one vector, of which broadcasting
    (B_a, B_b) may have made copies:

        ⟨dout, δout⟩ = ⟨B_aᵀ (dout (b̂ - out â)) / ‖a‖, δa⟩ + ⟨B_bᵀ (dout (â - out b̂)) / ‖b‖, δb⟩

    so that da = B_aᵀ (dout (b̂ - out â)) / ‖a‖ and db = B_bᵀ (dout (â - out b̂)) / ‖b‖.

    A vector of zeros has no direction: with it, out is 0, and so are its gradient and that of the other. Lengths are
    never multiplied or squared as they are, so that nothing overflows or vanishes on the way.

    Examples
    --------
    >>> similarity = CosineSimilarity()
    >>> similarity.forward([3.0, 4.0], [[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]])
    array([0.6, 0.8, 0. ])
    >>> da, db = similarity.backward([1.0, 0.0, 0.0])
    >>> da.round(4)
    array([ 0.128, -0.096])
    >>> db.round(4)
    array([[0. , 0.8],
           [0. , 0. ],
           [0. , 0. ]])
    """

    a: Spec
    b: Spec
    directions: tuple[Direction, Direction]
    y: Array  # (..., 1)  out, in float64 at least
    out_shape: Shape

    @ieee
    def forward(self, a: npt.ArrayLike, b: npt.ArrayLike) -> Array:
        """Compute the cosine. Raises ValueError for shapes that do not fit."""
        a, b = _vectors("CosineSimilarity.forward", a, b)
        of_a, of_b = direction_of(double(a)), direction_of(double(b))
        # out = ⟨â, b̂⟩
        y = sums(of_a.unit * of_b.unit)
        self.a, self.b, self.directions = Spec(a.shape, a.dtype), Spec(b.shape, b.dtype), (of_a, of_b)
        self.y, self.out_shape = y, y.shape[:-1]
        return np.array(y[..., 0], np.result_type(a, b))

    @ieee
    def backward(self, dout: npt.ArrayLike) -> tuple[Array, Array]:
        """Return (da, db)."""
        dout = upstream(self, dout)[..., np.newaxis]
        of_a, of_b = self.directions
        # da = B_aᵀ (dout (b̂ - out â)) / ‖a‖, and db the same with a and b exchanged
        da = of_a.over_length(sum_to(dout * (of_b.unit - self.y * of_a.unit), of_a.unit))
        db = of_b.over_length(sum_to(dout * (of_a.unit - self.y * of_b.unit), of_b.unit))
        return np.asarray(da, self.a.dtype), np.asarray(db, self.b.dtype)


def _vectors(where: str, a: npt.ArrayLike, b: npt.ArrayLike) -> tuple[Array, Array]:
    a, b = as_rows(where, "a", a), as_rows(where, "b", b)
    if b.shape[-1] != a.shape[-1]:
        raise shape_error(where, "b", b.shape, f"(..., {a.shape[-1]})", f"a.shape is {a.shape}")
    expect_broadcastable(where, a=a, b=b)
    return a, b
