"""Tables of vectors (埋め込み): a row for each word, looked up by its index, and products with such rows.

Only rows that are looked up are read, and gradients are added up for these alone: the table may be very long.
"""

import numpy as np
import numpy.typing as npt

from handgrad.batches import Batch
from handgrad.checks import Array, Shape, Spec, floating, ieee, long_sum, shape_error, upstream, wide
from handgrad.counting import as_counts
from handgrad.indices import Indices, as_indices, integers, scatter_add
from handgrad.numerics import row_sums


class Embedding:
    """Look up the rows of a table by their indices: out_i = W_{j(i)} for the i-th index j(i).

    Shapes
    ------
    W, dW : (V, D)      indices : integers from 0 to V - 1 (...)      out, dout : (..., D)
    mask : booleans that broadcast to the indices, True for those that count

    Derivation
    ----------
    Nudge W. Each place of out moves with the row that it shows,

        δout_i = δW_{j(i)}

    Take the inner product with dout, and collect what belongs to one row; it may have been looked up many times:

        ⟨dout, δout⟩ = Σᵢ ⟨dout_i, δW_{j(i)}⟩ = Σ_v ⟨Σᵢ [j(i) = v] dout_i, δW_v⟩

    so that dW_v = Σᵢ [j(i) = v] dout_i: a word that occurs twice hears twice. With one-hot rows in place of
    the indices it is an affine map, and dW the product of these rows, transposed, with dout: the same numbers, at the
    price of a multiplication by 0 for every word that is not the one.

    Indices have no gradient, and backward returns None. Where an index does not count, out is 0, and no row hears of
    it, whichever index it is, also one that does not exist. So padding needs no row of its own.

    Examples
    --------
    >>> embedding = Embedding(W=[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> embedding.forward([2, 0, 2])
    array([[5., 6.],
           [1., 2.],
           [5., 6.]])
    >>> embedding.backward([[1.0, 1.0], [1.0, 1.0], [10.0, 10.0]])
    >>> embedding.dW
    array([[ 1.,  1.],
           [ 0.,  0.],
           [11., 11.]])
    """

    params = ("W",)

    W: Array  # (V, D)
    table: Spec  # W as forward used it
    used: Indices  # (N,)  those of the indices that count
    batch: Batch  # the indices (...)
    dW: Array  # (V, D)  left by backward
    out_shape: Shape

    def __init__(self, W: npt.ArrayLike) -> None:
        self.W = as_table("Embedding", W)

    def forward(self, indices: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> Array:
        """Look up the rows. Raises IndexError for an index that counts and is out of range, also for -1."""
        W = as_table("Embedding.forward", self.W)
        used, batch = _used("Embedding.forward", indices, mask, W)
        # out_i = W_{j(i)}
        out = batch.spread(W[used])
        self.table, self.used, self.batch, self.out_shape = Spec(W.shape, W.dtype), used, batch, out.shape
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> None:
        """Leave dW: 0 in rows that were not looked up."""
        dout = upstream(self, dout)
        # dW_v = Σᵢ [j(i) = v] dout_i
        self.dW = scatter_add(self.batch.counted(dout), self.used, self.table.shape[0], self.table.dtype)


class EmbeddingDot:
    """Multiply vectors by rows of a table: out_i = ⟨W_{j(i)}, h_i⟩ for the i-th index j(i).

    Shapes
    ------
    h, dh : (..., D)      W, dW : (V, D)      indices, out, dout : (...), or (..., K) for K rows to each vector
    mask : booleans that broadcast to the indices, True for those that count

    It is one column of an affine map to V scores, or K columns of it, for each vector; the others are not computed.

    Derivation
    ----------
    Nudge h and W. By the product rule, each score moves with its vector and with its row,

        δout_i = ⟨W_{j(i)}, δh_i⟩ + ⟨h_i, δW_{j(i)}⟩

    Take the inner product with dout, and collect what belongs to one row, as for an Embedding:

        ⟨dout, δout⟩ = Σᵢ ⟨dout_i W_{j(i)}, δh_i⟩ + Σ_v ⟨Σᵢ [j(i) = v] dout_i h_i, δW_v⟩

    so that dh_i = dout_i W_{j(i)} and dW_v = Σᵢ [j(i) = v] dout_i h_i. A vector that meets K rows is copied K times,
    and hears the sum.

    Where an index does not count, out is 0, and neither its row nor its vector hears of it.

    Examples
    --------
    >>> layer = EmbeddingDot(W=[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> layer.forward([[1.0, 10.0]], [[2, 0]])
    array([[65., 21.]])
    >>> layer.backward([[1.0, 100.0]])
    array([[105., 206.]])
    >>> layer.dW
    array([[ 100., 1000.],
           [   0.,    0.],
           [   1.,   10.]])
    """

    params = ("W",)

    W: Array  # (V, D)
    table: Spec  # W as forward used it
    h: Spec  # (..., D)
    used: Indices  # (N,)  those of the indices that count
    rows: Array  # (N, D)  of W, one to each of them
    vectors: Array  # (N, D)  of h
    scores: Array  # (N,)  their products; float32 also where out is float16
    batch: Batch  # the indices (...)
    dW: Array  # (V, D)  left by backward
    out_shape: Shape

    def __init__(self, W: npt.ArrayLike) -> None:
        self.W = as_table("EmbeddingDot", W)

    @ieee
    def forward(self, h: npt.ArrayLike, indices: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> Array:
        """Compute the products. Raises IndexError as Embedding does, and ValueError for shapes that do not fit."""
        W = as_table("EmbeddingDot.forward", self.W)
        h = as_vectors("EmbeddingDot.forward", h, W)
        used, batch = _used("EmbeddingDot.forward", indices, mask, W)
        vectors = batch.counted(_copies("EmbeddingDot.forward", h, batch.shape))
        # out_i = ⟨W_{j(i)}, h_i⟩
        rows = W[used]
        scores = row_sums(wide(rows) * wide(vectors))
        self.table, self.h, self.batch = Spec(W.shape, W.dtype), Spec(h.shape, h.dtype), batch
        self.used, self.rows, self.vectors, self.scores, self.out_shape = used, rows, vectors, scores, batch.shape
        return batch.spread(np.array(scores, np.result_type(W, h)))

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dh, and leave dW: 0 in rows that were not looked up."""
        dout = upstream(self, dout)
        dout = self.batch.counted(dout)[:, np.newaxis]
        # dh_i = dout_i W_{j(i)}, and dW_v = Σᵢ [j(i) = v] dout_i h_i
        dcopies = self.batch.spread(dout * self.rows)
        dh = long_sum(dcopies, tuple(range(len(self.h.shape) - 1, len(self.out_shape))))
        self.dW = scatter_add(dout * self.vectors, self.used, self.table.shape[0], self.table.dtype)
        return np.asarray(dh, self.h.dtype)


def as_table(where: str, W: npt.ArrayLike) -> Array:
    """Give W as a floating array (V, D), or raise an error that names it."""
    W = floating(where, "W", W)
    if W.ndim != 2:
        raise shape_error(where, "W", W.shape, "(V, D)", "it has V rows of D numbers")
    return W


def _used(where: str, indices: npt.ArrayLike, mask: npt.ArrayLike | None, W: Array) -> tuple[Indices, Batch]:
    """Give the indices that count, one after the other, and the batch (...) that they are of."""
    given = integers(where, "indices", indices)
    counts = as_counts(where, mask, given, "indices")
    batch = Batch(given.shape, None if counts is True else np.broadcast_to(counts, given.shape))
    return batch.counted(as_indices(where, "indices", given, len(W), f"W.shape is {W.shape}", batch.mask)), batch


def as_vectors(where: str, h: npt.ArrayLike, W: Array) -> Array:
    """Give h as a floating array (..., D), or raise an error that names it, and the table that it does not fit."""
    h = floating(where, "h", h)
    if h.shape[-1:] != W.shape[1:]:
        raise shape_error(where, "h", h.shape, f"(..., {W.shape[1]})", f"W.shape is {W.shape}")
    return h


def _copies(where: str, h: Array, shape: Shape) -> Array:
    """Give a vector for each index; indices of this shape, if it has an axis more, share one along it."""
    leading = h.shape[:-1]
    if shape == leading:
        return h
    if shape[:-1] != leading:
        expected = f"{leading}, or these and one axis more"
        raise shape_error(where, "indices", shape, expected, f"h.shape is {h.shape}")
    return np.broadcast_to(h[..., np.newaxis, :], (*shape, h.shape[-1]))
