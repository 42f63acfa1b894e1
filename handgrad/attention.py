"""Attention (注意機構): every query asks all keys, and hears the values of those that answer."""

import math

import numpy as np
import numpy.typing as npt

from handgrad.checks import (
    Array,
    Shape,
    broadcast_to,
    floating_together,
    ieee,
    number,
    shape_error,
    share,
    sum_to,
    upstream,
    wide,
)
from handgrad.counting import Counts
from handgrad.dropout import Dropout
from handgrad.pairs import Mask, as_pairs, causal_pairs, pairs_that_count, transposed, weighted
from handgrad.softmax import Softmax


class ScaledDotProductAttention:
    """Average values, by how well their keys fit a query: out = A v, with A = softmax(s q kᵀ + bias).

    Shapes
    ------
    q, dq : (..., T, D)      k, dk : (..., S, D)      v, dv : (..., S, E)      out, dout : (..., T, E)
    bias, dbias : any that broadcast with (..., T, S)
    mask, keep : booleans (..., T, S)      key_mask : booleans (..., S)      query_mask : booleans (..., T)

    There are T queries, and S keys with a value each. Leading axes broadcast, and so do masks. The scale s is 1 / √D
    unless it is given: a sum of D products of independent numbers grows like √D. The attention of the second book is
    that of one query with s = 1, whose keys are the values.

    Derivation
    ----------
    Write S = s q kᵀ + bias for the scores, and A = softmax(S) for the weights, row by row. Nudge everything. By the
    product rule,

        δout = δA v + A δv        δS = s δq kᵀ + s q δkᵀ + δbias

    Take the inner product with dout and free the nudges of the last product with ⟨A, B C⟩ = ⟨A Cᵀ, B⟩ = ⟨Bᵀ A, C⟩:

        ⟨dout, δout⟩ = ⟨dout vᵀ, δA⟩ + ⟨Aᵀ dout, δv⟩

    What stands beside δA is dA. A weight moves for its own score, and for the sum by which its row is divided,
    δA_j = A_j δS_j - A_j Σᵢ A_i δS_i. In the second term each δS_i has the factor A_i Σⱼ dA_j A_j:

        ⟨dA, δA⟩ = ⟨A ⊙ (dA - Σ dA ⊙ A), δS⟩

    What stands beside δS is dS. Free the nudges of the first product as those of the last; δk is transposed there:

        ⟨dS, δS⟩ = ⟨s dS k, δq⟩ + ⟨s dSᵀ q, δk⟩ + ⟨dS, δbias⟩

    so that dv = Aᵀ dout, dq = s dS k, dk = s dSᵀ q and dbias = dS, with dS = A ⊙ (dA - Σ dA ⊙ A) and dA = dout vᵀ,
    each summed over the axes along which its input was broadcast.

    The sum in dS is known without A, since A may be taken to the other factor. For query t,

        Σⱼ dA_tj A_tj = Σⱼ Σₑ dout_te v_je A_tj = Σₑ dout_te Σⱼ A_tj v_je = Σₑ dout_te out_te

    so dS_tj = A_tj ⟨dout_t, v_j - out_t⟩: a score gains by how much more its value is what is asked for than all that
    is heard. Where there is one key only, A = 1, out = v, and q and k have no gradient.

    A pair that does not count, by a mask or as `causal` has it, has A = 0, and the gradient of its bias is 0. A query
    without any has out = 0 and dq = 0, and its dout is ignored. What nobody attends to is inert, whatever it holds;
    NaN and infinity reach those that attend to them. With `causal`, query t attends to keys up to t + offset, which
    has to be given unless T = S: then it is 0. What `keep` drops of A is 0, too, and 1 / (1 - ratio) scales what it
    keeps, as in `Dropout`; then A stands for its output in the last product, and dA for what goes back through it.

    Examples
    --------
    >>> attention = ScaledDotProductAttention(causal=True)
    >>> q, k, v = [[9.0], [0.0]], [[1.0], [2.0]], [[4.0, 0.0], [8.0, 2.0]]
    >>> attention.forward(q, k, v)
    array([[4., 0.],
           [6., 1.]])
    >>> dq, dk, dv = attention.backward([[1.0, 0.0], [1.0, 0.0]])
    >>> dq
    array([[0.],
           [1.]])
    >>> dv
    array([[1.5, 0. ],
           [0.5, 0. ]])

    References
    ----------
    Vaswani et al., Attention Is All You Need (2017), section 3.2.1
    """

    scale: float | None
    causal: bool
    offset: int | None
    ratio: float  # the share that keep drops
    arrays: tuple[Array, ...]  # q (..., T, D), k (..., S, D), v (..., S, E) and bias, if it was given
    s: float  # the scale as forward used it
    counts: Counts  # (..., T, S) which pairs do
    kept: Counts  # (..., T, S) those that keep has not dropped
    softmax: Softmax
    dropout: Dropout | None  # if keep was given
    A: Array  # (..., T, S)  the weights of the values, read-only; float32 also where q, k and v are float16
    out_shape: Shape

    def __init__(
        self, scale: float | None = None, *, causal: bool = False, offset: int | None = None, ratio: float = 0.0
    ) -> None:
        self.scale, self.causal, self.offset = scale, causal, offset
        self.ratio = share("ScaledDotProductAttention", "ratio", ratio)

    @ieee
    def forward(
        self,
        q: npt.ArrayLike,
        k: npt.ArrayLike,
        v: npt.ArrayLike,
        bias: npt.ArrayLike | None = None,
        *,
        mask: Mask = None,
        key_mask: Mask = None,
        query_mask: Mask = None,
        keep: Mask = None,
    ) -> Array:
        """Compute A v. Raises ValueError and TypeError for what does not fit q, or a causality without an offset."""
        where = "ScaledDotProductAttention.forward"
        arrays = floating_together(where, **{"q": q, "k": k, "v": v} | ({} if bias is None else {"bias": bias}))
        shape, s = _shape_of_pairs(where, *arrays), _scale(where, self.scale, arrays[0])
        ratio = share(where, "ratio", self.ratio)
        counts = self.pairs(where, shape, mask, key_mask, query_mask)
        kept = counts if keep is None else counts & as_pairs(where, "keep", keep, shape) & (ratio < 1)
        softmax, dropout = Softmax(), None if keep is None else Dropout(ratio)
        # S = s q kᵀ + bias, A = softmax(S), out = A v
        q, k, v, *biases = map(wide, arrays)
        S: Array = (s * q) @ k.mT
        S = S + biases[0] if biases else S
        A = softmax.forward(np.broadcast_to(S, shape), None if counts is True else counts)
        A = A if dropout is None else dropout.forward(A, keep)
        out = weighted(A, v, kept)
        self.arrays, self.s, self.counts, self.kept = arrays, s, counts, kept
        self.softmax, self.dropout, self.A, self.out_shape = softmax, dropout, A, out.shape
        return np.asarray(out, np.result_type(*arrays))

    @ieee
    def backward(self, dout: npt.ArrayLike) -> tuple[Array, ...]:
        """Return (dq, dk, dv), and dbias behind them if a bias was given."""
        dout = upstream(self, dout)
        q, k, v = map(wide, self.arrays[:3])
        # dv = Aᵀ dout and dA = dout vᵀ
        dv = weighted(self.A.mT, dout, transposed(self.kept))
        dA: Array = dout @ v.mT
        dA = dA if self.dropout is None else self.dropout.backward(dA)
        # dS = A (dA - Σ dA A), dq = s dS k, dk = s dSᵀ q, dbias = dS
        dS = self.softmax.backward(dA)
        dq = self.s * weighted(dS, k, self.counts)
        dk = self.s * weighted(dS.mT, q, transposed(self.counts))
        return tuple(sum_to(grad, array) for grad, array in zip((dq, dk, dv, dS), self.arrays, strict=False))

    def pairs(self, where: str, shape: Shape, *masks: Mask) -> Counts:
        """Tell which pairs count, by masks of pairs, of keys and of queries, and by causality."""
        counts = pairs_that_count(where, shape, *masks)
        return counts & causal_pairs(where, shape, self.offset) if self.causal else counts


