"""Output functions together with their losses (損失関数), the pairs whose gradient is y - t.

A loss is the mean over the rows of a batch, or their sum, or one loss for each; a single sample is a batch of one.
With a mask it is that of the rows that count. The other rows may hold anything, even NaN or labels that do not exist:
neither the loss nor a gradient knows of them. The derivations are those of the mean; of a sum, N is 1, and where
nothing is reduced, the dout is that of each row (`handgrad.batches`).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.batches import Batch, Loss, as_reduction, rows_of
from handgrad.checks import Array, Shape, ieee, real, remembered, share, upstream, wide
from handgrad.numerics import result_dtype, shifted, squared_error, total
from handgrad.targets import (
    as_class_weights,
    as_outputs,
    as_rows,
    as_targets,
    expected_value,
    minus_targets,
    smoothed,
    times_mass,
    weighted,
)


class SoftmaxWithLoss:
    """Turn scores into probabilities, and measure them by cross-entropy: loss = -1/N Σₙ Σ_k t_nk log softmax(x_n)_k.

    Shapes
    ------
    x, dx, y : (..., C)      t : integer class indices (...), or one-hot rows or soft targets (..., C)
    mask : booleans (...), True for the N rows that count      class_weights : (C,)
    loss, dout : (), or (...) for reduction="none"

    With a label_smoothing of ε, (1 - ε) t + ε / C is taken for t: every class gets its share, that of the label, too.
    With class_weights w, w_k times that is. The mean is over the N rows all the same, and not over their weights.

    Derivation
    ----------
    With y = softmax(x), log y_k = x_k - log Σᵢ exp(x_i). Nudge x. In each row log y_k moves by

        δlog y_k = δx_k - Σᵢ y_i δx_i

    and what the row adds to δloss is

        -1/N Σ_k t_k (δx_k - Σᵢ y_i δx_i) = 1/N Σᵢ (y_i Σ_k t_k - t_i) δx_i

    Take the product with dout, which is a single number here, and free the nudge; the sum over all rows is

        ⟨dout, δloss⟩ = ⟨dout (y Σt - t) / N, δx⟩

    so that dx = dout (y Σt - t) / N: y - t, where the targets of a row sum to 1 and N = dout = 1.

    The logarithm is never taken of y, which underflows, but of Σᵢ exp(x_i), which does not once the largest score
    has been subtracted: the loss is the function whose gradient this is, for any finite scores. A score of -inf makes
    it inf where its class has a target, and smoothed, every class has one.

    Examples
    --------
    >>> layer = SoftmaxWithLoss()
    >>> layer.forward([[0.0, 100.0], [3.0, 3.0]], [0, 1])
    np.float64(50.346573590279974)
    >>> layer.backward()
    array([[-0.5 ,  0.5 ],
           [ 0.25, -0.25]])
    """

    label_smoothing: float
    class_weights: npt.ArrayLike | None  # (C,)
    reduction: str
    loss: Loss  # (), or (...) and read-only
    y: Array  # (..., C) probabilities, read-only; 0 in masked rows; float32 also where x is float16
    t: npt.NDArray[Any]  # (...) or (..., C), as it was given
    targets: npt.NDArray[Any]  # of the rows that count: (N, C), or (N,) flat indices of the target classes
    batch: Batch  # the rows (...)
    dtype: np.dtype[Any]
    out_shape: Shape

    def __init__(
        self, label_smoothing: float = 0.0, class_weights: npt.ArrayLike | None = None, reduction: str = "mean"
    ) -> None:
        self.label_smoothing = share("SoftmaxWithLoss", "label_smoothing", label_smoothing)
        self.class_weights, self.reduction = class_weights, as_reduction("SoftmaxWithLoss", reduction)

    @ieee
    def forward(self, x: npt.ArrayLike, t: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> Loss:
        """Compute the loss.

        Raises IndexError for a class index out of range, ValueError and TypeError for what does not fit x.
        """
        where = "SoftmaxWithLoss.forward"
        x = as_rows(where, "x", x)
        batch = rows_of(where, x, mask, self.reduction)
        t = real(where, "t", t)
        targets = as_targets(where, t, x, batch)
        smoothing = share(where, "label_smoothing", self.label_smoothing)
        weights = as_class_weights(where, self.class_weights, x)
        scores = shifted(batch.counted(x))
        targets = weighted(smoothed(targets, smoothing, scores), weights, scores)
        # -Σ t log y = Σt log Σ exp(x) - Σ t x, and y = exp(x) / Σ exp(x)
        chosen = expected_value(targets, scores)
        exps = np.exp(scores, out=scores)
        sums = total(exps)
        rows = times_mass(targets, np.log(sums[:, 0])) - chosen
        y = np.divide(exps, sums, out=exps)
        self.loss = batch.reduced(rows, result_dtype(x, t))
        self.y = remembered(batch.spread(y))
        self.t, self.targets, self.batch = t, targets, batch
        self.dtype, self.out_shape = x.dtype, self.loss.shape
        return self.loss

    @ieee
    def backward(self, dout: npt.ArrayLike = 1.0) -> Array:
        """Return dx: 0 in masked rows."""
        dout = upstream(self, dout)
        y, factor = self.batch.scalable(self.batch.counted(self.y), dout)
        # dx = (y Σt - t) dout / N
        dx = minus_targets(y, self.targets, factor)
        return self.batch.spread(np.asarray(dx, self.dtype))


class KLDivergence:
    """Measure how far the softmax y of scores is from a distribution t: loss = 1/N Σₙ Σ_k t_nk (log t_nk - log y_nk).

    Shapes
    ------
    x, dx, y, t : (..., C)      mask : booleans (...), True for the N rows that count
    loss, dout : (), or (...) for reduction="none"

    The scores x may be log-probabilities as well, such as LogSoftmax gives: to those, log softmax does nothing. It is
    KL(t ‖ y), with t first; a mean is over the N rows, and not over their classes as well.

    Derivation
    ----------
    The loss is the cross-entropy of t and y, less the entropy of t, which no score moves. Nudge x. As in
    SoftmaxWithLoss, log y_k moves by δx_k - Σᵢ y_i δx_i, and what a row adds to δloss is

        -1/N Σ_k t_k (δx_k - Σᵢ y_i δx_i) = 1/N Σᵢ (y_i Σ_k t_k - t_i) δx_i

    Take the product with dout, which is a single number here, and free the nudge; the sum over all rows is

        ⟨dout, δloss⟩ = ⟨dout (y Σt - t) / N, δx⟩

    so that dx = dout (y Σt - t) / N. The targets are data, and have no gradient. A class with t = 0 adds 0, also
    where it is ruled out by a score of -inf; one with t > 0 and y = 0 makes the loss inf.

    Examples
    --------
    >>> layer = KLDivergence()
    >>> layer.forward([[0.0, 0.0], [0.0, -np.inf]], [[0.5, 0.5], [1.0, 0.0]])
    np.float64(0.0)
    >>> layer.forward([0.0, 0.0], [1.0, 0.0])
    np.float64(0.6931471805599453)
    >>> layer.backward()
    array([-0.5,  0.5])

    References
    ----------
    Kullback and Leibler, On Information and Sufficiency (1951)
    """

    reduction: str
    loss: Loss  # (), or (...) and read-only
    y: Array  # (..., C) probabilities, read-only; 0 in masked rows; float32 also where x is float16
    t: npt.NDArray[Any]  # (..., C)
    batch: Batch  # the rows (...)
    dtype: np.dtype[Any]
    out_shape: Shape

    def __init__(self, reduction: str = "mean") -> None:
        self.reduction = as_reduction("KLDivergence", reduction)

    @ieee
    def forward(self, x: npt.ArrayLike, t: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> Loss:
        """Compute the loss. Raises ValueError and TypeError for targets or a mask that do not fit x."""
        x = as_rows("KLDivergence.forward", "x", x)
        batch = rows_of("KLDivergence.forward", x, mask, self.reduction)
        t = as_outputs("KLDivergence.forward", t, "x", x)
        scores, targets = shifted(batch.counted(x)), wide(batch.counted(t))
        exps = np.exp(scores)
        sums = total(exps)
        # Σ t (log t - log y), with log y = x - log Σ exp(x)
        rows = expected_value(targets, np.log(targets) - (scores - np.log(sums)))
        self.loss = batch.reduced(rows, result_dtype(x, t))
        self.y = remembered(batch.spread(np.divide(exps, sums, out=exps)))
        self.t, self.batch, self.dtype, self.out_shape = t, batch, x.dtype, self.loss.shape
        return self.loss

    @ieee
    def backward(self, dout: npt.ArrayLike = 1.0) -> Array:
        """Return dx: 0 in masked rows."""
        dout = upstream(self, dout)
        y, factor = self.batch.scalable(self.batch.counted(self.y), dout)
        # dx = (y Σt - t) dout / N
        dx = minus_targets(y, self.batch.counted(self.t), factor)
        return self.batch.spread(np.asarray(dx, self.dtype))


class IdentityWithLoss:
    """Output the input as it is, and measure it by half the sum of squares: loss = 1/N Σₙ ½ Σ_k (y_nk - t_nk)².

    Shapes
    ------
    x, dx, y, t : (..., D)      mask : booleans (...), True for the N rows that count
    loss, dout : (), or (...) for reduction="none"

    Derivation
    ----------
    With y = x, nudge x. What a row adds to δloss is

        1/N Σ_k (y_k - t_k) δx_k

    Take the product with dout, which is a single number here, and free the nudge; the sum over all rows is

        ⟨dout, δloss⟩ = ⟨dout (y - t) / N, δx⟩

    so that dx = dout (y - t) / N: the ½ is there to make it the same as that of softmax with cross-entropy.

    Examples
    --------
    >>> layer = IdentityWithLoss()
    >>> layer.forward([[3.0, 4.0], [1.0, 1.0]], [[0.0, 0.0], [1.0, 1.0]])
    np.float64(6.25)
    >>> layer.backward()
    array([[1.5, 2. ],
           [0. , 0. ]])
    """

    reduction: str
    loss: Loss  # (), or (...) and read-only
    y: Array  # (..., D)
    t: npt.NDArray[Any]  # (..., D)
    batch: Batch  # the rows (...)
    out_shape: Shape

    def __init__(self, reduction: str = "mean") -> None:
        self.reduction = as_reduction("IdentityWithLoss", reduction)

    @ieee
    def forward(self, x: npt.ArrayLike, t: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> Loss:
        """Compute the loss. Raises ValueError and TypeError for targets or a mask that do not fit x."""
        x = as_rows("IdentityWithLoss.forward", "x", x)
        batch = rows_of("IdentityWithLoss.forward", x, mask, self.reduction)
        t = as_outputs("IdentityWithLoss.forward", t, "x", x)
        rows = squared_error(batch.counted(x), batch.counted(t))
        self.loss = batch.reduced(rows, result_dtype(x, t))
        self.y, self.t, self.batch, self.out_shape = x, t, batch, self.loss.shape
        return self.loss

    @ieee
    def backward(self, dout: npt.ArrayLike = 1.0) -> Array:
        """Return dx: 0 in masked rows."""
        dout = upstream(self, dout)
        y, factor = self.batch.scalable(self.batch.counted(self.y), dout)
        # dx = (y - t) dout / N
        dx = (y - self.batch.counted(self.t)) * factor
        return self.batch.spread(np.asarray(dx, self.y.dtype))
