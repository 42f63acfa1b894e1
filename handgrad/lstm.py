"""The recurrent layer with a cell (LSTM): what it remembers goes from step to step through gates alone."""

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, Shape, ieee
from handgrad.functions import sigmoid
from handgrad.through_time import Unrolled, as_params, heard, parts_of, transposed, unrolled

PARTS = 4  # f, g, i and o, in the order of the second book


class Lstm:
    """Remember behind gates, c_t = f ⊙ c_{t-1} + i ⊙ g, h_t = o ⊙ tanh(c_t): out = ([h_1 ... h_T], h_T, c_T).

    Shapes
    ------
    x, dx : (..., T, D)      h0, dh0, c0, dc0 : (..., H), or any that broadcast to it      mask : booleans (..., T)
    Wx, dWx : (D, 4 H)      Wh, dWh : (H, 4 H)      b, db : (4 H,)
    out, dout : hs (..., T, H), h (..., H) and c (..., H)

    The columns of the params are those of f, g, i and o, H of each: the gate that forgets, what is new, the gate that
    lets it in, and the gate that lets the cell out. First states are 0 unless they are given.

    Derivation
    ----------
    Write a_t = x_t Wx + h_{t-1} Wh + b, whose columns are [a_f, a_g, a_i, a_o], and in step t f = σ(a_f),
    g = tanh(a_g), i = σ(a_i) and o = σ(a_o). Nudge everything. By the product rule, with the slopes of σ (`Sigmoid`)
    and of tanh (`Tanh`),

        δh_t = tanh(c_t) ⊙ δo + o ⊙ (1 - tanh(c_t)²) ⊙ δc_t
        δc_t = c_{t-1} ⊙ δf + i ⊙ δg + g ⊙ δi + f ⊙ δc_{t-1}
        δf = f ⊙ (1 - f) ⊙ δa_f      δg = (1 - g²) ⊙ δa_g      and δi and δo as δf
        δa_t = δx_t Wx + x_t δWx + δh_{t-1} Wh + h_{t-1} δWh + δb

    Take the inner product with dout, which is dhs = [dhs_1 ... dhs_T], dh and dc:

        ⟨dout, δout⟩ = Σ_t ⟨dhs_t, δh_t⟩ + ⟨dh, δh_T⟩ + ⟨dc, δc_T⟩

    Free the nudges of the last step first, line by line. Beside δh_T stands dh_T = dhs_T + dh. Through tanh(c_T)
    it comes on top of what stands beside δc_T, and from there it goes on to the gates:

        dc_T = dc + dh_T ⊙ o ⊙ (1 - tanh(c_T)²)
        df = dc_T ⊙ c_{T-1}      dg = dc_T ⊙ i      di = dc_T ⊙ g      do = dh_T ⊙ tanh(c_T)
        da_T = [df ⊙ f ⊙ (1 - f), dg ⊙ (1 - g²), di ⊙ i ⊙ (1 - i), do ⊙ o ⊙ (1 - o)]

        ⟨dh_T, δh_T⟩ + ⟨dc, δc_T⟩ = ⟨da_T, δa_T⟩ + ⟨dc_T ⊙ f, δc_{T-1}⟩

    What is left in δa_T of the step before is δh_{T-1}, with da_T Whᵀ beside it. So the last nudges of states are
    δh_{T-1} and δc_{T-1} now, and it goes on, to the first step: da_{t+1} Whᵀ comes on top of dhs_t, in the place of
    dh, and dc_{t+1} ⊙ f_{t+1} takes that of dc,

    so that dx_t = da_t Wxᵀ, dh0 = da_1 Whᵀ, dc0 = dc_1 ⊙ f_1, dWx = Σ_t x_tᵀ da_t, dWh = Σ_t h_{t-1}ᵀ da_t and
    db = Σ_t da_t, over all rows of a batch, too. From step to step, dc is multiplied by nothing but f: as long as the
    gate is open it goes back as it came, over however many steps.

    A step that does not count carries both states over, and shows 0. It is inert, whatever it holds, wherever it is;
    dhs_t is ignored, and dh and dc go back over it as they came (`handgrad.through_time`).

    PyTorch's columns are in the order i, f, g, o. With I, F, G, O = np.split(weight_ih.T, 4, axis=1), the weights of
    its `LSTM` are Wx = np.hstack([F, G, I, O]), and Wh and b of weight_hh.T and bias_ih + bias_hh alike.

    Examples
    --------
    >>> lstm = Lstm(Wx=[[0.0, 1.0, 0.0, 0.0]], Wh=[[0.0, 0.0, 0.0, 0.0]], b=[99.0, 0.0, 99.0, 99.0])
    >>> hs, h, c = lstm.forward([[0.5], [0.25]])
    >>> hs
    array([[0.43180818],
           [0.60881471]])
    >>> c
    array([0.70703582])
    >>> lstm.backward([[0.0], [0.0]], [0.0], [1.0])
    array([[0.78644773],
           [0.94001485]])
    >>> lstm.dWx
    array([[0.        , 0.62822758, 0.        , 0.        ]])

    References
    ----------
    Hochreiter and Schmidhuber, Long Short-Term Memory (1997); Gers, Schmidhuber and Cummins, Learning to Forget:
    Continual Prediction with LSTM (2000)
    """

    params = ("Wx", "Wh", "b")

    Wx: Array  # (D, 4 H)
    Wh: Array  # (H, 4 H)
    b: Array  # (4 H,)
    run: Unrolled  # x, as forward went through it
    hs: Array  # (T + 1, N, H)  the states, from h0 on
    cs: Array  # (T + 1, N, H)  the cells, from c0 on
    gates: Array  # (4, T, N, H)  f, g, i and o
    dWx: Array  # (D, 4 H)   left by backward
    dWh: Array  # (H, 4 H)
    db: Array  # (4 H,)
    out_shapes: tuple[Shape, ...]

    def __init__(self, Wx: npt.ArrayLike, Wh: npt.ArrayLike, b: npt.ArrayLike) -> None:
        self.Wx, self.Wh, self.b = as_params("Lstm", PARTS, Wx=Wx, Wh=Wh, b=b).values()

    @ieee
    def forward(
        self,
        x: npt.ArrayLike,
        h0: npt.ArrayLike | None = None,
        c0: npt.ArrayLike | None = None,
        *,
        mask: npt.ArrayLike | None = None,
    ) -> tuple[Array, ...]:
        """Compute all h_t, the last of them, and the last cell. Raises ValueError for what does not fit."""
        run, a, (hs, cs) = unrolled("Lstm.forward", self, PARTS, mask, x=x, h0=h0, c0=c0)
        f, g, i, o = gates = np.empty((PARTS, len(a), *hs.shape[1:]), hs.dtype)
        for t in range(len(a)):
            a_f, a_g, a_i, a_o = parts_of(a[t] + hs[t] @ run.Wh, PARTS)
            f[t], g[t], i[t], o[t] = sigmoid(a_f), np.tanh(a_g), sigmoid(a_i), sigmoid(a_o)
            # c_t = f c_{t-1} + i g, h_t = o tanh(c_t)
            c = f[t] * cs[t] + i[t] * g[t]
            h = o[t] * np.tanh(c)
            cs[t + 1], hs[t + 1] = run.carried(t, c, cs[t]), run.carried(t, h, hs[t])
        out = run.outputs(hs, cs)
        self.run, self.hs, self.cs, self.gates = run, hs, cs, gates
        self.out_shapes = tuple(each.shape for each in out)
        return out

    @ieee
    def backward(self, *douts: npt.ArrayLike) -> Array | tuple[Array, ...]:
        """Return dx, and dh0 and dc0 behind it if those were given; leave dWx, dWh and db."""
        dhs, dh, dc = heard(self, douts)
        run, hs, cs, (f, g, i, o) = self.run, self.hs, self.cs, self.gates
        da, WhT = np.empty((*dhs.shape[:-1], run.Wh.shape[1]), dhs.dtype), transposed(run.Wh)
        da_f, da_g, da_i, da_o = parts_of(da, PARTS)
        for t in reversed(range(len(da))):
            tanh = np.tanh(cs[t + 1])
            # dh_t = dhs_t + da_{t+1} Whᵀ, dc_t = dc_{t+1} f_{t+1} + dh_t o (1 - tanh(c_t)²)
            dh = dhs[t] + dh
            dc_t = dc + dh * o[t] * (1 - tanh) * (1 + tanh)
            # da_t = [dc_t c_{t-1} f (1 - f), dc_t i (1 - g²), dc_t g i (1 - i), dh_t tanh(c_t) o (1 - o)]
            da_f[t] = dc_t * cs[t] * f[t] * (1 - f[t])
            da_g[t] = dc_t * i[t] * (1 - g[t]) * (1 + g[t])
            da_i[t] = dc_t * g[t] * i[t] * (1 - i[t])
            da_o[t] = dh * tanh * o[t] * (1 - o[t])
            dh, dc = run.carried(t, da[t] @ WhT, dh), run.carried(t, dc_t * f[t], dc)
        # dWh = Σ_t h_{t-1}ᵀ da_t
        return run.finish(self, da, run.product(hs[:-1], da), h0=dh, c0=dc)