def _scale(where: str, scale: float | None, q: Array) -> float:
    return 1 / math.sqrt(max(q.shape[-1], 1)) if scale is None else number(where, "scale", scale)


def _shape_of_pairs(where: str, q: Array, k: Array, v: Array, bias: Array | None = None) -> Shape:
    if q.ndim < 2:
        raise shape_error(where, "q", q.shape, "(..., T, D)", "each of T queries has D numbers")
    if k.ndim < 2 or k.shape[-1] != q.shape[-1]:
        raise shape_error(where, "k", k.shape, f"(..., S, {q.shape[-1]})", f"q.shape is {q.shape}")
    if v.ndim < 2 or v.shape[-2] != k.shape[-2]:
        raise shape_error(where, "v", v.shape, f"(..., {k.shape[-2]}, E)", f"k.shape is {k.shape}")
    try:
        batch = np.broadcast_shapes(q.shape[:-2], k.shape[:-2], v.shape[:-2])
    except ValueError:
        because = f"q.shape is {q.shape} and k.shape is {k.shape}"
        raise shape_error(where, "v", v.shape, "leading axes that broadcast", because) from None
    shape = (*batch, q.shape[-2], k.shape[-2])
    if bias is not None:
        broadcast_to(where, "bias", bias, shape, f"q.shape is {q.shape} and k.shape is {k.shape}")
    return shape
