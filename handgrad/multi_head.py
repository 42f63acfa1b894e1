"""Attention in several heads: queries, keys and values are affine maps of a sequence, cut into heads side by side.

It is made of layers that stand for themselves: `Affine`, `ScaledDotProductAttention` and, if wanted, `Rope`.
"""

import copy
from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.affine import Affine
from handgrad.attention import ScaledDotProductAttention
from handgrad.checks import (
    Array,
    Shape,
    broadcast_to,
    floating,
    floating_together,
    ieee,
    shape_error,
    upstream,
    whole_number,
    wide,
)
from handgrad.counting import Counts, selected
from handgrad.heads import Heads, affine_map, cut, side_by_side
from handgrad.pairs import Mask, attended, attending, rows_in_use
from handgrad.rotary import Rope

PARAMS = ("Wq", "Wk", "Wv", "Wo", "bq", "bk", "bv", "bo")


class MultiHeadAttention:
    """Attend in H ways at once: out = [a_1 ... a_H] Wo + bo, where a_h is the attention of head h.

    Shapes
    ------
    x, dx : (..., T, D)      context c, dc : (..., S, C), x itself unless it is given      out, dout : (..., T, M)
    Wq, dWq : (D, H A)      Wk, dWk : (C, K A)      Wv, dWv : (C, K B)      Wo, dWo : (H B, M)
    bq, dbq : (H A,)        bk, dbk : (K A,)        bv, dbv : (K B,)        bo, dbo : (M,)
    mask : booleans (..., T, S)      key_mask : (..., S)      query_mask : (..., T)
    bias, dbias, keep : (..., H, T, S), or what broadcasts to it      positions : (..., T)

    Biases bq, bk, bv and bo may be left out. There are H = `heads` of queries and K = `key_heads` of keys and values,
    as many unless they are given. H / K heads of queries, one behind the other, share a head of keys and values.

    `attention` and `rope` are layers whose options are taken: a scale, causality, what share is dropped; how queries
    and keys are turned. Queries and keys of x are turned by positions, 0, 1, ... unless they are given, and keys of a
    context by 0, 1, ...

    Derivation
    ----------
    Write q = x Wq + bq, k = c Wk + bk and v = c Wv + bv. Cut into heads, attended to and put side by side again, they
    make a, and out = a Wo + bo. Nudge everything. Each part moves as its own derivation says (`Affine`), with J for
    attention, the matrices that turn small nudges of its inputs into one of its output:

        δq = δx Wq + x δWq + 1 δbq      δk = δc Wk + c δWk + 1 δbk      δv = δc Wv + c δWv + 1 δbv
        δa = J_q δq + J_k δk + J_v δv      δout = δa Wo + a δWo + 1 δbo

    Take the inner product with dout, and free one part after the other, the last first:

        ⟨dout, δout⟩ = ⟨dout Woᵀ, δa⟩ + ⟨aᵀ dout, δWo⟩ + ⟨1ᵀ dout, δbo⟩
          ⟨da, δa⟩   = ⟨J_qᵀ da, δq⟩ + ⟨J_kᵀ da, δk⟩ + ⟨J_vᵀ da, δv⟩
          ⟨dq, δq⟩   = ⟨dq Wqᵀ, δx⟩ + ⟨xᵀ dq, δWq⟩ + ⟨1ᵀ dq, δbq⟩

    and so for k and v, where da, dq, dk and dv are what stands beside their nudges: backward of attention turns da
    into dq, dk and dv. What is used twice hears from both uses,

    so that dx = dq Wqᵀ, dc = dk Wkᵀ + dv Wvᵀ, dWq = xᵀ dq, dWk = cᵀ dk, dWv = cᵀ dv, dWo = aᵀ dout, and each bias
    hears the sum of the rows beside it. In self-attention, where c is x, there is one gradient, the sum of dx and dc.

    A query that may attend to nothing has out = 0, to which bo is not added, and its dout is ignored. What is hidden
    as a query and as a key is inert, whatever it holds, also for the gradients of the matrices.

    To cut into heads is to move numbers (`handgrad.heads`), and going back they move back. A head of keys and values
    that several heads of queries share hears the sum of what they say, as `Repeat` has it.

    Examples
    --------
    >>> from handgrad import ScaledDotProductAttention
    >>> zero, one = [[0.0, 0.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]
    >>> causal = ScaledDotProductAttention(causal=True)
    >>> layer = MultiHeadAttention(Wq=zero, Wk=one, Wv=one, Wo=one, heads=2, attention=causal)
    >>> layer.forward([[1.0, 4.0], [3.0, 8.0]])
    array([[1., 4.],
           [2., 6.]])
    >>> layer.backward([[1.0, 0.0], [0.0, 1.0]])
    array([[1. , 0.5],
           [0. , 0.5]])
    >>> layer.dWq
    array([[ 0., 12.],
           [ 0., 32.]])

    References
    ----------
    Vaswani et al., Attention Is All You Need (2017), section 3.2.2; Ainslie et al., GQA: Training Generalized
    Multi-Query Transformer Models from Multi-Head Checkpoints (2023)
    """

    Wq: Array  # (D, H A)
    Wk: Array  # (C, K A)
    Wv: Array  # (C, K B)
    Wo: Array  # (H B, M)
    bq: Array | None  # (H A,)
    bk: Array | None  # (K A,)
    bv: Array | None  # (K B,)
    bo: Array | None  # (M,)
    heads: int
    key_heads: int
    attention: ScaledDotProductAttention
    rope: Rope | None
    projected: tuple[Heads, ...]  # q, k and v
    ran: ScaledDotProductAttention  # a
    output: Affine
    hears: Counts  # (..., T, 1) which queries attend to anything
    dtypes: dict[str, np.dtype[Any]]  # those of x, of a context, if one was given, and of the params
    out_shape: Shape

    def __init__(
        self,
        Wq: npt.ArrayLike,
        Wk: npt.ArrayLike,
        Wv: npt.ArrayLike,
        Wo: npt.ArrayLike,
        bq: npt.ArrayLike | None = None,
        bk: npt.ArrayLike | None = None,
        bv: npt.ArrayLike | None = None,
        bo: npt.ArrayLike | None = None,
        *,
        heads: int,
        key_heads: int | None = None,
        attention: ScaledDotProductAttention | None = None,
        rope: Rope | None = None,
    ) -> None:
        given = dict(zip(PARAMS, (Wq, Wk, Wv, Wo, bq, bk, bv, bo), strict=True))
        for name, param in given.items():
            setattr(self, name, None if param is None else floating("MultiHeadAttention", name, param))
        self.heads, self.key_heads = heads, heads if key_heads is None else key_heads
        self.attention, self.rope = attention or ScaledDotProductAttention(), rope
        _params("MultiHeadAttention", self)

    @property
    def params(self) -> tuple[str, ...]:
        """Name the matrices, and those of the biases that were given."""
        return tuple(name for name in PARAMS if getattr(self, name) is not None)

    @ieee
    def forward(
        self,
        x: npt.ArrayLike,
        context: npt.ArrayLike | None = None,
        bias: npt.ArrayLike | None = None,
        *,
        mask: Mask = None,
        key_mask: Mask = None,
        query_mask: Mask = None,
        keep: Mask = None,
        positions: npt.ArrayLike | None = None,
    ) -> Array:
        """Attend from x to the context, or to x. Raises ValueError and TypeError for what does not fit."""
        where = "MultiHeadAttention.forward"
        params = _params(where, self)
        arrays = _inputs(where, params, {"x": x, "context": context, "bias": bias})
        x, c, bias = arrays["x"], arrays.get("context", arrays["x"]), arrays.get("bias")
        shape, at = _shape_of_pairs(where, x, c), _positions(where, self.rope, positions, x)
        counts = self.attention.pairs(where, shape, mask, key_mask, query_mask)
        hears, heard = attending(counts, shape), attended(counts, shape)
        x, c = rows_in_use(hears, wide(x)), rows_in_use(heard, wide(c))
        (queries, keys, values), attention, output = self._parts(params)
        # q = x Wq + bq, k = c Wk + bk, v = c Wv + bv, a = the heads' attention, out = a Wo + bo
        q, v = queries.forward(x, _in_use(hears, at)), values.forward(c)
        k = keys.forward(c, _in_use(heard, at) if context is None else None)
        a = attention.forward(q, k, v, bias, mask=_for_each_head(counts), keep=keep)
        out = selected(hears, output.forward(side_by_side(a)), 0)
        self.projected, self.ran, self.output, self.hears = (queries, keys, values), attention, output, hears
        self.dtypes, self.out_shape = {name: each.dtype for name, each in (arrays | params).items()}, out.shape
        return np.asarray(out, np.result_type(*self.dtypes.values()))

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array | tuple[Array, ...]:
        """Return dx, and dcontext and dbias behind it if those were given; leave the gradients of the params."""
        dout = upstream(self, dout)
        dout = selected(self.hears, dout, 0)
        queries, keys, values = self.projected
        # da = dout Woᵀ, dx = dq Wqᵀ, dc = dk Wkᵀ + dv Wvᵀ
        da = self.output.backward(dout)
        dq, dk, dv, *dbias = self.ran.backward(cut(da, queries.heads))
        dx, dc = queries.backward(dq), keys.backward(dk) + values.backward(dv)
        for each, part in zip("qkvo", (*(heads.affine for heads in self.projected), self.output), strict=True):
            self._leave(f"W{each}", part.dW)
            self._leave(f"b{each}", part.db)
        of_sequences = {"x": dx, "context": dc} if "context" in self.dtypes else {"x": dx + dc}
        grads = (*(np.asarray(grad, self.dtypes[name]) for name, grad in of_sequences.items()), *dbias)
        return grads if len(grads) > 1 else grads[0]

    def _parts(self, params: dict[str, Array]) -> tuple[tuple[Heads, ...], ScaledDotProductAttention, Affine]:
        """Make the layers that it is made of, anew for each forward."""
        H, K, rope = self.heads, self.key_heads, self.rope
        to_q, to_k, to_v, output = (affine_map(params[f"W{each}"], params.get(f"b{each}")) for each in "qkvo")
        projected = Heads(to_q, H, 1, rope), Heads(to_k, K, H // K, rope), Heads(to_v, K, H // K)
        return projected, copy.copy(self.attention), output

    def _leave(self, name: str, grad: Array) -> None:
        if name in self.dtypes:
            setattr(self, f"d{name}", np.asarray(grad, self.dtypes[name]))


def _params(where: str, layer: MultiHeadAttention) -> dict[str, Array]:
    """Give the params that there are, by name. Raises ValueError unless they fit each other."""
    H, K = whole_number(where, "heads", layer.heads), whole_number(where, "key_heads", layer.key_heads)
    if H < 1 or K < 1 or H % K:
        because = "as many heads of queries share each head of keys"
        raise ValueError(f"{where}: heads is {H} and key_heads is {K}; expected a multiple of it, because {because}")
    params = {name: floating(where, name, getattr(layer, name)) for name in layer.params}
    for name in PARAMS[:4]:
        if params[name].ndim != 2:
            raise shape_error(where, name, params[name].shape, "(D, M)", "it maps D numbers to M")
    expected = _shapes(H, K, *(params[name].shape for name in PARAMS[:4]))
    because = f"heads is {H}, key_heads is {K}, Wq.shape is {params['Wq'].shape} and Wv.shape is {params['Wv'].shape}"
    for name, each in params.items():
        if each.shape != expected[name]:
            raise shape_error(where, name, each.shape, expected[name], because)
    return params


def _shapes(H: int, K: int, Wq: Shape, Wk: Shape, Wv: Shape, Wo: Shape) -> dict[str, Shape]:
    """Tell which shapes fit: as many numbers in each head of queries and keys, and as many in each of values."""
    A, B = Wq[1] // H, Wv[1] // K
    matrices = {"Wq": (Wq[0], H * A), "Wk": (Wk[0], K * A), "Wv": (Wk[0], K * B), "Wo": (H * B, Wo[1])}
    return matrices | {f"b{name[1]}": shape[1:] for name, shape in matrices.items()}


def _inputs(where: str, params: dict[str, Array], inputs: dict[str, Any]) -> dict[str, Array]:
    """Give the inputs that there are, by name. Raises ValueError unless the sequences fit the params."""
    given = {name: each for name, each in inputs.items() if each is not None}
    arrays = dict(zip(given, floating_together(where, **given), strict=True))
    for name, W in (("x", "Wq"), ("context" if "context" in arrays else "x", "Wk")):
        shape, rows = arrays[name].shape, len(params[W])
        if len(shape) < 2 or shape[-1] != rows:
            length = "T" if name == "x" else "S"
            raise shape_error(where, name, shape, f"(..., {length}, {rows})", f"{W}.shape is {params[W].shape}")
    return arrays


def _shape_of_pairs(where: str, x: Array, c: Array) -> Shape:
    try:
        batch = np.broadcast_shapes(x.shape[:-2], c.shape[:-2])
    except ValueError:
        raise shape_error(where, "context", c.shape, "leading axes that broadcast", f"x.shape is {x.shape}") from None
    return (*batch, x.shape[-2], c.shape[-2])


def _for_each_head(counts: Counts) -> npt.NDArray[np.bool_] | None:
    """Give pairs that count an axis for the heads."""
    return None if isinstance(counts, bool) else counts[..., np.newaxis, :, :]


def _in_use(counts: Counts, positions: Array | None) -> Array | None:
    """Give positions with 0 in the place of those of rows that are not in use, which may be NaN."""
    if positions is None or isinstance(counts, bool):
        return positions
    return selected(counts[..., np.newaxis, :, 0], positions, 0)


def _positions(where: str, rope: Rope | None, positions: npt.ArrayLike | None, x: Array) -> Array | None:
    """Give positions, if there are some, the same for all heads."""
    if positions is None:
        return None
    if rope is None:
        raise TypeError(f"{where}: positions are given; expected none, because there is no rope that turns by them")
    array = floating(where, "positions", positions)
    broadcast_to(where, "positions", array, x.shape[:-1], f"x.shape is {x.shape}")
    return np.atleast_1d(array)[..., np.newaxis, :]
