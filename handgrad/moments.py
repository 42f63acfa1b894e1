"""Centring and scaling, in two passes: what every normalisation is made of, and what goes back through it.

A row of n numbers is centred, and then scaled to a mean square of 1:

    c = x - mean x        z = c r, with r = 1 / √(mean c² + eps)

The variance is the mean square of what is centred. The shortcut mean x² - (mean x)² is the same on paper; but it
subtracts two large numbers that are nearly equal, and float32 has no digit left of their difference where the mean is
some thousand times the deviation.

To centre is linear. A nudge moves c by δc = δx - mean δx, and ⟨t, δc⟩ = Σ t δx - (Σ t) mean δx. In the last term
every δx has the factor mean t, so that it is ⟨t - mean t, δx⟩: what goes back is centred, too.

To scale is not linear, since r hears from everyone. By the chain rule

    δr = -½ (mean c² + eps)^(-3/2) mean(2 c δc) = -r³ mean(c δc) = -r² mean(z δc)
    δz = r δc + c δr = r (δc - z mean(z δc))

a term for the number itself, and one for the row, which grows with it and makes all of it smaller. Take the inner
product with t; in the second term each δc has the factor z mean(t z):

    ⟨t, δz⟩ = r (⟨t, δc⟩ - Σ t z mean(z δc)) = ⟨r (t - z mean(t z)), δc⟩

Both together: with δc = δx - mean δx, what goes back to c is centred, and mean z = 0, as c is centred. So three terms
go back to x:

    dx = r (t - mean t - z mean(t z))

They take from t what a normalisation cannot hear: a shift of all numbers, which centring takes away, and, but for
eps, a change of their scale. Without centring, the middle one is not there.
"""

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, double
from handgrad.counting import Counts, masked_mean, selected
from handgrad.numerics import LAST

Number = int | npt.NDArray[np.intp]


def centred(x: Array, counts: Counts, n: Number) -> Array:
    """Compute c = x - mean x of each row, over the n numbers that count. The others are 0, as they are in x.

    A mean is rounded as x is, which is much where x is far from 0 and c is not. So what is left of it in c is taken
    away, too: then c, and z, have the mean 0 in which all that follows trusts, and that of equal numbers is 0.
    """
    return less_mean(less_mean(x, counts, n), counts, n)


def less_mean(x: Array, counts: Counts, n: Number) -> Array:
    """Subtract its mean, as it is rounded, from the numbers of each row that count. The others are 0, as in x."""
    mean = mean_product(x, np.ones(x.shape[-1], x.dtype), n)
    return selected(counts, x - mean.astype(x.dtype), 0)


def scaled(c: Array, n: Number, eps: float, axes: tuple[int, ...] = LAST) -> tuple[Array, Array]:
    """Compute z = c r, and r = 1 / √(mean c² + eps)."""
    r = inverse_root(mean_product(c, c, n, axes), eps, c)
    return c * r, r


def inverse_root(square: Array, eps: float, like: Array) -> Array:
    """Compute r = 1 / √(square + eps), in the dtype of what it is to scale."""
    return np.asarray(1 / np.sqrt(square + eps), like.dtype)


def back_through_both(t: Array, z: Array, r: Array, counts: Counts, n: Number) -> Array:
    """Compute r (t - mean t - z mean(t z)). As mean z = 0, t may be centred first: a large mean of it loses less."""
    return back_through_scaled(less_mean(t, counts, n), z, r, n)


def back_through_scaled(t: Array, z: Array, r: Array, n: Number, axes: tuple[int, ...] = LAST) -> Array:
    """Compute r (t - z mean(t z)). Numbers that do not count have t = z = 0, and hear 0."""
    mean = mean_product(t, z, n, axes)
    # step by step in one array, since to ask for the memory of more takes long
    dx = z * mean.astype(t.dtype)
    np.subtract(t, dx, out=dx)
    dx *= r
    return dx


def mean_product(a: Array, b: Array, n: Number, axes: tuple[int, ...] = LAST) -> Array:
    """Compute mean(a b) of n numbers. Those that do not count are 0 in a."""
    # the products of a row are summed as they are made, and never stored
    mean = np.vecdot(a, b)[..., np.newaxis] / n if axes == LAST else masked_mean(a * b, axes, True, n)
    # float32 may overflow where the mean, in float64, does not
    return mean if np.isfinite(mean).all() else masked_mean(double(a) * b, axes, True, n)
