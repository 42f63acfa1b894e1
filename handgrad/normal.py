"""The normal distribution: its density φ, and Φ, the area under φ up to x. NumPy has no erf to make it of.

    φ(x) = exp(-x²/2) / √(2π)      Φ(x) = ½ erfc(-x / √2)

In the left tail, Φ is as small as φ, and ½ + ½ erf(x / √2) has no digits left for it. So the exponential is taken out
as a factor. For x ≥ 0,

    Φ(-x) = exp(-x²/2) M(x)      Φ(x) = 1 - Φ(-x)

What is left, M = Φ(-x) / (φ(x) √(2π)), is Mills' ratio but for √(2π). It falls smoothly from ½, in the end like
1 / (x √(2π)), and a quotient of polynomials P / Q, of the degrees 9 and 10, follows it to 1e-16 of it, as far as
x = 40, where exp(-x²/2) has long been 0. It is the one that equals M at 20 points, those where s = 4 / (4 + x) is at
the Chebyshev points of its interval, from 4 / 44 to 1. These are 20 linear equations for the coefficients, Q's first
being 1; they were solved with mpmath. All came out positive, so that nothing cancels in P or in Q.

The exponential needs more of x² than float64 has: where x²/2 is 700, half a unit in its last place is 6e-14 of
exp(-x²/2). With h, which is x rounded to float32, h² is exact, and the rest is small:

    x² = h² + (x - h) (x + h)

Φ is off by some 6 units in the last place at most, by one on the average, and φ by less.
"""

import numpy as np

from handgrad.checks import Array

# from the constant term on
P = (
    0.5,
    0.7765641397907815,
    0.5964708193378727,
    0.2910478703813179,
    0.09846131519083871,
    0.023852521829217956,
    0.00413752114872265,
    0.0004972730660831567,
    3.786351803240895e-05,
    1.412006087028076e-06,
)
Q = (
    1.0,
    2.3510128403844215,
    2.5687784862680085,
    1.7221395351506155,
    0.7868808831123079,
    0.2569873142590225,
    0.0610288059825763,
    0.010466137253814498,
    0.0012500181021993545,
    9.490976487536711e-05,
    3.5393743817034457e-06,
)
END = 40.0


def normal(x: Array) -> tuple[Array, Array]:
    """Compute Φ(x) and φ(x), in float64.

    Examples
    --------
    >>> normal(np.array([-10.0, 0.0, 1.0]))
    (array([7.61985302e-24, 5.00000000e-01, 8.41344746e-01]), array([7.69459863e-23, 3.98942280e-01, 2.41970725e-01]))
    """
    distance = np.minimum(np.abs(x), END)
    exponential = _exp_of_half_square(distance)
    # Φ(-|x|) = exp(-x²/2) P / Q
    tail = exponential * _polynomial(P, distance) / _polynomial(Q, distance)
    # Φ = 1 - tail where x > 0, and tail elsewhere
    return np.abs((x > 0) - tail), exponential / np.sqrt(2 * np.pi)


def _exp_of_half_square(x: Array) -> Array:
    """Compute exp(-x²/2), with x² in two parts, of which a float32 number has but the first."""
    h = x.astype(np.float32).astype(x.dtype)
    exponential = np.exp(-0.5 * h * h)
    return exponential if np.array_equal(x, h) else exponential * np.exp(-0.5 * (x - h) * (x + h))


def _polynomial(coefficients: tuple[float, ...], x: Array) -> Array:
    """Compute a polynomial from its even and its odd powers, which rounds less often than one sum of all."""
    square = x * x
    return _horner(coefficients[::2], square) + x * _horner(coefficients[1::2], square)


def _horner(coefficients: tuple[float, ...], x: Array) -> Array:
    # (... (c_n x + c_(n-1)) x + ...) x + c_0, in one array
    *rest, last = coefficients
    y = np.full_like(x, last)
    for coefficient in reversed(rest):
        y *= x
        y += coefficient
    return y
