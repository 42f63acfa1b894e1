"""Biases of attention that grow with the distance (ALiBi): who is far away has to be louder."""

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, Shape, Spec, double, floating, ieee, shape_error, sum_to, upstream, whole_number


class Alibi:
    """Give each head a bias against distance: out_hts = -slope_h |p_t - p_s|, for a query at p_t and a key at p_s.

    Shapes
    ------
    slopes, dslopes : (H,)      query_positions : p_t (..., T)      key_positions : p_s (..., S)
    out, dout : (..., H, T, S), as `ScaledDotProductAttention` adds it to its scores

    Derivation
    ----------
    Write r_ts = |p_t - p_s| for the distances. Nudge the slopes. Each is in all biases of its head,

        δout_hts = -r_ts δslope_h

    Take the inner product with dout, and collect what belongs to one head:

        ⟨dout, δout⟩ = Σ_h (-Σ dout_hts r_ts) δslope_h

    so that dslope_h = -Σ dout_hts r_ts, summed over all pairs: far ones have the larger say. Positions have no
    gradient.

    Leading axes of positions broadcast. `slopes_of` gives the slopes of the paper, which are not trained there.

    Examples
    --------
    >>> import numpy as np
    >>> alibi = Alibi(slopes=[1.0, 0.5])
    >>> alibi.forward([0, 2], [0, 1, 2])
    array([[[-0. , -1. , -2. ],
            [-2. , -1. , -0. ]],
    <BLANKLINE>
           [[-0. , -0.5, -1. ],
            [-1. , -0.5, -0. ]]])
    >>> alibi.backward(np.ones((2, 2, 3)))
    >>> alibi.dslopes
    array([-6., -6.])

    References
    ----------
    Press, Smith and Lewis, Train Short, Test Long: Attention with Linear Biases Enables Input Length Extrapolation
    (2021)
    """

    params = ("slopes",)

    slopes: Array  # (H,)
    distances: Array  # (..., T, S)
    used: Spec  # of the slopes as forward used them, on axes for heads, queries and keys
    dslopes: Array  # (H,)  left by backward
    out_shape: Shape

    def __init__(self, slopes: npt.ArrayLike) -> None:
        self.slopes = _slopes("Alibi", slopes)

    @ieee
    def forward(self, query_positions: npt.ArrayLike, key_positions: npt.ArrayLike) -> Array:
        """Compute the biases. Raises ValueError if the leading axes of the positions do not broadcast."""
        slopes = _slopes("Alibi.forward", self.slopes)[:, np.newaxis, np.newaxis]
        distances = _distances(query_positions, key_positions)
        out = np.asarray(-slopes * distances[..., np.newaxis, :, :], slopes.dtype)
        self.distances, self.used, self.out_shape = distances, Spec(slopes.shape, slopes.dtype), out.shape
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> None:
        """Leave dslopes."""
        dout = upstream(self, dout)
        self.dslopes = sum_to(-dout * self.distances[..., np.newaxis, :, :], self.used).reshape(-1)


def slopes_of(heads: int) -> Array:
    """Give the slopes of the paper: 2^(-8/n), 2^(-16/n), ..., 2^(-8) for n heads, a power of two.

    For another number, those of the next lower power n come first, and behind them the first, the third and so on of
    those of 2 n, which lie between them, as the authors' program has it.

    Examples
    --------
    >>> slopes_of(4)
    array([0.25      , 0.0625    , 0.015625  , 0.00390625])
    >>> slopes_of(6)
    array([0.25      , 0.0625    , 0.015625  , 0.00390625, 0.5       ,
           0.125     ])
    """
    heads = whole_number("slopes_of", "heads", heads)
    if heads < 1:
        raise ValueError(f"slopes_of: heads is {heads}; expected 1 or more, because each has a slope")
    n = 2 ** (heads.bit_length() - 1)
    between = np.arange(1, 2 * (heads - n), 2) / 2
    return 2.0 ** (-8 / n * np.concatenate([np.arange(1, n + 1), between]))


def _distances(query_positions: npt.ArrayLike, key_positions: npt.ArrayLike) -> Array:
    p_t = _positions("query_positions", query_positions)
    p_s = _positions("key_positions", key_positions)
    try:
        return np.abs(p_t[..., :, np.newaxis] - p_s[..., np.newaxis, :])
    except ValueError:
        where, because = "Alibi.forward", f"query_positions.shape is {p_t.shape}"
        raise shape_error(where, "key_positions", p_s.shape, "leading axes that broadcast", because) from None


def _positions(name: str, positions: npt.ArrayLike) -> Array:
    array = double(floating("Alibi.forward", name, positions))
    if array.ndim == 0:
        raise shape_error("Alibi.forward", name, array.shape, "one axis or more", "it has a number for each place")
    return array


def _slopes(where: str, slopes: npt.ArrayLike) -> Array:
    array = floating(where, "slopes", slopes)
    if array.ndim != 1:
        raise shape_error(where, "slopes", array.shape, "(H,)", "each of H heads has one")
    return array
