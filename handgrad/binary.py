"""Losses of yes or no: each entry of x is the score of a question of its own, and each of t its answer, 1 or 0.

The sigmoid makes a probability of a score, σ(x) for yes and σ(-x) for no, and t may be one, too. Every entry that
counts is a sample: a mean is over all of them, along every axis. The derivations are those of the mean; of a sum, N
is 1, and where nothing is reduced, the dout is that of each entry (`handgrad.batches`).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.batches import Batch, Loss, as_reduction, entries_of
from handgrad.checks import Array, Shape, broadcast_to, double, floating, ieee, number, real, share, upstream, wide
from handgrad.functions import log_sigmoid, sigmoid
from handgrad.numerics import in_blocks, result_dtype
from handgrad.targets import as_outputs, weighed


class SigmoidWithLoss:
    """Measure scores by the cross-entropy of their sigmoid: loss = -1/N Σ (t log σ(x) + (1 - t) log σ(-x)).

    Shapes
    ------
    x, dx, y, t : any      mask : booleans that broadcast to x, True for the N entries that count
    pos_weight : any that broadcasts to x      loss, dout : (), or that of x for reduction="none"

    A pos_weight of p makes p t of the first t: where yes is rare, it may weigh more. The mean is over N all the same.

    Derivation
    ----------
    Nudge x. The slope of σ(x) is σ(x) σ(-x), so that log σ(x) moves by σ(-x) δx, log σ(-x) by -σ(x) δx, and what an
    entry adds to δloss is

        1/N ((1 - t) σ(x) - t σ(-x)) δx

    Take the product with dout, which is a single number here, and free the nudge; the sum over all entries is

        ⟨dout, δloss⟩ = ⟨dout ((1 - t) σ(x) - t σ(-x)) / N, δx⟩

    so that dx = dout ((1 - t) σ(x) - t σ(-x)) / N. Since σ(x) + σ(-x) = 1, this is σ(x) - t for N = dout = 1; but of
    that nothing is left where t = 1 and σ(x) rounds to 1. A pos_weight of p makes p t of the first t.

    Both are computed as those of the hard answer h, 1 or 0, by the sign of x, and the rest. With e = exp(-|x|),

        -log σ(x) = (h - 1) x + log(1 + e)      -log σ(-x) = h x + log(1 + e)      σ(x) = h ∓ e / (1 + e)

    with the upper sign for h = 1. Yes has the weight p t, no has 1 - t, and w is their sum, so that

        loss = 1/N Σ ((w h - p t) x + w log(1 + e))      dx = dout (w h - p t ∓ w e / (1 + e)) / N

    Where t is 1 or 0 and h is right, w h - p t = 0, and the rest, however small, has all of its digits.

    Examples
    --------
    >>> layer = SigmoidWithLoss(reduction="none")
    >>> layer.forward([0.0, 100.0, 100.0], [0.5, 0.0, 1.0])
    array([6.93147181e-01, 1.00000000e+02, 3.72007598e-44])
    >>> layer.backward([1.0, 1.0, 1.0])
    array([ 0.00000000e+00,  1.00000000e+00, -3.72007598e-44])
    """

    pos_weight: npt.ArrayLike | None
    reduction: str
    loss: Loss  # (), or that of x and read-only
    x: Array  # any shape
    t: npt.NDArray[Any]  # that of x, as it was given
    weights: tuple[npt.NDArray[Any], ...]  # p of the N entries that count, if there is one
    batch: Batch  # the entries
    out_shape: Shape

    def __init__(self, pos_weight: npt.ArrayLike | None = None, reduction: str = "mean") -> None:
        self.pos_weight, self.reduction = pos_weight, as_reduction("SigmoidWithLoss", reduction)

    @ieee
    def forward(self, x: npt.ArrayLike, t: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> Loss:
        """Compute the loss. Raises ValueError and TypeError for targets, weights or a mask that do not fit x."""
        x = floating("SigmoidWithLoss.forward", "x", x)
        batch = entries_of("SigmoidWithLoss.forward", x, mask, self.reduction)
        t = as_outputs("SigmoidWithLoss.forward", t, "x", x)
        weights = _of_each(batch, x, self.pos_weight)
        dtype = result_dtype(x, t)
        losses = in_blocks(_cross_entropy, dtype, batch.counted(x), batch.counted(t), *weights)
        self.loss = batch.reduced(losses, dtype)
        self.x, self.t, self.weights, self.batch, self.out_shape = x, t, weights, batch, self.loss.shape
        return self.loss

    @ieee
    def backward(self, dout: npt.ArrayLike = 1.0) -> Array:
        """Return dx: 0 where the mask hides."""
        dout = upstream(self, dout)
        x, factor = self.batch.scalable(self.batch.counted(self.x), dout)
        # dx = ((1 - t) σ(x) - p t σ(-x)) dout / N
        dx = in_blocks(_cross_entropy_slope, x.dtype, x, self.batch.counted(self.t), *self.weights)
        dx *= factor
        return self.batch.spread(np.asarray(dx, self.x.dtype))

    @property
    def y(self) -> Array:
        """The probabilities of yes, σ(x): 0 where the mask hides."""
        return self.batch.spread(sigmoid(self.batch.counted(self.x)))


class FocalLoss:
    """Measure scores by a cross-entropy that passes over what is easy: loss = 1/N Σ (t f(x) + (1 - t) f(-x)).

    In f(x) = -σ(-x)^gamma log σ(x), the right answer's cross-entropy is weighed by the probability of the wrong one.

    Shapes
    ------
    x, dx, t : any      mask : booleans that broadcast to x, True for the N entries that count
    loss, dout : (), or that of x for reduction="none"

    With an alpha, yes has the weight alpha t, and no (1 - alpha) (1 - t). The mean is over N, the number of entries
    that count; to divide by that of the positive ones, take the sum.

    Derivation
    ----------
    Write q = σ(-x) and p = σ(x). Nudge x. As log p moves by q δx, so log q moves by -p δx, and q^gamma, which is
    exp(gamma log q), by -gamma p q^gamma δx. By the product rule

        δf = q^gamma (gamma p log p - q) δx

    in which there is no quotient: q^(gamma - 1), which is infinite for q = 0 and gamma < 1, has met q and gone. With
    f' for that factor, what an entry adds to δloss is

        1/N (t f'(x) - (1 - t) f'(-x)) δx

    Take the product with dout, which is a single number here, and free the nudge; the sum over all entries is

        ⟨dout, δloss⟩ = ⟨dout (t f'(x) - (1 - t) f'(-x)) / N, δx⟩

    so that dx = dout (t f'(x) - (1 - t) f'(-x)) / N. For a gamma of 0, f is -log σ(x), and f' is -σ(-x): this is
    SigmoidWithLoss.

    Examples
    --------
    >>> layer = FocalLoss(gamma=2.0, reduction="none")
    >>> layer.forward([0.0, 4.0, 4.0], [1, 1, 0])
    array([1.73286795e-01, 5.87156972e-06, 3.87490724e+00])
    >>> layer.backward([1.0, 1.0, 1.0])
    array([-2.98286795e-01, -1.73505312e-05,  1.08639585e+00])

    References
    ----------
    Lin, Goyal, Girshick, He and Dollár, Focal Loss for Dense Object Detection (2017)
    """

    gamma: float
    alpha: float | None
    reduction: str
    loss: Loss  # (), or that of x and read-only
    x: Array  # any shape
    t: npt.NDArray[Any]  # that of x, as it was given
    used: tuple[float, float, float]  # gamma and the weights of yes and no as forward used them
    batch: Batch  # the entries
    out_shape: Shape

    def __init__(self, gamma: float = 2.0, alpha: float | None = None, reduction: str = "mean") -> None:
        self.gamma, self.alpha, self.reduction = gamma, alpha, as_reduction("FocalLoss", reduction)
        self._options("FocalLoss")

    @ieee
    def forward(self, x: npt.ArrayLike, t: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> Loss:
        """Compute the loss. Raises ValueError and TypeError for targets or a mask that do not fit x."""
        x = floating("FocalLoss.forward", "x", x)
        batch = entries_of("FocalLoss.forward", x, mask, self.reduction)
        t = as_outputs("FocalLoss.forward", t, "x", x)
        gamma, yes, no = self._options("FocalLoss.forward")
        each, answers = double(batch.counted(x)), double(batch.counted(t))
        # loss = t f(x) + (1 - t) f(-x)
        losses = weighed(yes * answers, _focal(each, gamma)) + weighed(no * (1 - answers), _focal(-each, gamma))
        self.loss = batch.reduced(losses, result_dtype(x, t))
        self.x, self.t, self.used, self.batch, self.out_shape = x, t, (gamma, yes, no), batch, self.loss.shape
        return self.loss

    @ieee
    def backward(self, dout: npt.ArrayLike = 1.0) -> Array:
        """Return dx: 0 where the mask hides."""
        dout = upstream(self, dout)
        x, factor = self.batch.scalable(double(self.batch.counted(self.x)), dout)
        t, (gamma, yes, no) = double(self.batch.counted(self.t)), self.used
        # dx = (t f'(x) - (1 - t) f'(-x)) dout / N
        dx = (yes * t * _focal_slope(x, gamma) - no * (1 - t) * _focal_slope(-x, gamma)) * factor
        return self.batch.spread(np.asarray(dx, self.x.dtype))

    def _options(self, where: str) -> tuple[float, float, float]:
        """Give gamma and the weights of yes and no, or raise an error that names what is none."""
        gamma = number(where, "gamma", self.gamma)
        if not 0 <= gamma < np.inf:
            raise ValueError(f"{where}: gamma is {gamma}; expected a finite number from 0 on, because q may be 0")
        if self.alpha is None:
            return gamma, 1.0, 1.0
        yes = share(where, "alpha", self.alpha)
        return gamma, yes, 1 - yes


def _of_each(batch: Batch, x: Array, pos_weight: npt.ArrayLike | None) -> tuple[npt.NDArray[Any], ...]:
    """Give a pos_weight for each entry that counts, widened as x is, in whose dtype it has no say."""
    if pos_weight is None:
        return ()
    weight = real("SigmoidWithLoss.forward", "pos_weight", pos_weight)
    each = broadcast_to("SigmoidWithLoss.forward", "pos_weight", weight, x.shape, f"x.shape is {x.shape}")
    return (batch.counted(each).astype(np.result_type(x, np.float32)),)


def _cross_entropy(x: Array, t: npt.NDArray[Any], weight: npt.NDArray[Any] | None = None) -> Array:
    """Compute -p t log σ(x) - (1 - t) log σ(-x), as (w h - p t) x + w log(1 + exp(-|x|))."""
    x = wide(x)
    error, w = _hard(x, t, weight)
    return weighed(error, x) + w * np.log1p(np.exp(-np.abs(x)))


def _cross_entropy_slope(x: Array, t: npt.NDArray[Any], weight: npt.NDArray[Any] | None = None) -> Array:
    """Compute (1 - t) σ(x) - p t σ(-x), as w h - p t ∓ w exp(-|x|) / (1 + exp(-|x|))."""
    error, w = _hard(x, t, weight)
    e = np.exp(-np.abs(x))
    return error - w * np.copysign(e / (1 + e), x)


def _hard(x: Array, t: npt.NDArray[Any], weight: npt.NDArray[Any] | None) -> tuple[Array, float | Array]:
    """Compute w h - p t and w, where h is 1 or 0 by the sign of x: exact where t is, too."""
    h = ~np.signbit(x)
    t = wide(t) if t.dtype.kind == "f" else t.astype(x.dtype)
    if weight is None:
        return h - t, 1.0
    hit, miss = weighed(t, weight), 1 - t
    return np.where(h, miss, -hit), hit + miss


LOWEST = np.finfo(np.float64).min  # stands for -inf where it meets a factor of 0, since their product would be NaN


def _focal(x: Array, gamma: float) -> Array:
    """Compute f(x) = -q^γ log p."""
    return -_power_of_q(x, gamma) * log_sigmoid(x)


def _focal_slope(x: Array, gamma: float) -> Array:
    """Compute f'(x) = q^γ (γ p log p - q)."""
    p_log_p = sigmoid(x) * log_sigmoid(np.maximum(x, LOWEST))
    return _power_of_q(x, gamma) * (gamma * p_log_p - sigmoid(-x))


def _power_of_q(x: Array, gamma: float) -> Array:
    """Compute q^γ = exp(γ log q), which underflows no sooner than it must."""
    return np.exp(gamma * log_sigmoid(np.maximum(-x, LOWEST)))
