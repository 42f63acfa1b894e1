"""Dropout (ドロップアウト): numbers that are left out at random, so that no other comes to rely on them."""

from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, Shape, booleans, broadcast_to, floating, ieee, share, upstream, wide
from handgrad.counting import Counts


class Dropout:
    """Drop a share of the numbers and scale up the others: out = x / (1 - ratio) where x is kept, 0 elsewhere.

    Shapes
    ------
    x, dx, out, dout : any      keep : booleans that broadcast to x, True for numbers that are kept

    The caller says which numbers are kept: by `keep`, or by a generator of random numbers, `rng`, with which each of
    them is kept with probability 1 - ratio. Without either nothing is dropped and nothing is scaled, as evaluation
    needs it. The layer has no random state of its own.

    Derivation
    ----------
    Nudge x. With k = [keep], nothing but a constant comes before each number,

        δout = k / (1 - ratio) ⊙ δx

    Take the inner product with dout and free the nudge:

        ⟨dout, δout⟩ = ⟨dout ⊙ k / (1 - ratio), δx⟩

    so that dx = dout / (1 - ratio) where x was kept, 0 elsewhere. Backward is forward, with the same k.

    Numbers are kept with probability 1 - ratio, so that out is x in the mean: the factor is there for that, and
    evaluation needs none. What is dropped may be anything, even NaN: it is left out, and not multiplied by 0. With
    ratio = 1 nothing is kept, whatever keep says.

    Examples
    --------
    >>> dropout = Dropout(ratio=0.5)
    >>> dropout.forward([1.0, 2.0, 3.0], keep=[True, False, True])
    array([2., 0., 6.])
    >>> dropout.backward([1.0, 1.0, 1.0])
    array([2., 0., 2.])
    >>> dropout.forward([1.0, 2.0, 3.0])
    array([1., 2., 3.])

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, Dropout: A Simple Way to Prevent Neural Networks from
    Overfitting (2014)
    """

    ratio: float  # the share that is dropped
    used: float  # the ratio as forward used it, 0 in evaluation
    kept: Counts
    dtype: np.dtype[Any]
    out_shape: Shape

    def __init__(self, ratio: float = 0.5) -> None:
        self.ratio = share("Dropout", "ratio", ratio)

    @ieee
    def forward(
        self, x: npt.ArrayLike, keep: npt.ArrayLike | None = None, rng: np.random.Generator | None = None
    ) -> Array:
        """Keep what keep says or rng draws, or everything without either. Raises TypeError if both are given."""
        x, ratio = floating("Dropout.forward", "x", x), share("Dropout.forward", "ratio", self.ratio)
        if keep is None and rng is None:
            ratio = 0.0
        kept = _kept("Dropout.forward", x, keep, rng, ratio)
        # out = x / (1 - ratio) where x is kept, 0 elsewhere
        out = np.where(kept, wide(x) / (1 - ratio), 0)
        self.used, self.kept, self.dtype, self.out_shape = ratio, kept, x.dtype, x.shape
        return np.asarray(out, x.dtype)

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout = upstream(self, dout)
        dx = np.where(self.kept, dout / (1 - self.used), 0)
        return np.asarray(dx, self.dtype)


def _kept(where: str, x: Array, keep: npt.ArrayLike | None, rng: np.random.Generator | None, ratio: float) -> Counts:
    if keep is not None and rng is not None:
        raise TypeError(f"{where}: both keep and rng are given; expected one, because either says what is kept")
    if keep is not None:
        kept = booleans(where, "keep", keep, "a number is kept")
        return broadcast_to(where, "keep", kept, x.shape, f"x.shape is {x.shape}") & (ratio < 1)
    # what is drawn may be 0, and is always below 1: a ratio of 0 keeps everything, one of 1 nothing
    return True if rng is None else _generator(where, rng).random(x.shape) >= ratio


def _generator(where: str, rng: np.random.Generator) -> np.random.Generator:
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"{where}: rng is {rng!r}; expected a numpy.random.Generator, which its caller keeps")
    return rng
