"""Rotary positions: pairs of numbers are turned by angles that grow with the place, so that scores tell distances."""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from handgrad.checks import (
    Array,
    Shape,
    above_0,
    broadcast_to,
    double,
    floating,
    ieee,
    shape_error,
    upstream,
)

Pairing = Literal["half", "interleaved"]


class Rope:
    """Turn each pair of numbers by an angle: out_a = a cos θ - b sin θ, out_b = a sin θ + b cos θ.

    Shapes
    ------
    x, dx, out, dout : (..., T, D), D even      positions : numbers p that broadcast to (..., T)

    Positions are 0, 1, ... unless they are given. Pair i of the D / 2 in a row at position p is turned by the angle
    θ = p / base^(2i/D). There are two conventions of what a pair is, and weights that were trained with one are wrong
    with the other: "half" has x_i and x_{i+D/2}, "interleaved" has x_{2i} and x_{2i+1}. The first of a pair is called
    a, the second b.

    Derivation
    ----------
    Nudge x. Angles stay as they are, so that nudges are turned as the numbers are,

        δout_a = cos θ δa - sin θ δb        δout_b = sin θ δa + cos θ δb

    Take the inner product with dout, whose numbers for the pair are da' and db', and collect what belongs to a nudge:

        ⟨dout, δout⟩ = Σ (da' cos θ + db' sin θ) δa + (db' cos θ - da' sin θ) δb

    so that dx is dout, each pair turned by -θ: da = da' cos θ + db' sin θ, db = db' cos θ - da' sin θ. To transpose a
    rotation is to turn it back. Positions have no gradient.

    Lengths stay as they are, and the inner product of a query that was turned by p θ and a key that was turned by
    p' θ depends on the distance p - p' alone: only the difference of two angles can be seen.

    All is computed in float64 and rounded once: float16 has no 2049, and the nearest float32 to an angle of a million
    may be 1/32 away.

    Examples
    --------
    >>> rope = Rope("interleaved")
    >>> rope.forward([[3.0, 4.0], [3.0, 4.0]]).round(3)
    array([[ 3.   ,  4.   ],
           [-1.745,  4.686]])
    >>> rope.backward([[1.0, 0.0], [1.0, 0.0]]).round(3)
    array([[ 1.   ,  0.   ],
           [ 0.54 , -0.841]])

    References
    ----------
    Su et al., RoFormer: Enhanced Transformer with Rotary Position Embedding (2021); its pairs are interleaved
    """

    pairing: Pairing
    base: float
    used: Pairing  # the pairing as forward used it
    cos: Array  # (..., T, D / 2)
    sin: Array  # (..., T, D / 2)
    dtype: np.dtype[Any]
    out_shape: Shape

    def __init__(self, pairing: Pairing, base: float = 10_000.0) -> None:
        self.pairing, self.base = _pairing("Rope", pairing), above_0("Rope", "base", base, "it divides")

    @ieee
    def forward(self, x: npt.ArrayLike, positions: npt.ArrayLike | None = None) -> Array:
        """Turn x. Raises ValueError and TypeError for positions that do not fit it, or rows without pairs."""
        x, pairing = _rows_of_pairs(x), _pairing("Rope.forward", self.pairing)
        # θ = p / base^(2i/D)
        D = x.shape[-1]
        frequencies = above_0("Rope.forward", "base", self.base, "it divides") ** (-np.arange(0, D, 2) / D)
        angles = _positions(x, positions)[..., np.newaxis] * frequencies
        cos, sin = np.cos(angles), np.sin(angles)
        out = _turned(x, cos, sin, pairing, x.dtype)
        self.used, self.cos, self.sin, self.dtype, self.out_shape = pairing, cos, sin, x.dtype, x.shape
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout = upstream(self, dout)
        # turned by -θ, whose cosine is that of θ
        return _turned(dout, self.cos, -self.sin, self.used, self.dtype)


def _turned(x: Array, cos: Array, sin: Array, pairing: Pairing, dtype: np.dtype[Any]) -> Array:
    (a, b), out = _pairs(x, pairing), np.empty(x.shape, dtype)
    out_a, out_b = _pairs(out, pairing)
    out_a[...] = a * cos - b * sin
    out_b[...] = a * sin + b * cos
    return out


def _pairs(x: Array, pairing: Pairing) -> tuple[Array, Array]:
    """Give views of the first numbers of all pairs, and of the second."""
    half = x.shape[-1] // 2
    return (x[..., :half], x[..., half:]) if pairing == "half" else (x[..., 0::2], x[..., 1::2])


def _rows_of_pairs(x: npt.ArrayLike) -> Array:
    x = floating("Rope.forward", "x", x)
    if x.ndim < 2 or x.shape[-1] % 2:
        raise shape_error("Rope.forward", "x", x.shape, "(..., T, D) with an even D", "rows are cut into pairs")
    return x


def _positions(x: Array, positions: npt.ArrayLike | None) -> Array:
    if positions is None:
        return np.arange(x.shape[-2], dtype=np.float64)
    given = floating("Rope.forward", "positions", positions)
    broadcast_to("Rope.forward", "positions", given, x.shape[:-1], f"x.shape is {x.shape}")
    return double(given)


def _pairing(where: str, pairing: Pairing) -> Pairing:
    if pairing not in ("half", "interleaved"):
        raise ValueError(f"{where}: pairing is {pairing!r}; expected 'half' or 'interleaved', as both are in use")
    return pairing
