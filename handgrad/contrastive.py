"""Losses that tell what belongs together from what does not (対照学習), by products of vectors.

Each compares the score of a pair that belongs together with the scores of others, which it takes for pairs that do
not. Samples that do not count are left out before anything is computed (`handgrad.batches`).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.batches import Batch, Loss, as_reduction, rows_of
from handgrad.checks import Array, Shape, above_0, booleans, broadcast_to, ieee, shape_error, upstream, wide
from handgrad.embedding import EmbeddingDot, as_table, as_vectors
from handgrad.functions import log_sigmoid, sigmoid
from handgrad.indices import Indices, as_indices, integers
from handgrad.losses import SoftmaxWithLoss
from handgrad.numerics import row_sums
from handgrad.targets import as_rows


class NegativeSamplingLoss:
    """Tell a word from others drawn at random: ℓ = -log σ(⟨W_t, h⟩) - Σ_k log σ(-⟨W_{n_k}, h⟩), loss = Σ ℓ / N.

    Shapes
    ------
    h, dh : (..., D)      W, dW : (V, D)      t : indices of words (...)      negatives : indices of others (..., K)
    mask : booleans (...), True for the N rows that count      loss, dout : (), or (...) for reduction="none"
    negatives_mask : booleans that broadcast to the negatives, True for those that count

    The caller draws the negatives, from whatever distribution. One that hits the word itself may be hidden, with
    ``negatives_mask=negatives != t[..., None]``. The losses of a row are added up, those of the N rows averaged.

    Derivation
    ----------
    Write z_0 = ⟨W_t, h⟩ and z_k = ⟨W_{n_k}, h⟩ for the scores. Nudge them. The slope of log σ(z) is σ(-z) = 1 - σ(z),
    and that of log σ(-z) is -σ(z), so that

        δℓ = (σ(z_0) - 1) δz_0 + Σ_k σ(z_k) δz_k

    σ(z) - 1 for the word and σ(z) - 0 for the others: y - t of as many decisions between yes and no. A score moves by
    δz_i = ⟨W_{j(i)}, δh⟩ + ⟨h, δW_{j(i)}⟩, as in an EmbeddingDot. Take the product with dout, a single number here,
    with dz for dout (σ(z) - 1) / N and dout σ(z) / N, and collect what belongs to one row of W:

        ⟨dout, δloss⟩ = Σᵢ ⟨dz_i W_{j(i)}, δh⟩ + Σ_v ⟨Σᵢ [j(i) = v] dz_i h, δW_v⟩

    so that dh = Σᵢ dz_i W_{j(i)} and dW_v = Σᵢ [j(i) = v] dz_i h, which is backward of the EmbeddingDot at dz. Only
    1 + K rows of W are read for each h, where a softmax would need all V.

    Examples
    --------
    >>> layer = NegativeSamplingLoss(W=[[2.0, -1.0], [0.0, 500.0], [0.0, 0.0]])
    >>> layer.forward([1.0, 2.0], t=0, negatives=[1, 2])
    np.float64(1001.3862943611198)
    >>> layer.backward()
    array([ -1. , 500.5])
    >>> layer.dW
    array([[-0.5, -1. ],
           [ 1. ,  2. ],
           [ 0.5,  1. ]])

    References
    ----------
    Mikolov, Sutskever, Chen, Corrado and Dean, Distributed Representations of Words and Phrases and their
    Compositionality (2013)
    """

    params = ("W",)

    W: Array  # (V, D)
    reduction: str
    loss: Loss  # (), or (...) and read-only
    batch: Batch  # the rows (...)
    dot: EmbeddingDot  # as forward used it, of 1 + K indices for each row
    slopes: Array  # (..., 1 + K)  of ℓ at the scores; 0 for those that do not count
    dW: Array  # (V, D)  left by backward
    out_shape: Shape

    def __init__(self, W: npt.ArrayLike, reduction: str = "mean") -> None:
        self.W = as_table("NegativeSamplingLoss", W)
        self.reduction = as_reduction("NegativeSamplingLoss", reduction)

    @ieee
    def forward(
        self,
        h: npt.ArrayLike,
        t: npt.ArrayLike,
        negatives: npt.ArrayLike,
        mask: npt.ArrayLike | None = None,
        negatives_mask: npt.ArrayLike | None = None,
    ) -> Loss:
        """Compute the loss.

        Raises IndexError for an index that counts and is out of range, ValueError and TypeError for what is unfit.
        """
        where = "NegativeSamplingLoss.forward"
        W = as_table(where, self.W)
        h = as_vectors(where, h, W)
        batch = rows_of(where, h, mask, self.reduction)
        indices, counts = _indices(where, t, negatives, negatives_mask, batch, W)
        dot = EmbeddingDot(W)
        dot.forward(h, indices, counts)
        # ℓ = -log σ(z_0) - Σ_k log σ(-z_k), of slopes σ(z_0) - 1 = -σ(-z_0) and σ(z_k)
        is_word = dot.batch.counted(np.broadcast_to(np.arange(indices.shape[-1]) == 0, indices.shape))
        z = np.where(is_word, dot.scores, -dot.scores)
        losses = row_sums(dot.batch.spread(-log_sigmoid(z)))
        self.loss = batch.reduced(batch.counted(losses), np.result_type(W, h))
        self.slopes = dot.batch.spread(np.where(is_word, -sigmoid(-z), sigmoid(-z)))
        self.batch, self.dot, self.out_shape = batch, dot, self.loss.shape
        return self.loss

    @ieee
    def backward(self, dout: npt.ArrayLike = 1.0) -> Array:
        """Return dh, and leave dW: 0 in masked rows, and in rows of W that were not looked up."""
        dout = upstream(self, dout)
        slopes, factor = self.batch.scalable(self.batch.counted(self.slopes), dout)
        # dz = dout (σ(z) - 1) / N for the word, and dout σ(z) / N for the others
        dh = self.dot.backward(self.batch.spread(slopes * factor))
        self.dW = self.dot.dW
        return dh


class InfoNceLoss:
    """Find the match of each row among all of them: loss = -1/N Σₙ log softmax(S_n)_n, where S = q kᵀ / temperature.

    Shapes
    ------
    q, dq, k, dk : (..., D)      mask : booleans (...), True for the N pairs that count
    loss, dout : (), or (...) for reduction="none"

    Row n of q and row n of k belong together. The rows of all leading axes are one batch: each q is told from all k.
    For directions alone, give rows of length 1. For both ways, as CLIP has it, average the losses of (q, k) and of
    (k, q).

    Derivation
    ----------
    The loss is a SoftmaxWithLoss of the scores, a row of N for each q, with the labels 0, ..., N - 1. One-hot, these
    are the identity I, so that its gradient is dS = dout (y - I) / N with y = softmax(S), and ⟨dout, δloss⟩ is
    ⟨dS, δS⟩. Nudge q and k. By the product rule,

        δS = (δq kᵀ + q δkᵀ) / temperature

    Free each nudge with ⟨A, B C⟩ = ⟨A Cᵀ, B⟩ = ⟨Bᵀ A, C⟩ and ⟨A, Bᵀ⟩ = ⟨Aᵀ, B⟩:

        ⟨dout, δloss⟩ = ⟨dS k / temperature, δq⟩ + ⟨dSᵀ q / temperature, δk⟩

    so that dq = dS k / temperature and dk = dSᵀ q / temperature. Each q is drawn to its match, and away from every k
    as far as the softmax takes that for the match. A pair alone cannot be mistaken: its loss is 0.

    Examples
    --------
    >>> layer = InfoNceLoss(temperature=0.5)
    >>> layer.forward([[1.0, 0.0], [0.0, 1.0]], [[0.0, 3.0], [0.0, 3.0]])
    np.float64(0.6931471805599453)
    >>> dq, dk = layer.backward()
    >>> dk
    array([[-0.5,  0.5],
           [ 0.5, -0.5]])

    References
    ----------
    van den Oord, Li and Vinyals, Representation Learning with Contrastive Predictive Coding (2018)
    """

    temperature: float
    reduction: str
    used: float  # the temperature as forward used it
    loss: Loss  # (), or (...) and read-only
    q: Array  # (..., D)
    k: Array  # (..., D)
    batch: Batch  # the pairs (...)
    softmax: SoftmaxWithLoss  # of S, as forward used it, not reduced
    out_shape: Shape

    def __init__(self, temperature: float, reduction: str = "mean") -> None:
        self.temperature = above_0("InfoNceLoss", "temperature", temperature, "it divides")
        self.reduction = as_reduction("InfoNceLoss", reduction)

    @ieee
    def forward(self, q: npt.ArrayLike, k: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> Loss:
        """Compute the loss. Raises ValueError and TypeError for what does not fit q."""
        q, k = _pairs("InfoNceLoss.forward", q, k)
        batch = rows_of("InfoNceLoss.forward", q, mask, self.reduction)
        temperature = above_0("InfoNceLoss.forward", "temperature", self.temperature, "it divides")
        # S = q kᵀ / temperature
        S = np.dot(wide(batch.counted(q)), wide(batch.counted(k)).T) / temperature
        softmax = SoftmaxWithLoss(reduction="none")
        losses = np.asarray(softmax.forward(S, np.arange(len(S))))
        self.loss = batch.reduced(losses, np.result_type(q, k))
        self.q, self.k, self.batch, self.softmax, self.used = q, k, batch, softmax, temperature
        self.out_shape = self.loss.shape
        return self.loss

    @ieee
    def backward(self, dout: npt.ArrayLike = 1.0) -> tuple[Array, Array]:
        """Return (dq, dk): 0 in masked rows."""
        dout = upstream(self, dout)
        q, k = wide(self.batch.counted(self.q)), wide(self.batch.counted(self.k))
        # dS = (y - I) dout / N, dq = dS k / temperature and dk = dSᵀ q / temperature
        dS, factor = self.batch.scalable(self.softmax.backward(np.ones(len(q))), dout)
        dS = dS * factor
        dq = np.dot(dS, k) / self.used
        dk = np.dot(dS.T, q) / self.used
        dq, dk = np.asarray(dq, self.q.dtype), np.asarray(dk, self.k.dtype)
        return self.batch.spread(dq), self.batch.spread(dk)


def _indices(
    where: str, t: npt.ArrayLike, negatives: npt.ArrayLike, mask: npt.ArrayLike | None, batch: Batch, W: Array
) -> tuple[Indices, npt.NDArray[np.bool_]]:
    """Give each word and its negatives side by side (..., 1 + K), and which of them count."""
    words, others = integers(where, "t", t), integers(where, "negatives", negatives)
    if words.shape != batch.shape:
        raise shape_error(where, "t", words.shape, batch.shape, "there is one word for each row of h")
    if others.ndim == 0 or others.shape[:-1] != batch.shape:
        raise shape_error(where, "negatives", others.shape, f"{batch.shape} and one axis more", "each row of h has K")
    words_count = np.broadcast_to(True if batch.mask is None else batch.mask, batch.shape)
    others_count = words_count[..., np.newaxis] & _negatives_that_count(where, mask, others)
    rows, because = len(W), f"W.shape is {W.shape}"
    words = as_indices(where, "t", words, rows, because, words_count)
    others = as_indices(where, "negatives", others, rows, because, others_count)
    return _side_by_side(words, others), _side_by_side(words_count, others_count)


def _negatives_that_count(where: str, mask: npt.ArrayLike | None, negatives: Indices) -> npt.NDArray[np.bool_]:
    if mask is None:
        return np.ones(negatives.shape, np.bool_)
    counts = booleans(where, "negatives_mask", mask, "a negative counts")
    return broadcast_to(where, "negatives_mask", counts, negatives.shape, f"negatives.shape is {negatives.shape}")


def _side_by_side(one: npt.NDArray[Any], several: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.concatenate([one[..., np.newaxis], several], axis=-1)


def _pairs(where: str, q: npt.ArrayLike, k: npt.ArrayLike) -> tuple[Array, Array]:
    q, k = as_rows(where, "q", q), as_rows(where, "k", k)
    if k.shape != q.shape:
        raise shape_error(where, "k", k.shape, q.shape, "each row of q has its match in k")
    return q, k
