"""Output functions together with their losses (損失関数), the pairs whose gradient is y - t.

A loss is the mean over the rows of a batch; a single sample is a batch of one. With a mask it is the mean over
the rows that count. The other rows may hold anything, even NaN or labels that do not exist: neither the loss nor
a gradient knows of them.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, Shape, ieee, real, remembered, upstream
from handgrad.numerics import batch_mean, result_dtype, scalable, shifted, squared_error, total
from handgrad.targets import (
    Mask,
    as_mask,
    as_outputs,
    as_rows,
    as_targets,
    expected_value,
    minus_targets,
    rows_that_count,
    spread,
    times_mass,
)


class SoftmaxWithLoss:
    """Turn scores into probabilities, and measure them by cross-entropy: loss = -1/N Σₙ Σ_k t_nk log softmax(x_n)_k.

    Shapes
    ------
    x, dx, y : (..., C)      t : integer class indices (...), or one-hot rows or soft targets (..., C)
    mask : booleans (...), True for the N rows that count      loss, dout : ()

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
    has been subtracted: the loss is the function whose gradient this is, for any finite scores.

    Examples
    --------
    >>> layer = SoftmaxWithLoss()
    >>> layer.forward([[0.0, 100.0], [3.0, 3.0]], [0, 1])
    np.float64(50.346573590279974)
    >>> layer.backward()
    array([[-0.5 ,  0.5 ],
           [ 0.25, -0.25]])
    """

    loss: np.floating[Any]  # ()
    y: Array  # (..., C) probabilities, read-only; 0 in masked rows; float32 also where x is float16
    t: npt.NDArray[Any]  # (...) or (..., C), as it was given
    targets: npt.NDArray[Any]  # of the rows that count: (N, C), or (N,) flat indices of the target classes
    mask: Mask | None  # (...)
    dtype: np.dtype[Any]
    out_shape: Shape

    @ieee
    def forward(self, x: npt.ArrayLike, t: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> np.floating[Any]:
        """Compute the loss.

        Raises IndexError for a class index out of range, ValueError and TypeError for what does not fit x.
        """
        x = as_rows("SoftmaxWithLoss.forward", "x", x)
        mask = as_mask("SoftmaxWithLoss.forward", mask, x)
        t = real("SoftmaxWithLoss.forward", "t", t)
        targets = as_targets("SoftmaxWithLoss.forward", t, x, mask)
        # -Σ t log y = Σt log Σ exp(x) - Σ t x, and y = exp(x) / Σ exp(x)
        scores = shifted(rows_that_count(x, mask, x.shape[:-1]))
        chosen = expected_value(targets, scores)
        exps = np.exp(scores, out=scores)
        sums = total(exps)
        rows = times_mass(targets, np.log(sums[:, 0])) - chosen
        y = np.divide(exps, sums, out=exps)
        self.loss = batch_mean(rows, result_dtype(x, t))
        self.y = remembered(spread(y, mask, x.shape))
        self.t, self.targets, self.mask = t, targets, mask
        self.dtype, self.out_shape = x.dtype, ()
        return self.loss

    @ieee
    def backward(self, dout: npt.ArrayLike = 1.0) -> Array:
        """Return dx: 0 in masked rows."""
        dout = upstream(self, dout)
        y, factor = scalable(rows_that_count(self.y, self.mask, self.y.shape[:-1]), dout)
        # dx = (y Σt - t) dout / N
        dx = minus_targets(y, self.targets, factor)
        return spread(np.asarray(dx, self.dtype), self.mask, self.y.shape)


class IdentityWithLoss:
    """Output the input as it is, and measure it by half the sum of squares: loss = 1/N Σₙ ½ Σ_k (y_nk - t_nk)².

    Shapes
    ------
    x, dx, y, t : (..., D)      mask : booleans (...), True for the N rows that count      loss, dout : ()

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

    loss: np.floating[Any]  # ()
    y: Array  # (..., D)
    t: npt.NDArray[Any]  # (..., D)
    mask: Mask | None  # (...)
    out_shape: Shape

    @ieee
    def forward(self, x: npt.ArrayLike, t: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> np.floating[Any]:
        """Compute the loss. Raises ValueError and TypeError for targets or a mask that do not fit x."""
        x = as_rows("IdentityWithLoss.forward", "x", x)
        mask = as_mask("IdentityWithLoss.forward", mask, x)
        t = as_outputs("IdentityWithLoss.forward", t, "x", x)
        rows = squared_error(*(rows_that_count(each, mask, x.shape[:-1]) for each in (x, t)))
        self.loss = batch_mean(rows, result_dtype(x, t))
        self.y, self.t, self.mask, self.out_shape = x, t, mask, ()
        return self.loss

    @ieee
    def backward(self, dout: npt.ArrayLike = 1.0) -> Array:
        """Return dx: 0 in masked rows."""
        dout = upstream(self, dout)
        y, t = (rows_that_count(each, self.mask, each.shape[:-1]) for each in (self.y, self.t))
        y, factor = scalable(y, dout)
        # dx = (y - t) dout / N
        dx = (y - t) * factor
        return spread(np.asarray(dx, self.y.dtype), self.mask, self.y.shape)
