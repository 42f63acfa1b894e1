"""Normalisation by channels: of each over a whole batch, or of groups of them within each sample.

The channels are on axis 1, behind the batch: as in rows (N, C), which Affine returns, and in images (N, C, H, W).
The option `axis` names another one: -1 for rows with any leading axes, -3 for images with any. What is before the
channels is the batch, and what is behind them is space.

A mask has the shape of x without the channels, and is True for what counts. The rest has out = 0 and dx = 0, whatever
it holds, and neither a statistic nor gamma or beta knows of it. `handgrad.moments` has what centring and scaling are
made of, and the long way to their gradients.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.channels import (
    BATCH_AND_SPACE,
    among_zeros,
    axis_of_channels,
    by_channel,
    column,
    expect_to_divide,
    in_groups,
    sum_of_channels,
    those_that_count,
    what_counts,
)
from handgrad.checks import Array, Shape, double, floating, ieee, long_sum, upstream, whole_number, wide
from handgrad.counting import Counts, number_of, selected
from handgrad.moments import Number, back_through_both, centred, inverse_root, scaled
from handgrad.norm_arguments import as_eps, as_params
from handgrad.numerics import LAST, blocks
from handgrad.running_statistics import Statistics


class BatchNorm:
    """Centre and scale each channel, stretch and shift it: out = γ z + β, with z = (x - mean x) / √(var x + eps).

    Shapes
    ------
    x, dx, z, out, dout : (N, C) or (N, C, ...), or with the channels on another `axis`
    gamma, dgamma, beta, dbeta, mean, var : (C,)      mask : booleans, the shape of x without the channels

    The mean and the variance of a channel are over all other axes: over the batch, and over space where there is one.
    They are left in `batch_statistics`. Where `statistics` are given, those are taken instead, as by a network that
    has been trained: `running_average` makes them of those of many batches.

    Derivation
    ----------
    Write c = x - mean x and r = 1 / √(mean c² + eps), so that z = c r, where a mean is over the n numbers of a
    channel that count. Each channel is on its own. Nudge x, γ and β:

        δout = γ δz + z δγ + δβ

    A nudge of x reaches z in three ways: by its number itself, by the mean, and by r (`handgrad.moments` has the
    steps):

        δz = r (δx - mean δx - z mean(z δx))

    Take the inner product with dout; γ and r are one number for the channel. In the two means each δx has the factor
    mean dout, or z mean(dout z):

        ⟨dout, δout⟩ = ⟨γ r (dout - mean dout - z mean(dout z)), δx⟩ + (Σ dout z) δγ + (Σ dout) δβ

    so that dx = γ r (dout - mean dout - z mean(dout z)), dγ = Σ dout z and dβ = Σ dout. As the two means are dβ / n
    and dγ / n, what γ and β hear is what x does not.

    Statistics that are given do not move with x. They are constants: δz = r δx, and dx = γ r dout.

    A channel of equal numbers, or of a single one, has z = 0: out is β, and dx is 0 for a single one.

    Examples
    --------
    >>> norm = BatchNorm(gamma=[1.0, 2.0], beta=[0.0, 10.0])
    >>> norm.forward([[1.0, 7.0], [2.0, 7.0], [6.0, 7.0]]).round(3)
    array([[-0.926, 10.   ],
           [-0.463, 10.   ],
           [ 1.389, 10.   ]])
    >>> norm.backward([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]]).round(3)
    array([[ 0.176,  0.   ],
           [-0.22 ,  0.   ],
           [ 0.044,  0.   ]])
    >>> norm.dgamma.round(3), norm.dbeta
    (array([-0.926,  0.   ]), array([1., 0.]))
    >>> from handgrad import Statistics, running_average
    >>> running = running_average(Statistics(np.zeros(2), np.ones(2)), norm.batch_statistics)
    >>> running.mean, running.var.round(3)
    (array([0.3, 0.7]), array([1.367, 0.9  ]))
    >>> BatchNorm(norm.gamma, norm.beta, running).forward([[2.0, 7.0]]).round(3)
    array([[ 1.454, 23.281]])

    References
    ----------
    Ioffe, Szegedy: Batch Normalization (2015).
    """

    params = ("gamma", "beta")

    gamma: Array  # (C,)
    beta: Array  # (C,)
    statistics: Statistics | None  # given, or None for those of the batch
    axis: int
    eps: float
    z: Array  # (batch, C, space) of what counts, remembered by forward; float32 also where x is float16
    r: Array  # (C, 1)
    used: tuple[Array, Array]  # gamma and beta as forward used them
    counts: Counts  # (batch, 1, space) what does
    placed: int  # the axis of the channels, counted from the first
    constant: bool  # whether the statistics were given
    batch_statistics: Statistics | None  # left by forward; None if they were given, or nothing counts
    dtype: np.dtype[Any]
    dgamma: Array  # (C,)  left by backward
    dbeta: Array  # (C,)
    out_shape: Shape

    def __init__(
        self,
        gamma: npt.ArrayLike,
        beta: npt.ArrayLike,
        statistics: Statistics | None = None,
        axis: int = 1,
        eps: float = 1e-5,
    ) -> None:
        self.gamma, self.beta = as_params("BatchNorm", gamma, beta=beta)
        self.statistics = statistics
        self.axis, self.eps = axis, as_eps("BatchNorm", eps)

    @ieee
    def forward(self, x: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> Array:
        """Compute γ z + β. Raises ValueError and TypeError if γ, β, statistics, an axis or a mask do not fit x."""
        gamma, beta = as_params("BatchNorm.forward", self.gamma, beta=self.beta)
        x = floating("BatchNorm.forward", "x", x)
        axis = axis_of_channels("BatchNorm.forward", self.axis, x, gamma)
        counts = what_counts("BatchNorm.forward", mask, x, axis)
        eps, given = as_eps("BatchNorm.forward", self.eps), self._given(gamma)
        channels = those_that_count(by_channel(x, axis), counts)
        n = channels.shape[0] * channels.shape[2]
        mean, rest, var = _rounded(given, channels) if given else _moments(channels, n)
        r = inverse_root(var, eps, mean)
        z, out = np.empty(channels.shape, r.dtype), np.empty(channels.shape, np.result_type(x, gamma, beta))
        for block in blocks(channels):
            # z = (x - mean) r with r = 1 / √(var + eps), and out = γ z + β
            z[block] = (channels[block] - mean - rest) * r
            out[block] = column(wide(gamma)) * z[block] + column(wide(beta))
        self.z, self.r, self.used, self.counts = z, r, (gamma, beta), counts
        self.placed, self.constant = axis, given is not None
        self.batch_statistics = None if given or n == 0 else Statistics((double(mean) + rest).ravel(), var.ravel())
        self.dtype, self.out_shape = x.dtype, x.shape
        return among_zeros(out, counts, x.shape)

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx, and leave dgamma and dbeta: the gradients at gamma and beta as forward used them."""
        dout = those_that_count(by_channel(upstream(self, dout), self.placed), self.counts)
        (gamma, beta), z, r = self.used, self.z, self.r
        n = z.shape[0] * z.shape[2]
        dbeta = sum_of_channels(dout, lambda block: dout[block])
        mean = np.asarray(0 if self.constant else dbeta / n, dout.dtype)
        dgamma = sum_of_channels(dout, lambda block: (dout[block] - mean) * z[block])
        along = np.asarray(dgamma / n, dout.dtype)
        dx = np.empty(z.shape, self.dtype)
        for block in blocks(dout):
            # dx = γ r (dout - mean dout - z mean(dout z)), or γ r dout where the statistics are constants
            dz = dout[block] if self.constant else dout[block] - mean - z[block] * along
            dx[block] = column(wide(gamma)) * r * dz
        self.dgamma, self.dbeta = np.asarray(dgamma[:, 0], gamma.dtype), np.asarray(dbeta[:, 0], beta.dtype)
        return among_zeros(dx, self.counts, self.out_shape)

    def _given(self, gamma: Array) -> Statistics | None:
        if self.statistics is None:
            return None
        if not isinstance(self.statistics, tuple | list) or len(self.statistics) != 2:
            raise TypeError(f"BatchNorm.forward: statistics is {self.statistics!r}; expected (mean, var)")
        mean, var = self.statistics
        given = Statistics(*as_params("BatchNorm.forward", gamma, mean=mean, var=var)[1:])
        if (given.var < 0).any():
            raise ValueError(f"BatchNorm.forward: var has {given.var.min()}; expected 0 or more, as squares have")
        return given


