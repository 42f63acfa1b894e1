"""Pairs of a query and a key: which of them count, and products to which the others add nothing.

A mask of pairs (..., T, S), one of keys (..., S) and one of queries (..., T) all say of pairs whether they count, and
so does causality, by which a query attends to no key that comes later. A pair counts where all of them say so.

A pair that does not count has the weight 0. For a product that is not enough, since 0 · NaN is NaN: a number that is
not finite has to be left out of what does not count it, and of that alone.
"""

import operator
from functools import reduce

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, Shape, Spec, booleans, broadcast_to, sum_to, whole_number
from handgrad.counting import Counts, selected

Mask = npt.ArrayLike | None
Booleans = npt.NDArray[np.bool_]


def pairs_that_count(
    where: str, shape: Shape, mask: Mask = None, key_mask: Mask = None, query_mask: Mask = None
) -> Counts:
    """Give masks as one that broadcasts to the pairs (..., T, S), or True where everything counts.

    Raises
    ------
    ValueError, TypeError
        If a mask does not broadcast to the pairs, the keys or the queries, or is not boolean.
    """
    *batch, queries, keys = shape
    masks = []
    if mask is not None:
        masks.append(as_pairs(where, "mask", mask, shape))
    if key_mask is not None:
        masks.append(_fitting(where, "key_mask", key_mask, (*batch, keys), "keys")[..., np.newaxis, :])
    if query_mask is not None:
        masks.append(_fitting(where, "query_mask", query_mask, (*batch, queries), "queries")[..., np.newaxis])
    return reduce(operator.and_, masks) if masks else True


def as_pairs(where: str, name: str, mask: npt.ArrayLike, shape: Shape) -> Booleans:
    """Give a mask of pairs as booleans of two axes at least. Raises as `pairs_that_count` does."""
    return np.atleast_2d(_fitting(where, name, mask, shape, "pairs"))


def _fitting(where: str, name: str, mask: npt.ArrayLike, shape: Shape, of: str) -> Booleans:
    counts = booleans(where, name, mask, f"{of} count")
    broadcast_to(where, name, counts, shape, f"that is the shape of all {of}")
    return np.atleast_1d(counts)


def causal_pairs(where: str, shape: Shape, offset: int | None) -> Booleans:
    """Tell which keys do not come later than a query: those up to t + offset for query t.

    Raises
    ------
    ValueError, TypeError
        If there is no offset although there are more queries than keys, or fewer: then nobody can know which of them
        are simultaneous. Or if it is not a whole number.
    """
    queries, keys = shape[-2:]
    if offset is None and queries != keys:
        because = f"there are {queries} queries and {keys} keys: query t attends to keys up to t + offset"
        raise ValueError(f"{where}: offset is None; expected a whole number, because {because}")
    return np.tri(queries, keys, 0 if offset is None else whole_number(where, "offset", offset), dtype=np.bool_)


def attending(counts: Counts, shape: Shape) -> Counts:
    """Tell which queries attend to anything, (..., T, 1), or True where everything counts and there are keys."""
    if counts is True and shape[-1]:
        return True
    return np.logical_or.reduce(np.broadcast_to(counts, shape), axis=-1, keepdims=True)


def attended(counts: Counts, shape: Shape) -> Counts:
    """Tell which keys anything attends to, (..., S, 1), or True where everything counts."""
    return attending(transposed(counts), (*shape[:-2], *shape[:-3:-1]))


def rows_in_use(counts: Counts, rows: Array) -> Array:
    """Give rows with 0 in the place of those that count nowhere, also not where they are broadcast to."""
    if isinstance(counts, bool):
        return rows
    uses = sum_to(counts.astype(np.float64), Spec((*rows.shape[:-1], 1), np.dtype(np.float64)))
    return selected(uses > 0, rows, 0)


def transposed(counts: Counts) -> Counts:
    """Give pairs of a key and a query for pairs of a query and a key."""
    return counts if isinstance(counts, bool) else counts.mT


def weighted(weights: Array, x: Array, counts: Counts) -> Array:
    """Compute the product weights x. A pair that does not count has the weight 0, and adds nothing, whatever x is."""
    finite = np.isfinite(x)
    if counts is True or finite.all():
        return weights @ x
    reached = np.broadcast_to(counts, weights.shape) @ ~finite
    return np.where(reached, weights @ x, weights @ selected(finite, x, 0))
