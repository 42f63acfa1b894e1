"""Losses of measured numbers: what the errors e = x - t cost, each on its own.

Every entry that counts is a sample: a mean is over all of them, along every axis, where IdentityWithLoss adds up the
last. The derivations are those of the mean; of a sum, N is 1, and where nothing is reduced, the dout is that of each
entry (`handgrad.batches`). The targets are data: they have no gradient.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.batches import Batch, Loss, as_reduction, entries_of
from handgrad.checks import Array, Shape, above_0, floating, ieee, upstream, wide
from handgrad.numerics import result_dtype
from handgrad.targets import as_outputs


class MeanSquaredError:
    """Measure errors by their squares: loss = 1/N Σ (x - t)².

    Shapes
    ------
    x, dx, t : any      mask : booleans that broadcast to x, True for the N entries that count
    loss, dout : (), or that of x for reduction="none"

    Derivation
    ----------
    Nudge x. With e = x - t, what an entry adds to δloss is

        1/N 2 e δx

    Take the product with dout, which is a single number here, and free the nudge; the sum over all entries is

        ⟨dout, δloss⟩ = ⟨2 dout e / N, δx⟩

    so that dx = 2 dout e / N.

    Examples
    --------
    >>> layer = MeanSquaredError()
    >>> layer.forward([[3.0, 4.0], [1.0, 1.0]], [[0.0, 0.0], [1.0, 1.0]])
    np.float64(6.25)
    >>> layer.backward()
    array([[1.5, 2. ],
           [0. , 0. ]])
    """

    reduction: str
    loss: Loss  # (), or that of x and read-only
    x: Array  # any shape
    t: npt.NDArray[Any]  # that of x
    batch: Batch  # the entries
    out_shape: Shape

    def __init__(self, reduction: str = "mean") -> None:
        self.reduction = as_reduction("MeanSquaredError", reduction)

    @ieee
    def forward(self, x: npt.ArrayLike, t: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> Loss:
        """Compute the loss. Raises ValueError and TypeError for targets or a mask that do not fit x."""
        x, t, batch = _arguments("MeanSquaredError.forward", x, t, mask, self.reduction)
        e = _errors(batch, x, t)
        self.loss = batch.reduced(e * e, result_dtype(x, t))
        self.x, self.t, self.batch, self.out_shape = x, t, batch, self.loss.shape
        return self.loss

    @ieee
    def backward(self, dout: npt.ArrayLike = 1.0) -> Array:
        """Return dx: 0 where the mask hides."""
        dout = upstream(self, dout)
        e, factor = self.batch.scalable(_errors(self.batch, self.x, self.t), dout)
        # dx = 2 e dout / N
        return self.batch.spread(np.asarray(2 * e * factor, self.x.dtype))


class L1Loss:
    """Measure errors by their size: loss = 1/N Σ |x - t|.

    Shapes
    ------
    x, dx, t : any      mask : booleans that broadcast to x, True for the N entries that count
    loss, dout : (), or that of x for reduction="none"

    Derivation
    ----------
    Nudge x. With e = x - t, the size of a positive error moves along, that of a negative one the other way, so that
    an entry adds to δloss

        1/N sign(e) δx

    Take the product with dout, which is a single number here, and free the nudge; the sum over all entries is

        ⟨dout, δloss⟩ = ⟨dout sign(e) / N, δx⟩

    so that dx = dout sign(e) / N. At the kink e = 0, where any slope from -1 to 1 is a subgradient, this takes 0:
    what is right stays.

    Examples
    --------
    >>> layer = L1Loss()
    >>> layer.forward([3.0, 1.0, 5.0, 0.0], [1.0, 1.0, 7.0, 4.0])
    np.float64(2.0)
    >>> layer.backward()
    array([ 0.25,  0.  , -0.25, -0.25])
    """

    reduction: str
    loss: Loss  # (), or that of x and read-only
    x: Array  # any shape
    t: npt.NDArray[Any]  # that of x
    batch: Batch  # the entries
    out_shape: Shape

    def __init__(self, reduction: str = "mean") -> None:
        self.reduction = as_reduction("L1Loss", reduction)

    @ieee
    def forward(self, x: npt.ArrayLike, t: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> Loss:
        """Compute the loss. Raises ValueError and TypeError for targets or a mask that do not fit x."""
        x, t, batch = _arguments("L1Loss.forward", x, t, mask, self.reduction)
        e = _errors(batch, x, t)
        self.loss = batch.reduced(np.abs(e), result_dtype(x, t))
        self.x, self.t, self.batch, self.out_shape = x, t, batch, self.loss.shape
        return self.loss

    @ieee
    def backward(self, dout: npt.ArrayLike = 1.0) -> Array:
        """Return dx: 0 where the mask hides."""
        dout = upstream(self, dout)
        e, factor = self.batch.scalable(_errors(self.batch, self.x, self.t), dout)
        # dx = sign(e) dout / N
        return self.batch.spread(np.asarray(np.sign(e) * factor, self.x.dtype))


class HuberLoss:
    """Measure small errors by half their square, large ones by their size: loss = 1/N Σ q (|e| - q / 2).

    Here e = x - t, and q = min(|e|, delta) ends the parabola: it is e² / 2 up to delta, and from there on a line.

    Shapes
    ------
    x, dx, t : any      mask : booleans that broadcast to x, True for the N entries that count
    loss, dout : (), or that of x for reduction="none"

    Derivation
    ----------
    Nudge x. Where |e| < delta, both q and |e| move by sign(e) δx, so that q (|e| - q / 2) = e² / 2 moves by e δx;
    where |e| > delta, q stays, and the line moves by delta sign(e) δx. At delta the two are the same, and there is no
    kink: with e kept between -delta and delta, clip(e), an entry adds to δloss

        1/N clip(e) δx

    Take the product with dout, which is a single number here, and free the nudge; the sum over all entries is

        ⟨dout, δloss⟩ = ⟨dout clip(e) / N, δx⟩

    so that dx = dout clip(e) / N: no single entry pulls harder than delta. Divided by delta, the loss is also called
    smooth L1.

    Examples
    --------
    >>> layer = HuberLoss(delta=1.0, reduction="none")
    >>> layer.forward([0.5, 1.0, -3.0], [0.0, 0.0, 0.0])
    array([0.125, 0.5  , 2.5  ])
    >>> layer.backward([1.0, 1.0, 1.0])
    array([ 0.5,  1. , -1. ])

    References
    ----------
    Huber, Robust Estimation of a Location Parameter (1964)
    """

    delta: float
    reduction: str
    loss: Loss  # (), or that of x and read-only
    x: Array  # any shape
    t: npt.NDArray[Any]  # that of x
    used: float  # delta as forward used it
    batch: Batch  # the entries
    out_shape: Shape

    def __init__(self, delta: float = 1.0, reduction: str = "mean") -> None:
        self.delta = above_0("HuberLoss", "delta", delta, "the parabola ends there")
        self.reduction = as_reduction("HuberLoss", reduction)

    @ieee
    def forward(self, x: npt.ArrayLike, t: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> Loss:
        """Compute the loss. Raises ValueError and TypeError for targets or a mask that do not fit x."""
        x, t, batch = _arguments("HuberLoss.forward", x, t, mask, self.reduction)
        delta = above_0("HuberLoss.forward", "delta", self.delta, "the parabola ends there")
        size = np.abs(_errors(batch, x, t))
        # q (|e| - q / 2), in which nothing is squared that might overflow
        q = np.minimum(size, delta)
        self.loss = batch.reduced(q * (size - q / 2), result_dtype(x, t))
        self.x, self.t, self.used, self.batch, self.out_shape = x, t, delta, batch, self.loss.shape
        return self.loss

    @ieee
    def backward(self, dout: npt.ArrayLike = 1.0) -> Array:
        """Return dx: 0 where the mask hides."""
        dout = upstream(self, dout)
        e, factor = self.batch.scalable(_errors(self.batch, self.x, self.t), dout)
        # dx = clip(e) dout / N
        return self.batch.spread(np.asarray(e.clip(-self.used, self.used) * factor, self.x.dtype))


def _arguments(
    where: str, x: npt.ArrayLike, t: npt.ArrayLike, mask: npt.ArrayLike | None, reduction: str
) -> tuple[Array, npt.NDArray[Any], Batch]:
    x = floating(where, "x", x)
    batch = entries_of(where, x, mask, reduction)
    return x, as_outputs(where, t, "x", x), batch


def _errors(batch: Batch, x: Array, t: npt.NDArray[Any]) -> Array:
    """Compute x - t for the N entries that count."""
    return np.asarray(wide(batch.counted(x)) - wide(batch.counted(t)))
