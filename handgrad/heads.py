"""Heads: parts of the rows of a sequence, side by side, each of which attends on its own.

To cut rows into heads is to move numbers: number h A + i of a row of H A is number i of head h. It takes a reshape
and then a swap of axes; to reshape alone would mix rows. Going back, the numbers move back.
"""

import copy
import math

import numpy as np
import numpy.typing as npt

from handgrad.affine import Affine
from handgrad.checks import Array, wide
from handgrad.indexing import Repeat
from handgrad.rotary import Rope


class Heads:
    """An affine map of a sequence, cut into heads, which may be turned by their positions, and shared by several.

    What it is made of stands for itself: `Affine`, `Rope` and `Repeat`. Forward and backward go through the same
    steps, in opposite order.
    """

    affine: Affine
    heads: int
    rope: Rope | None
    repeat: Repeat

    def __init__(self, affine: Affine, heads: int, copies: int, rope: Rope | None = None) -> None:
        self.affine, self.heads, self.rope, self.repeat = affine, heads, copy.copy(rope), Repeat(copies, axis=-3)

    def forward(self, rows: Array, positions: npt.ArrayLike | None = None) -> Array:
        """Give heads (..., H, T, A) of rows (..., T, D). A head is followed by its copies."""
        heads = cut(self.affine.forward(rows), self.heads)
        turned = heads if self.rope is None else self.rope.forward(heads, positions)
        return self.repeat.forward(turned)

    def backward(self, dheads: Array) -> Array:
        """Return the gradient of the rows, and leave those of the affine map with it."""
        dturned = self.repeat.backward(dheads)
        dheads = dturned if self.rope is None else self.rope.backward(dturned)
        return self.affine.backward(side_by_side(dheads))


def affine_map(W: Array, b: Array | None) -> Affine:
    """Make an affine map that computes float16 in float32. Without a bias, it adds 0."""
    return Affine(wide(W), np.zeros(W.shape[1], wide(W).dtype) if b is None else wide(b))


def cut(rows: Array, heads: int) -> Array:
    """Cut rows (..., T, H A) into heads (..., H, T, A)."""
    *leading, length = rows.shape
    return rows.reshape(*leading, heads, length // heads).swapaxes(-2, -3)


def side_by_side(heads: Array) -> Array:
    """Put heads (..., H, T, A) side by side: rows (..., T, H A)."""
    rows = heads.swapaxes(-2, -3)
    return rows.reshape(*rows.shape[:-2], math.prod(rows.shape[-2:]))
