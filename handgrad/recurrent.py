"""The recurrent layer of one product (RNN): its state is all that it remembers."""

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, Shape, ieee
from handgrad.through_time import Unrolled, as_params, heard, transposed, unrolled


class Rnn:
    """Hand a state from step to step, h_t = tanh(x_t Wx + h_{t-1} Wh + b): out = ([h_1 ... h_T], h_T).

    Shapes
    ------
    x, dx : (..., T, D)      h0, dh0 : (..., H), or any that broadcast to it      mask : booleans (..., T)
    Wx, dWx : (D, H)      Wh, dWh : (H, H)      b, db : (H,)
    out, dout : hs (..., T, H) and h (..., H)

    The first state h0 is 0 unless it is given.

    Derivation
    ----------
    Write a_t = x_t Wx + h_{t-1} Wh + b. Nudge everything. By the product rule, and because tanh has the slope
    1 - h_t² (`Tanh`),

        δh_t = (1 - h_t²) ⊙ δa_t      δa_t = δx_t Wx + x_t δWx + δh_{t-1} Wh + h_{t-1} δWh + δb

    Take the inner product with dout, which is dhs = [dhs_1 ... dhs_T] and dh:

        ⟨dout, δout⟩ = Σ_t ⟨dhs_t, δh_t⟩ + ⟨dh, δh_T⟩

    Free the last nudge of a state first. Beside it stands dh_T = dhs_T + dh, and with da_T = dh_T ⊙ (1 - h_T²)

        ⟨dh_T, δh_T⟩ = ⟨da_T, δa_T⟩ = ⟨da_T Wxᵀ, δx_T⟩ + ⟨x_Tᵀ da_T, δWx⟩
                                      + ⟨da_T Whᵀ, δh_{T-1}⟩ + ⟨h_{T-1}ᵀ da_T, δWh⟩ + ⟨da_T, δb⟩

    in which δh_{T-1} is the last one now, and so on to δh_0. So for all steps, from the last to the first,

        dh_t = dhs_t + da_{t+1} Whᵀ      da_t = dh_t ⊙ (1 - h_t²)

    so that dx_t = da_t Wxᵀ, dh0 = da_1 Whᵀ, dWx = Σ_t x_tᵀ da_t, dWh = Σ_t h_{t-1}ᵀ da_t and db = Σ_t da_t, over all
    rows of a batch, too. A first state that is broadcast hears from all sequences.

    A step that does not count carries the state over, and shows 0: h_t = h_{t-1} and hs_t = 0. It is inert, whatever
    it holds, wherever it stands; dhs_t is ignored, and dh_{t-1} = dh_t (`handgrad.through_time`).

    The weights of PyTorch's `RNN` are Wx = weight_ih.T, Wh = weight_hh.T and b = bias_ih + bias_hh.

    Examples
    --------
    >>> rnn = Rnn(Wx=[[1.0]], Wh=[[2.0]], b=[0.0])
    >>> hs, h = rnn.forward([[0.0], [0.5], [0.0]])
    >>> hs
    array([[0.        ],
           [0.46211716],
           [0.7278944 ]])
    >>> h
    array([0.7278944])
    >>> rnn.backward([[0.0], [0.0], [1.0]])
    array([[1.47905569],
           [0.73952785],
           [0.47016974]])
    >>> rnn.dWh
    array([[0.2172735]])

    References
    ----------
    Elman, Finding Structure in Time (1990)
    """

    params = ("Wx", "Wh", "b")

    Wx: Array  # (D, H)
    Wh: Array  # (H, H)
    b: Array  # (H,)
    run: Unrolled  # x, as forward went through it
    hs: Array  # (T + 1, N, H)  the states, from h0 on
    dWx: Array  # (D, H)   left by backward
    dWh: Array  # (H, H)
    db: Array  # (H,)
    out_shapes: tuple[Shape, ...]

    def __init__(self, Wx: npt.ArrayLike, Wh: npt.ArrayLike, b: npt.ArrayLike) -> None:
        self.Wx, self.Wh, self.b = as_params("Rnn", 1, Wx=Wx, Wh=Wh, b=b).values()

    @ieee
    def forward(
        self, x: npt.ArrayLike, h0: npt.ArrayLike | None = None, *, mask: npt.ArrayLike | None = None
    ) -> tuple[Array, ...]:
        """Compute all states, and the last one. Raises ValueError for what does not fit."""
        run, a, (hs,) = unrolled("Rnn.forward", self, 1, mask, x=x, h0=h0)
        for t in range(len(a)):
            # h_t = tanh(x_t Wx + h_{t-1} Wh + b)
            h = np.tanh(a[t] + hs[t] @ run.Wh)
            hs[t + 1] = run.carried(t, h, hs[t])
        out = run.outputs(hs)
        self.run, self.hs, self.out_shapes = run, hs, tuple(each.shape for each in out)
        return out

    @ieee
    def backward(self, *douts: npt.ArrayLike) -> Array | tuple[Array, ...]:
        """Return dx, and dh0 behind it if h0 was given; leave dWx, dWh and db."""
        dhs, dh = heard(self, douts)
        run, hs = self.run, self.hs
        da, WhT = np.empty_like(dhs), transposed(self.run.Wh)
        for t in reversed(range(len(da))):
            # dh_t = dhs_t + da_{t+1} Whᵀ, da_t = dh_t (1 - h_t²)
            dh = dhs[t] + dh
            da[t] = dh * (1 - hs[t + 1]) * (1 + hs[t + 1])
            dh = run.carried(t, da[t] @ WhT, dh)
        # dWh = Σ_t h_{t-1}ᵀ da_t
        return run.finish(self, da, run.product(hs[:-1], da), h0=dh)
