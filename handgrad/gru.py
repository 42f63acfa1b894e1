"""The recurrent layer whose state is its memory (GRU): gates choose how much of it to keep, and to hear."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, Shape, floating, ieee, long_sum, shape_error, wide
from handgrad.counting import selected
from handgrad.functions import sigmoid
from handgrad.through_time import Unrolled, as_params, heard, parts_of, transposed, unrolled

PARTS = 3  # z, r and n, in the order of the second book


class Gru:
    """Replace as much of the state as a gate says, h_t = (1 - z) ⊙ h_{t-1} + z ⊙ n: out = ([h_1 ... h_T], h_T).

    Shapes
    ------
    x, dx : (..., T, D)      h0, dh0 : (..., H), or any that broadcast to it      mask : booleans (..., T)
    Wx, dWx : (D, 3 H)      Wh, dWh : (H, 3 H)      b, db : (3 H,)      bh, dbh : (H,)
    out, dout : hs (..., T, H) and h (..., H)

    The columns of the params are those of z, r and n, H of each: the gate that replaces, the gate that resets, and
    what is new. What is new hears of the state through r. That stands before the product with Wh, as in the second
    book, or, with reset="after", behind it. Only then the product has a bias of its own, bh, which may be left out.
    The first state is 0 unless it is given.

    Derivation
    ----------
    Write h for h_{t-1}, W for the columns of n in Wh, V for those of z and r, and v for what n hears of h:

        v = (r ⊙ h) W      or, with reset="after",      v = r ⊙ u where u = h W + bh

    So a_t = x_t Wx + [h V, v] + b, whose columns are [a_z, a_r, a_n], and z = σ(a_z), r = σ(a_r) and n = tanh(a_n).
    Nudge everything. By the product rule, with the slopes of σ (`Sigmoid`) and of tanh (`Tanh`),

        δh_t = (n - h) ⊙ δz + z ⊙ δn + (1 - z) ⊙ δh
        δz = z ⊙ (1 - z) ⊙ δa_z      δn = (1 - n²) ⊙ δa_n      δr = r ⊙ (1 - r) ⊙ δa_r
        δa_t = δx_t Wx + x_t δWx + [δh V + h δV, δv] + δb
        δv = (h ⊙ δr + r ⊙ δh) W + (r ⊙ h) δW      or      δv = u ⊙ δr + r ⊙ δu, δu = δh W + h δW + δbh

    Take the inner product with dout, which is dhs = [dhs_1 ... dhs_T] and dh:

        ⟨dout, δout⟩ = Σ_t ⟨dhs_t, δh_t⟩ + ⟨dh, δh_T⟩

    Free the nudges of the last step first, line by line. With dh_T = dhs_T + dh, which stands beside δh_T,

        da_z = dh_T ⊙ (n - h) ⊙ z ⊙ (1 - z)      da_n = dh_T ⊙ z ⊙ (1 - n²)      da_r = dr ⊙ r ⊙ (1 - r)

    Beside δv stands da_n, from which dr comes, and what h hears through n:

        q = da_n Wᵀ, dr = h ⊙ q, dh = r ⊙ q      or      du = r ⊙ da_n, dr = u ⊙ da_n, dh = du Wᵀ

    What is left is δh, which is δh_{T-1}. Beside it stands dh_T ⊙ (1 - z) for what is kept, [da_z, da_r] Vᵀ for the
    gates, and this dh for what is new. The sum of the three takes the place of dh one step earlier. So it goes on, to
    the first step,

    so that dx_t = da_t Wxᵀ, dh0 is the sum of the three in step 1, dWx = Σ_t x_tᵀ da_t, db = Σ_t da_t,
    dV = Σ_t h_{t-1}ᵀ [da_z, da_r] and dW = Σ_t (r ⊙ h_{t-1})ᵀ da_n, or dW = Σ_t h_{t-1}ᵀ du and dbh = Σ_t du. As long
    as the gate replaces nothing, z = 0, dh goes back as it came.

    A step that does not count carries the state over, and shows 0. It is inert, whatever it holds, wherever it is;
    dhs_t is ignored, and dh goes back over it as it came (`handgrad.through_time`).

    PyTorch's columns are in the order r, z, n, its reset is "after", and its z says what to keep. That is 1 - z, and
    1 - σ(a) = σ(-a). With R, Z, N = np.split(weight_ih.T, 3, axis=1), the weights of its `GRU` are
    Wx = np.hstack([-Z, R, N]), Wh of weight_hh.T alike and, with r, z, n for the parts of bias_ih and r', z', n' for
    those of bias_hh, b = np.hstack([-z - z', r + r', n]) and bh = n'.

    Examples
    --------
    >>> gru = Gru(Wx=[[0.0, 0.0, 1.0]], Wh=[[0.0, 0.0, 2.0]], b=[0.0, 0.0, 0.0])
    >>> hs, h = gru.forward([[0.0], [0.0]], h0=[1.0])
    >>> hs
    array([[0.88079708],
           [0.79380774]])
    >>> gru.backward([[0.0], [1.0]])
    (array([[0.15753319],
           [0.25020387]]), array([0.53263512]))

    References
    ----------
    Cho et al., Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation (2014)
    """

    Wx: Array  # (D, 3 H)
    Wh: Array  # (H, 3 H)
    b: Array  # (3 H,)
    bh: Array | None  # (H,)
    reset: str
    run: Unrolled  # x, as forward went through it
    used: "ResetBefore | ResetAfter"  # the reset as forward used it
    hs: Array  # (T + 1, N, H)  the states, from h0 on
    parts: Array  # (3, T, N, H)  z, r and n
    dWx: Array  # (D, 3 H)   left by backward
    dWh: Array  # (H, 3 H)
    db: Array  # (3 H,)
    dbh: Array  # (H,)   if there is bh
    out_shapes: tuple[Shape, ...]

    def __init__(
        self,
        Wx: npt.ArrayLike,
        Wh: npt.ArrayLike,
        b: npt.ArrayLike,
        bh: npt.ArrayLike | None = None,
        *,
        reset: str = "before",
    ) -> None:
        self.Wx, self.Wh, self.b = as_params("Gru", PARTS, Wx=Wx, Wh=Wh, b=b).values()
        self.bh, self.reset = None if bh is None else floating("Gru", "bh", bh), reset
        _reset("Gru", reset, self.Wh, self.bh)

    @property
    def params(self) -> tuple[str, ...]:
        """Name the params, with bh among them if it was given."""
        return ("Wx", "Wh", "b") if self.bh is None else ("Wx", "Wh", "b", "bh")

    @ieee
    def forward(
        self, x: npt.ArrayLike, h0: npt.ArrayLike | None = None, *, mask: npt.ArrayLike | None = None
    ) -> tuple[Array, ...]:
        """Compute all states, and the last one. Raises ValueError for what does not fit."""
        run, a, (hs,) = unrolled("Gru.forward", self, PARTS, mask, x=x, h0=h0)
        reset, V = _reset("Gru.forward", self.reset, run.Wh, self.bh), _of_gates(run.Wh)
        z, r, n = parts = np.empty((PARTS, len(a), *hs.shape[1:]), hs.dtype)
        for t in range(len(a)):
            h, (_, _, x_n) = hs[t], parts_of(a[t], PARTS)
            z[t], r[t] = parts_of(sigmoid(_of_gates(a[t]) + h @ V), 2)
            n[t] = np.tanh(x_n + reset.hears(h, r[t]))
            # h_t = (1 - z) h_{t-1} + z n
            hs[t + 1] = run.carried(t, (1 - z[t]) * h + z[t] * n[t], h)
        out = run.outputs(hs)
        self.run, self.used, self.hs, self.parts = run, reset, hs, parts
        self.out_shapes = tuple(each.shape for each in out)
        return out

    @ieee
    def backward(self, *douts: npt.ArrayLike) -> Array | tuple[Array, ...]:
        """Return dx, and dh0 behind it if h0 was given; leave dWx, dWh and db, and dbh if there is bh."""
        dhs, dh = heard(self, douts)
        run, reset, hs, (z, r, n) = self.run, self.used, self.hs, self.parts
        da, VT = np.empty((*dhs.shape[:-1], run.Wh.shape[1]), dhs.dtype), transposed(_of_gates(run.Wh))
        da_z, da_r, da_n = parts_of(da, PARTS)
        for t in reversed(range(len(da))):
            h, dh = hs[t], dhs[t] + dh
            # da_z = dh (n - h) z (1 - z), da_n = dh z (1 - n²), da_r = dr r (1 - r)
            da_z[t] = dh * (n[t] - h) * z[t] * (1 - z[t])
            da_n[t] = dh * z[t] * (1 - n[t]) * (1 + n[t])
            dr, of_new = reset.back(h, r[t], da_n[t])
            da_r[t] = dr * r[t] * (1 - r[t])
            # dh_{t-1} = dhs_{t-1} + dh (1 - z) + [da_z, da_r] Vᵀ + what goes back through n
            dh = run.carried(t, dh * (1 - z[t]) + _of_gates(da[t]) @ VT + of_new, dh)
        # dV = Σ_t hᵀ [da_z, da_r], dW = Σ_t (r h)ᵀ da_n or Σ_t hᵀ du, dbh = Σ_t du
        left, right = reset.factors(hs[:-1], r, da_n)
        dWh = np.hstack([run.product(hs[:-1], _of_gates(da)), run.product(left, right)])
        if "bh" in run.dtypes:
            self.dbh = np.asarray(long_sum(selected(run.counts, right, 0), (0, 1)), run.dtypes["bh"])
        return run.finish(self, da, dWh, h0=dh)


class ResetBefore(NamedTuple):
    """What is new hears of the state by v = (r ⊙ h) W."""

    W: Array  # (H, H)

    def hears(self, h: Array, r: Array) -> Array:
        """Compute v."""
        return (r * h) @ self.W

    def back(self, h: Array, r: Array, da: Array) -> tuple[Array, Array]:
        """Give dr, and what h hears."""
        q = da @ self.W.T
        return h * q, r * q

    def factors(self, h: Array, r: Array, da: Array) -> tuple[Array, Array]:
        """Give what is multiplied by W, and what goes back to the product: dW is made of both."""
        return r * h, da


class ResetAfter(NamedTuple):
    """What is new hears of the state by v = r ⊙ u with u = h W + bh."""

    W: Array  # (H, H)
    bh: Array | float  # (H,), or 0

    def hears(self, h: Array, r: Array) -> Array:
        """Compute v."""
        return r * (h @ self.W + self.bh)

    def back(self, h: Array, r: Array, da: Array) -> tuple[Array, Array]:
        """Give dr, and what h hears."""
        return (h @ self.W + self.bh) * da, (r * da) @ self.W.T

    def factors(self, h: Array, r: Array, da: Array) -> tuple[Array, Array]:
        """Give what is multiplied by W, and what goes back to the product: dW is made of both."""
        return h, r * da


def _reset(where: str, reset: str, Wh: Array, bh: npt.ArrayLike | None) -> ResetBefore | ResetAfter:
    """Give the way from the state to what is new. Raises ValueError if there is none of this name, or for a bias."""
    W = parts_of(Wh, PARTS)[2]
    if reset not in ("before", "after"):
        raise ValueError(f"{where}: reset is {reset!r}; expected 'before' or 'after', where the product with Wh is")
    bias = None if bh is None else np.asarray(bh)  # which is known to be made of real numbers
    if bias is not None and reset == "before":
        raise ValueError(f"{where}: bh is given; expected none, because reset is 'before', and b has all biases then")
    if bias is not None and bias.shape != W.shape[1:]:
        raise shape_error(where, "bh", bias.shape, W.shape[1:], f"Wh.shape is {Wh.shape}")
    return ResetBefore(W) if reset == "before" else ResetAfter(W, 0.0 if bias is None else wide(bias))


def _of_gates(array: Array) -> Array:
    """Give the columns of z and r, as a view."""
    return array[..., : array.shape[-1] // PARTS * 2]
