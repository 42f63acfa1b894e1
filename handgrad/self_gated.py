"""Self-gated activation functions: a number opens the gate that it goes through, out = x g(x)."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, Shape, double, floating, ieee, upstream, wide
from handgrad.normal import normal
from handgrad.numerics import blocks


class HardSwish:
    """Approximate Silu by a gate of three straight pieces: out = x ⊙ gate, gate = min(max((x + 3) / 6, 0), 1).

    Shapes
    ------
    x, dx, out, dout : any

    Derivation
    ----------
    Nudge x. Left of -3 the gate is shut and nothing moves; right of 3 it is open and the output moves along; between
    them the gate moves, too, by the sixth part of the nudge, and by the product rule

        δout = (gate + x / 6) ⊙ δx = (2x + 3) / 6 ⊙ δx

    Take the inner product with dout and free the nudge; with slope as 0, (2x + 3) / 6 and 1 on the three pieces,

        ⟨dout, δout⟩ = ⟨dout ⊙ slope, δx⟩

    so that dx = dout ⊙ slope. At the kinks this takes the outer slopes: 0 at -3 (the other is -½) and 1 at 3 (the
    other is 1½).

    Examples
    --------
    >>> swish = HardSwish()
    >>> swish.forward([-3.0, -1.0, 0.0, 3.0])
    array([-0.        , -0.33333333,  0.        ,  3.        ])
    >>> swish.backward([1.0, 1.0, 1.0, 1.0])
    array([0.        , 0.16666667, 0.5       , 1.        ])
    """

    x: Array  # any shape
    out_shape: Shape

    @ieee
    def forward(self, x: npt.ArrayLike) -> Array:
        """Compute x times its gate. At -inf that is 0; NaN stays NaN."""
        x = floating("HardSwish.forward", "x", x)
        self.x, self.out_shape = x, x.shape
        gate = (wide(x) + 3).clip(0, 6) / 6
        out = np.maximum(x, -3) * gate  # left of -3 the gate is shut, and -inf times 0 would be NaN
        return np.asarray(out, x.dtype)

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout = upstream(self, dout)
        x = wide(self.x)
        slope = np.where(x <= -3, 0, np.where(x >= 3, 1, (2 * x + 3) / 6))
        return np.asarray(dout * slope, self.x.dtype)


class Silu:
    """Let a number open its own gate: out = x σ(x), also called swish.

    Shapes
    ------
    x, dx, out, dout : any

    Derivation
    ----------
    Nudge x. It moves the output by itself and by the gate, whose slope is σ(x) (1 - σ(x)) = σ(x) σ(-x); by the
    product rule

        δout = (σ(x) + x ⊙ σ(x) ⊙ σ(-x)) ⊙ δx

    Take the inner product with dout and free the nudge:

        ⟨dout, δout⟩ = ⟨dout ⊙ (σ(x) + x ⊙ σ(x) ⊙ σ(-x)), δx⟩

    so that dx = dout ⊙ (σ(x) + x ⊙ σ(x) ⊙ σ(-x)). At -inf, the gate is shut: out and dx are 0. At inf, it is open:
    out is inf, and dx is dout.

    Examples
    --------
    >>> silu = Silu()
    >>> silu.forward([-np.inf, 0.0, 2.0])
    array([-0.        ,  0.        ,  1.76159416])
    >>> silu.backward([1.0, 1.0, 1.0])
    array([0.        , 0.5       , 1.09078425])
    """

    slope: Array  # any shape: that of out at x
    dtype: np.dtype[Any]
    out_shape: Shape

    def forward(self, x: npt.ArrayLike) -> Array:
        """Compute x σ(x)."""
        x = floating("Silu.forward", "x", x)
        out, self.slope = _times_gate(x, _sigmoid)
        self.dtype, self.out_shape = x.dtype, x.shape
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout = upstream(self, dout)
        dx = dout * self.slope
        return np.asarray(dx, self.dtype)


class Gelu:
    """Weight a number by the probability that a normal one is below it: out = x Φ(x).

    With approximate="tanh", Φ(x) is ½ (1 + tanh(u)), where u = √(2/π) (x + 0.044715 x³).

    Shapes
    ------
    x, dx, out, dout : any

    Derivation
    ----------
    Nudge x. It moves the output by itself and by the gate Φ, whose slope is the density φ(x) = exp(-x²/2) / √(2π); by
    the product rule

        δout = (Φ(x) + x ⊙ φ(x)) ⊙ δx

    Take the inner product with dout and free the nudge:

        ⟨dout, δout⟩ = ⟨dout ⊙ (Φ(x) + x ⊙ φ(x)), δx⟩

    so that dx = dout ⊙ (Φ(x) + x ⊙ φ(x)). Approximately, since ½ (1 + tanh(u)) = 1 / (1 + exp(-2u)) = σ(2u), which
    has all of its digits in the left tail,

        Φ(x) = σ(2u)      φ(x) = σ(2u) ⊙ σ(-2u) ⊙ 2 √(2/π) (1 + 3 · 0.044715 x²)

    The two differ by up to 5e-4: PyTorch and Keras compute the exact one unless they are told otherwise, JAX the
    other. At -inf, the gate is shut: out and dx are 0. At inf, it is open: out is inf, and dx is dout.

    Examples
    --------
    >>> gelu = Gelu()
    >>> gelu.forward([-np.inf, -1.0, 0.0, 2.0])
    array([-0.        , -0.15865525,  0.        ,  1.95449974])
    >>> gelu.backward([1.0, 1.0, 1.0, 1.0])
    array([ 0.        , -0.08331547,  0.5       ,  1.0852318 ])
    >>> Gelu(approximate="tanh").forward([-1.0, 2.0])
    array([-0.15880801,  1.95459769])

    References
    ----------
    Hendrycks and Gimpel, Gaussian Error Linear Units (2016)
    """

    approximate: str
    slope: Array  # any shape: that of out at x
    dtype: np.dtype[Any]
    out_shape: Shape

    def __init__(self, approximate: str = "none") -> None:
        if approximate not in GATES:
            raise ValueError(f"Gelu: approximate is {approximate!r}; expected {' or '.join(map(repr, GATES))}")
        self.approximate = approximate

    def forward(self, x: npt.ArrayLike) -> Array:
        """Compute x Φ(x)."""
        x = floating("Gelu.forward", "x", x)
        out, self.slope = _times_gate(x, GATES[self.approximate])
        self.dtype, self.out_shape = x.dtype, x.shape
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout = upstream(self, dout)
        dx = dout * self.slope
        return np.asarray(dx, self.dtype)


Gate = Callable[[Array], tuple[Array, Array]]

FAR = 1000.0  # beyond ±FAR, each of the gates is exactly 0 or 1


@ieee
def _times_gate(x: Array, gate: Gate) -> tuple[Array, Array]:
    """Compute x g(x) and its slope g(x) + x g'(x), of a gate that gives g and g'.

    It is done in float64, block by block, and rounded once at the end. Infinity is held at ±FAR where it meets a
    factor of 0, since their product would be NaN.
    """
    numbers = x.reshape(-1)
    out, slope = np.empty(x.size, x.dtype), np.empty(x.size, wide(x).dtype)
    for block in blocks(numbers):
        near = double(numbers[block]).clip(-FAR, FAR)
        opened, opens = gate(near)
        out[block] = np.maximum(numbers[block], -FAR) * opened
        slope[block] = opened + near * opens
    return out.reshape(x.shape), slope.reshape(x.shape)


def _sigmoid(x: Array) -> tuple[Array, Array]:
    """Compute σ(x) and its slope σ(x) σ(-x), of one exponential that cannot overflow."""
    e = np.exp(-np.abs(x))
    # σ(-|x|) = exp(-|x|) / (1 + exp(-|x|)), and σ(|x|) = 1 - σ(-|x|)
    tail = e / (1 + e)
    # σ = 1 - tail where x > 0, and tail elsewhere
    return np.abs((x > 0) - tail), tail * (1 - tail)


def _normal_by_tanh(x: Array) -> tuple[Array, Array]:
    """Compute what approximates Φ(x) and φ(x)."""
    # Φ(x) = σ(2u), where 2u = 2 √(2/π) (x + 0.044715 x³)
    cdf, slope = _sigmoid(2 * np.sqrt(2 / np.pi) * (x + 0.044715 * x * x * x))
    return cdf, slope * (2 * np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * x * x))


GATES: dict[str, Gate] = {"none": normal, "tanh": _normal_by_tanh}
