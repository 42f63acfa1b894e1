"""Convolutions (畳み込み) over any number of axes of space, and transposed ones: each is the other's backward.

As everywhere in neural networks, nothing is flipped: what is called a convolution is a correlation.
"""

import math

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, Shape, floating, ieee, shape_error, upstream, whole_number, wide
from handgrad.correlation import correlate, spread, weight_sums
from handgrad.counting import masked_sum
from handgrad.spacing import Numbers, Padding, placed, placed_back
from handgrad.windows import Axis


class Convolution:
    """Slide weights over space, and sum the products with what they meet there: out = W ⋆ x + b.

    Shapes
    ------
    x, dx : (..., C, *lengths)      W, dW : (F, C / groups, *sizes)      b, db : (F,)
    out, dout : (..., F, *places)

    W has as many axes of sizes as x has of space, one or more. Along each of them, windows start every `stride`
    numbers, and the numbers of a window are `dilation` apart, so that it spans (size - 1) dilation + 1:

        places = (length + padding - span) // stride + 1

    Padding is a number, one for each axis or pairs (before, after); or "valid", none; or "same", which keeps the
    length at a stride of 1; or "causal", all before x. Each of the groups of channels of out sees a group of those of
    x: with C groups, one channel each.

    Derivation
    ----------
    Write X for the windows over one sample: X_ckp is what the k-th weight meets in channel c when the window is at
    place p, and 0 where that is padding. With a row of W for each f, and a column of X for each p, it is a product of
    matrices (and with groups one for each), in which b is added to every column, 1ᵀ being a row of ones:

        out = W X + b 1ᵀ

    Nudge all three. X is linear in x, so that it moves by the windows over δx, and by the product rule

        δout = W δX + δW X + δb 1ᵀ

    Take the inner product with dout and free each nudge with ⟨A, B C⟩ = ⟨A Cᵀ, B⟩ = ⟨Bᵀ A, C⟩:

        ⟨dout, δout⟩ = ⟨Wᵀ dout, δX⟩ + ⟨dout Xᵀ, δW⟩ + ⟨dout 1, δb⟩

    The first term still speaks of windows. To take them, transposed, is to add them back, each number to the entry
    that was seen there (`handgrad.windows`):

        ⟨Wᵀ dout, δX⟩ = ⟨add(Wᵀ dout), δx⟩

    so that dx = add(Wᵀ dout), dW = dout Xᵀ and db = dout 1, the last two summed over the samples. Where windows
    overlap, an entry hears from each; the end of x that no window reaches hears 0; and a weight, which is used at
    every place, hears from all of them. ConvolutionTranspose computes what dx is here.

    Examples
    --------
    >>> convolution = Convolution(W=[[[1.0, 2.0, 3.0]]], b=[10.0], stride=2)
    >>> convolution.forward([[1.0, 0.0, 0.0, 0.0, 5.0, 7.0]])
    array([[11., 25.]])
    >>> convolution.backward([[1.0, 1.0]])
    array([[1., 2., 4., 2., 3., 0.]])
    >>> convolution.dW
    array([[[1., 0., 5.]]])
    >>> convolution.db
    array([2.])
    """

    params = ("W", "b")

    W: Array  # (F, C / groups, *sizes)
    b: Array  # (F,)
    stride: Numbers
    pad: Padding
    dilation: Numbers
    groups: int
    x: Array  # (..., C, *lengths)  remembered by forward, with W and b as it used them
    used: tuple[Array, Array]
    filters: Array  # W as a matrix for each group
    axes: list[Axis]
    dW: Array  # (F, C / groups, *sizes)  left by backward
    db: Array  # (F,)
    out_shape: Shape

    def __init__(
        self,
        W: npt.ArrayLike,
        b: npt.ArrayLike,
        stride: Numbers = 1,
        pad: Padding = 0,
        dilation: Numbers = 1,
        groups: int = 1,
    ) -> None:
        self.W = _weights("Convolution", W, groups)
        self.b = _bias("Convolution", b, len(self.W), self.W, groups)
        self.stride, self.pad, self.dilation, self.groups = stride, pad, dilation, groups

    @ieee
    def forward(self, x: npt.ArrayLike) -> Array:
        """Compute W ⋆ x + b. Raises ValueError if x does not fit W, or a window is longer than x with its padding."""
        where = "Convolution.forward"
        x, W = floating(where, "x", x), _weights(where, self.W, self.groups)
        b = _bias(where, self.b, len(W), W, self.groups)
        space = _space(where, x, W.shape[1] * self.groups, W, self.groups)
        axes = placed(where, space, W.shape[2:], self.stride, self.pad, self.dilation)
        filters = _filters(W, b, self.groups)
        # out = W X + b 1ᵀ, for each sample
        out = correlate(_samples(wide(x), axes), filters, axes)
        out += _at_every_place(wide(b), axes)
        self.x, self.used, self.filters, self.axes = x, (W, b), filters, axes
        self.out_shape = (*x.shape[: -len(axes) - 1], *out.shape[1:])
        return np.asarray(out, np.result_type(x, W, b)).reshape(self.out_shape)

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx, and leave dW and db: the gradients at W and b as forward used them."""
        dout, x = _samples(upstream(self, dout), self.axes), _samples(wide(self.x), self.axes)
        W, b = self.used
        # dx = add(Wᵀ dout), dW = dout Xᵀ and db = dout 1, the last two summed over the samples
        dx = spread(dout, self.filters, self.axes)
        dW = weight_sums(x, dout, self.axes, len(self.filters))
        db = _sums_of_channels(dout)
        self.dW, self.db = np.asarray(dW, W.dtype).reshape(W.shape), np.asarray(db, b.dtype)
        return np.asarray(dx, self.x.dtype).reshape(self.x.shape)


class ConvolutionTranspose:
    """Write the weights around every place, times the number there, and add them up: out = Wᵀ ⋆ x + b.

    Shapes
    ------
    x, dx : (..., C, *places)      W, dW : (C, F / groups, *sizes)      b, db : (F,)
    out, dout : (..., F, *lengths)

    It is Convolution, transposed: W and the options are those of the one that goes from out to x. They tell the
    lengths, but for what its stride may leave over at the end, up to stride - 1 numbers. There are `out_pad` of them:

        length = (places - 1) stride + span - padding + out_pad,      span = (size - 1) dilation + 1

    With padding by the names "same" and "causal" it is places · stride.

    Derivation
    ----------
    In one sample, the window at place p gets Σ_c W_cfk x_cp, or in matrices with a row of W for each c, Wᵀ x. Windows
    that overlap add up, and so, 1ᵀ being a row of ones,

        out = add(Wᵀ x) + b 1ᵀ

    Nudge all three. To add windows is linear, so by the product rule

        δout = add(Wᵀ δx) + add(δWᵀ x) + δb 1ᵀ

    Take the inner product with dout. To add windows, transposed, is to take them (`handgrad.windows`): with D for the
    windows over dout, ⟨dout, add(A)⟩ = ⟨D, A⟩. Then free each nudge:

        ⟨dout, δout⟩ = ⟨D, Wᵀ δx⟩ + ⟨D, δWᵀ x⟩ + ⟨dout, δb 1ᵀ⟩ = ⟨W D, δx⟩ + ⟨x Dᵀ, δW⟩ + ⟨dout 1, δb⟩

    so that dx = W D, dW = x Dᵀ and db = dout 1, the last two summed over the samples: dx is what Convolution computes
    of dout, and in dW its x and dout have changed places.

    Examples
    --------
    >>> transpose = ConvolutionTranspose(W=[[[1.0, 2.0, 3.0]]], b=[10.0], stride=2)
    >>> transpose.forward([[1.0, 100.0]])
    array([[ 11.,  12., 113., 210., 310.]])
    >>> transpose.backward([[1.0, 0.0, 0.0, 1.0, 0.0]])
    array([[1., 2.]])
    >>> transpose.dW
    array([[[  1., 100.,   0.]]])
    >>> transpose.db
    array([2.])
    """

    params = ("W", "b")

    W: Array  # (C, F / groups, *sizes)
    b: Array  # (F,)
    stride: Numbers
    pad: Padding
    dilation: Numbers
    groups: int
    out_pad: Numbers
    x: Array  # (..., C, *places)  remembered by forward, with W and b as it used them
    used: tuple[Array, Array]
    filters: Array  # W as a matrix for each group
    axes: list[Axis]  # of windows over out
    dW: Array  # (C, F / groups, *sizes)  left by backward
    db: Array  # (F,)
    out_shape: Shape

    def __init__(
        self,
        W: npt.ArrayLike,
        b: npt.ArrayLike,
        stride: Numbers = 1,
        pad: Padding = 0,
        dilation: Numbers = 1,
        groups: int = 1,
        out_pad: Numbers = 0,
    ) -> None:
        self.W = _weights("ConvolutionTranspose", W, groups)
        self.b = _bias("ConvolutionTranspose", b, self.W.shape[1] * groups, self.W, groups)
        self.stride, self.pad, self.dilation, self.groups, self.out_pad = stride, pad, dilation, groups, out_pad

    @ieee
    def forward(self, x: npt.ArrayLike) -> Array:
        """Compute Wᵀ ⋆ x + b. Raises ValueError if x does not fit W, or padding takes away more than there is."""
        where = "ConvolutionTranspose.forward"
        x, W = floating(where, "x", x), _weights(where, self.W, self.groups)
        b = _bias(where, self.b, W.shape[1] * self.groups, W, self.groups)
        space = _space(where, x, len(W), W, self.groups)
        axes = placed_back(where, space, W.shape[2:], self.stride, self.pad, self.dilation, self.out_pad)
        filters = _filters(W, b, self.groups)
        # out = add(Wᵀ x) + b 1ᵀ, for each sample
        out = spread(_samples(wide(x), axes), filters, axes)
        out += _at_every_place(wide(b), axes)
        self.x, self.used, self.filters, self.axes = x, (W, b), filters, axes
        self.out_shape = (*x.shape[: -len(axes) - 1], *out.shape[1:])
        return np.asarray(out, np.result_type(x, W, b)).reshape(self.out_shape)

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx, and leave dW and db: the gradients at W and b as forward used them."""
        dout, x = _samples(upstream(self, dout), self.axes), _samples(wide(self.x), self.axes)
        W, b = self.used
        # dx = W D, dW = x Dᵀ and db = dout 1, the last two summed over the samples
        dx = correlate(dout, self.filters, self.axes)
        dW = weight_sums(dout, x, self.axes, len(self.filters))
        db = _sums_of_channels(dout)
        self.dW, self.db = np.asarray(dW, W.dtype).reshape(W.shape), np.asarray(db, b.dtype)
        return np.asarray(dx, self.x.dtype).reshape(self.x.shape)