class GroupNorm:
    """Centre and scale groups of channels in each sample, then stretch and shift each channel: out = γ z + β.

    Shapes
    ------
    x, dx, z, out, dout : (N, C) or (N, C, ...), or with the channels on another `axis`
    gamma, dgamma, beta, dbeta : (C,)      mask : booleans, the shape of x without the channels

    The C channels make `groups` groups of C / groups neighbours. What is centred and scaled, to
    z = (x - mean x) / √(var x + eps), is one group in one sample, over its channels and the space behind them. With
    one group that is all of a sample; with C groups it is each channel on its own, which is called InstanceNorm.

    Derivation
    ----------
    Write c = x - mean x and r = 1 / √(mean c² + eps), where a mean is over the numbers of a group in a sample that
    count, so that z = c r. Nudge x, γ and β. With γ and β copied to each number of their channel,

        δout = γ ⊙ δz + z ⊙ δγ + δβ

    A nudge of x reaches z in three ways: by its number itself, by the mean, and by r (`handgrad.moments` has the
    steps):

        δz = r (δx - mean δx - z mean(z δx))

    Take the inner product with dout. γ, which differs within a group, moves to its side, t = γ ⊙ dout; in the two
    means each δx has the factor mean t, or z mean(t z); and to copy transposed is to sum:

        ⟨dout, δout⟩ = ⟨r (t - mean t - z mean(t z)), δx⟩ + ⟨Σ dout ⊙ z, δγ⟩ + ⟨Σ dout, δβ⟩

    so that dx = r (t - mean t - z mean(t z)) with t = γ ⊙ dout, dγ = Σ dout ⊙ z and dβ = Σ dout, both sums over
    everything but the channels. It is LayerNorm of the groups, but for γ and β, of which each channel has its own.

    Examples
    --------
    >>> norm = GroupNorm(gamma=[1.0, 1.0, 2.0, 2.0], beta=[0.0, 0.0, 0.0, 0.0], groups=2)
    >>> norm.forward([[1.0, 3.0, -2.0, 2.0]]).round(3)
    array([[-1.,  1., -2.,  2.]])
    >>> norm.backward([[1.0, 2.0, 3.0, 0.0]]).round(3)
    array([[-0.,  0.,  0., -0.]])
    >>> norm.dgamma.round(3), norm.dbeta
    (array([-1.,  2., -3.,  0.]), array([1., 2., 3., 0.]))

    References
    ----------
    Wu, He: Group Normalization (2018).
    """

    params = ("gamma", "beta")

    gamma: Array  # (C,)
    beta: Array  # (C,)
    groups: int
    axis: int
    eps: float
    z: Array  # (batch, C, space)  remembered by forward; float32 also where x is float16
    r: Array  # (batch, groups, 1)
    used: tuple[Array, Array]  # gamma and beta as forward used them
    counts: Counts  # (batch, 1, space) what does
    grouped: Counts  # the same for the numbers of the groups, of each of which n count
    n: Number
    dtype: np.dtype[Any]
    dgamma: Array  # (C,)  left by backward
    dbeta: Array  # (C,)
    out_shape: Shape

    def __init__(
        self, gamma: npt.ArrayLike, beta: npt.ArrayLike, groups: int, axis: int = 1, eps: float = 1e-5
    ) -> None:
        self.gamma, self.beta = as_params("GroupNorm", gamma, beta=beta)
        self.groups, self.axis, self.eps = whole_number("GroupNorm", "groups", groups), axis, as_eps("GroupNorm", eps)

    @ieee
    def forward(self, x: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> Array:
        """Compute γ z + β. Raises ValueError and TypeError if γ, β, the groups, an axis or a mask do not fit x."""
        gamma, beta = as_params("GroupNorm.forward", self.gamma, beta=self.beta)
        x = floating("GroupNorm.forward", "x", x)
        axis = axis_of_channels("GroupNorm.forward", self.axis, x, gamma)
        counts = what_counts("GroupNorm.forward", mask, x, axis)
        expect_to_divide("GroupNorm.forward", self.groups, gamma)
        channels = selected(counts, by_channel(wide(x), axis), 0)
        grouped = counts if counts is True else in_groups(np.broadcast_to(counts, channels.shape), self.groups)
        rows = in_groups(channels, self.groups)
        n = np.maximum(number_of(rows.shape, LAST, grouped), 1)
        # z = (x - mean x) r with r = 1 / √(mean (x - mean x)² + eps)
        z, r = scaled(centred(rows, grouped, n), n, as_eps("GroupNorm.forward", self.eps))
        z = z.reshape(channels.shape)
        out = selected(counts, column(wide(gamma)) * z + column(wide(beta)), 0)
        self.z, self.r, self.n, self.used = z, r, n, (gamma, beta)
        self.counts, self.grouped = counts, grouped
        self.dtype, self.out_shape = x.dtype, x.shape
        return np.asarray(out, np.result_type(x, gamma, beta)).reshape(x.shape)

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx, and leave dgamma and dbeta: the gradients at gamma and beta as forward used them."""
        dout = upstream(self, dout).reshape(self.z.shape)
        dout = selected(self.counts, dout, 0)
        gamma, beta = self.used
        # dx = r (t - mean t - z mean(t z)) with t = γ dout
        groups = self.r.shape[1]
        t, z = in_groups(column(wide(gamma)) * dout, groups), in_groups(self.z, groups)
        dx = back_through_both(t, z, self.r, self.grouped, self.n).reshape(dout.shape)
        self.dgamma = np.asarray(long_sum(dout * self.z, BATCH_AND_SPACE), gamma.dtype)
        self.dbeta = np.asarray(long_sum(dout, BATCH_AND_SPACE), beta.dtype)
        return np.asarray(selected(self.counts, dx, 0), self.dtype).reshape(self.out_shape)


def _moments(channels: Array, n: int) -> tuple[Array, Array, Array]:
    """Compute the mean of each channel (C, 1), as rounded as x is, what rounding left of it, and the variance."""
    dtype = np.result_type(channels, np.float32)
    mean = (sum_of_channels(channels, lambda block: channels[block]) / n).astype(dtype)
    rest = (sum_of_channels(channels, lambda block: channels[block] - mean) / n).astype(dtype)
    var = sum_of_channels(channels, lambda block: np.square(channels[block] - mean - rest)) / n
    if not np.isfinite(var).all():  # float32 may overflow where the variance, in float64, does not
        var = sum_of_channels(channels, lambda block: np.square(double(channels[block] - mean - rest))) / n
    return mean, rest, var


def _rounded(given: Statistics, channels: Array) -> tuple[Array, Array, Array]:
    """Give the same of given statistics."""
    dtype = np.result_type(channels, np.float32)
    mean = column(given.mean).astype(dtype)
    return mean, (column(given.mean) - mean).astype(dtype), column(given.var)
