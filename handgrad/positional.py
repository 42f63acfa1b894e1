"""Positional encoding (位置エンコーディング): what tells the places of a sequence apart."""

from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, Shape, above_0, broadcast_to, double, floating, ieee, shape_error, upstream
from handgrad.indices import Indices, integers


class PositionalEncoding:
    """Add waves that tell places apart: out = x + P, where P_{t,2i} = sin(t / base^(2i/D)) and P_{t,2i+1} its cosine.

    Shapes
    ------
    x, dx, out, dout : (..., T, D)      positions : integers t that broadcast to (..., T); 0, 1, ... unless given

    Sine and cosine of a wave stand side by side, as in the paper; other programs have all sines before all cosines.
    Where D is odd, the last wave has no cosine.

    Derivation
    ----------
    Nudge x. The encoding stays as it is,

        δout = δx

    Take the inner product with dout; the nudge is free already:

        ⟨dout, δout⟩ = ⟨dout, δx⟩

    so that dx = dout. A position is a whole number and has no gradient.

    Waves are computed in float64, and the sum is rounded once: float16 has no 2049, and the nearest float32 to an
    angle of a million may be 1/32 away.

    Examples
    --------
    >>> encoding = PositionalEncoding()
    >>> encoding.forward([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    array([[0.        , 1.        , 0.        ],
           [1.84147098, 1.54030231, 1.00215443]])
    >>> encoding.backward([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    array([[1., 2., 3.],
           [4., 5., 6.]])

    References
    ----------
    Vaswani et al., Attention Is All You Need (2017), section 3.5
    """

    base: float
    dtype: np.dtype[Any]
    out_shape: Shape

    def __init__(self, base: float = 10_000.0) -> None:
        self.base = above_0("PositionalEncoding", "base", base, "it divides")

    @ieee
    def forward(self, x: npt.ArrayLike, positions: npt.ArrayLike | None = None) -> Array:
        """Compute x + P. Raises ValueError and TypeError for positions that do not fit x."""
        x, base = _sequence(x), above_0("PositionalEncoding.forward", "base", self.base, "it divides")
        positions = _positions(x, positions)
        # out = x + P
        out = double(x) + _waves(positions, x.shape[-1], base)
        self.dtype, self.out_shape = x.dtype, x.shape
        return np.asarray(out, x.dtype)

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout = upstream(self, dout)
        return np.array(dout, self.dtype)


def _waves(positions: Indices, columns: int, base: float) -> Array:
    """Compute P_td = sin(t / base^(2i/D)) for d = 2i, and the cosine for d = 2i + 1."""
    frequencies = base ** (-np.arange(0, columns, 2) / columns)
    angles = positions[..., np.newaxis] * frequencies
    P = np.empty((*positions.shape, columns))
    P[..., 0::2] = np.sin(angles)
    P[..., 1::2] = np.cos(angles[..., : columns // 2])
    return P


def _sequence(x: npt.ArrayLike) -> Array:
    x = floating("PositionalEncoding.forward", "x", x)
    if x.ndim < 2:
        raise shape_error("PositionalEncoding.forward", "x", x.shape, "(..., T, D)", "each of T places has D numbers")
    return x


def _positions(x: Array, positions: npt.ArrayLike | None) -> Indices:
    where, places = "PositionalEncoding.forward", x.shape[:-1]
    if positions is None:
        return np.arange(places[-1])
    given = integers(where, "positions", positions)
    broadcast_to(where, "positions", given, places, f"x.shape is {x.shape}")
    return given