def _weights(where: str, W: npt.ArrayLike, groups: int) -> Array:
    """Give W as a floating array, if it has axes of space, none of them empty, and a filter for each group."""
    W, groups = floating(where, "W", W), whole_number(where, "groups", groups)
    if W.ndim < 3 or 0 in W.shape[2:]:
        expected = "two axes of channels, and one or more of space that are not empty"
        raise shape_error(where, "W", W.shape, expected, "there is a weight for each tap of a window")
    if groups < 1 or len(W) % groups:
        because = f"it cuts the {len(W)} channels of W.shape {W.shape} into equal parts"
        raise ValueError(f"{where}: groups is {groups}; expected a divisor, because {because}")
    return W


def _bias(where: str, b: npt.ArrayLike, channels: int, W: Array, groups: int) -> Array:
    b = floating(where, "b", b)
    if b.shape != (channels,):
        raise shape_error(where, "b", b.shape, (channels,), _of_weights(W, groups))
    return b


def _space(where: str, x: Array, channels: int, W: Array, groups: int) -> Shape:
    """Give the axes of space of x, (..., C, *space)."""
    axes = W.ndim - 2
    if x.ndim <= axes or x.shape[-axes - 1] != channels:
        expected = f"(..., {', '.join([str(channels)] + ['any'] * axes)})"
        raise shape_error(where, "x", x.shape, expected, _of_weights(W, groups))
    return x.shape[-axes:]


def _of_weights(W: Array, groups: int) -> str:
    return f"W.shape is {W.shape}" + (f" and groups is {groups}" if groups != 1 else "")


def _filters(W: Array, b: Array, groups: int) -> Array:
    """Give W as a matrix for each group, in the dtype that products are computed in."""
    dtype = np.result_type(wide(W), wide(b))
    return W.astype(dtype, copy=False).reshape(groups, len(W) // groups, math.prod(W.shape[1:]))


def _samples(array: Array, axes: list[Axis]) -> Array:
    """Give (..., channels, *space) with a single axis of samples in front."""
    samples, channels_and_space = array.shape[: -len(axes) - 1], array.shape[-len(axes) - 1 :]
    return array.reshape(math.prod(samples), *channels_and_space)


def _at_every_place(b: Array, axes: list[Axis]) -> Array:
    return b.reshape(len(b), *[1] * len(axes))


def _sums_of_channels(dout: Array) -> Array:
    """Sum over samples and space."""
    samples, channels, *space = dout.shape
    return masked_sum(dout.reshape(samples, channels, math.prod(space)), (0, 2), True).reshape(channels)
