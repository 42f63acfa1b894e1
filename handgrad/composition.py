"""Layers that are made of the layers that they are given (合成関数): one behind the other, or beside their input.

They have no params of their own: the layers in them keep theirs, with their gradients, and `handgrad.parameters` and
`handgrad.vjp` list them in one order. An error from within is raised as it is, with a note of the layer that raised.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.batches import rows_of
from handgrad.checks import Array, Shape, expect_forward, floating, ieee, shape_error, upstream
from handgrad.counting import Counts, selected
from handgrad.layer import Layer, in_order
from handgrad.targets import as_rows
from handgrad.walk import is_layer, path, walk


class Sequential:
    """Run layers one behind the other: out = f_n(... f_2(f_1(x))).

    Shapes
    ------
    x, dx : what the first layer takes      out, dout : what the last one returns

    Derivation
    ----------
    Write h_0 = x, h_k = f_k(h_{k-1}) and out = h_n. Nudge x. Each layer turns a small nudge of its input into one of
    its output, linearly: δh_k = J_k δh_{k-1}, with a matrix J_k that depends on where it is. One after the other,

        δout = J_n ⋯ J_2 J_1 δx

    Take the inner product with dout and free the nudge, by moving one matrix after the other across, the last first:

        ⟨dout, δout⟩ = ⟨J_nᵀ dout, J_{n-1} ⋯ J_1 δx⟩ = ... = ⟨J_1ᵀ J_2ᵀ ⋯ J_nᵀ dout, δx⟩

    so that dx = J_1ᵀ J_2ᵀ ⋯ J_nᵀ dout, the chain rule. No J is ever made: backward of a layer turns dh_k into
    dh_{k-1} = J_kᵀ dh_k, so dout goes through the layers from the last to the first. On its way it passes each of
    them as the dout of that layer alone, which is all that the gradients of its params depend on.

    The inputs and the options are for the first layer; each of the others gets what the one before it returned. So a
    loss, which needs targets, stands behind the chain and not in it.

    A forward that raises leaves the chain as it was if the first layer raises. Later, the layers before have run
    already. To undo that, all that they had remembered would have to be kept, which is as much memory again; so
    backward then says that forward has to be called first.

    Examples
    --------
    >>> from handgrad import Affine, Relu
    >>> network = Sequential(Affine(W=[[2.0, -1.0]], b=[0.0, 0.0]), Relu())
    >>> network.forward([3.0])
    array([6., 0.])
    >>> network.backward([1.0, 1.0])
    array([2.])
    >>> network.layers[0].dW
    array([[3., 0.]])
    """

    layers: tuple[Layer, ...]
    through: bool  # whether the last forward came to the end

    def __init__(self, *layers: Layer) -> None:
        self.layers, self.through = layers, False
        expect_layers(self)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """Give what the last layer returns."""
        for place, layer in enumerate(self.layers):
            with noted(self, place):
                out = layer.forward(*inputs, **options)
            self.through = layer is self.layers[-1]
            inputs, options = in_order(out), {}
        return out

    def backward(self, *dout: Any) -> Any:
        """Return what the first layer returns: dx, or a tuple of gradients."""
        expect_forward("Sequential.backward", self.through)
        for place, layer in reversed(list(enumerate(self.layers))):
            with noted(self, place):
                dinputs = layer.backward(*dout)
            dout = in_order(dinputs)
        return dinputs


class Residual:
    """Add a layer's output to its input: out = x + f(x).

    Shapes
    ------
    x, dx, out, dout, f(x) : any, all the same

    Derivation
    ----------
    Nudge x, which is used twice. With the J of f, the matrix that turns a small nudge of its input into one of its
    output,

        δout = δx + J δx

    Take the inner product with dout and free the nudge:

        ⟨dout, δout⟩ = ⟨dout, δx⟩ + ⟨Jᵀ dout, δx⟩ = ⟨dout + Jᵀ dout, δx⟩

    so that dx = dout + Jᵀ dout, where Jᵀ dout is what backward of f returns: an input that is used twice hears from
    both, and what it hears adds up. So dout reaches x undiminished, whatever f does to it.

    Other inputs than x, and options, are for f alone; backward returns their gradients after dx.

    Examples
    --------
    >>> from handgrad import Affine
    >>> residual = Residual(Affine(W=[[0.0, 2.0], [0.0, 0.0]], b=[0.0, 0.0]))
    >>> residual.forward([1.0, 5.0])
    array([1., 7.])
    >>> residual.backward([1.0, 10.0])
    array([21., 10.])
    """

    layers: tuple[Layer]  # f
    dtype: np.dtype[Any]
    out_shape: Shape

    def __init__(self, layer: Layer) -> None:
        self.layers = (layer,)
        expect_layers(self)

    @ieee
    def forward(self, x: npt.ArrayLike, *others: Any, **options: Any) -> Array:
        """Compute x + f(x). Raises ValueError if f(x) has another shape than x."""
        x, (f,) = floating("Residual.forward", "x", x), self.layers
        with noted(self, 0):
            beside = f.forward(x, *others, **options)
        if np.shape(beside) != x.shape:
            vars(self).pop("out_shape", None)  # f has forgotten what it was called with before
            raise shape_error("Residual.forward", "f(x)", np.shape(beside), x.shape, "it is added to x")
        # out = x + f(x)
        out = np.asarray(x + beside)
        self.dtype, self.out_shape = x.dtype, x.shape
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array | tuple[Array, ...]:
        """Return dx, or a tuple of gradients where f gives one."""
        dout, (f,) = upstream(self, dout), self.layers
        with noted(self, 0):
            dbeside, *dothers = in_order(f.backward(dout))
        # dx = dout + Jᵀ dout
        dx = np.asarray(dout + dbeside, self.dtype)
        return (dx, *dothers) if dothers else dx


class TransformerBlock:
    """Attend, then feed forward, each beside its input: h = x + attention(norm(x)), out = h + feed_forward(norm'(h)).

    Shapes
    ------
    x, dx, h, out, dout : (..., T, D)      mask : booleans (..., T), True for rows that count

    Derivation
    ----------
    Write f for attention behind the first norm, and g for feed_forward behind the second, norm', each with the J that
    turns a small nudge of its input into one of its output. Nudge x. Each of x and h is used twice,

        δh = δx + J_f δx        δout = δh + J_g δh

    Take the inner product with dout and free first δh, then δx, as in `Residual`:

        ⟨dout, δout⟩ = ⟨dout + J_gᵀ dout, δh⟩ = ⟨dh, δh⟩ = ⟨dh + J_fᵀ dh, δx⟩

    so that dx = dh + J_fᵀ dh with dh = dout + J_gᵀ dout: backward of g and then of f, each through its norm last.

    Norms stand before what they are for, so that dout reaches x undiminished; with layers that give 0, the block is
    an identity. Rows that a mask hides are neither queries nor keys: they are inert, whatever they hold, and have
    out = 0 and dx = 0. Other options are for attention alone; where it has a bias, backward returns dbias after dx.

    Examples
    --------
    >>> from handgrad import Affine, MultiHeadAttention, RmsNorm, Tanh
    >>> one, zero = [[1.0, 0.0], [0.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]
    >>> attention = MultiHeadAttention(zero, zero, one, one, heads=1)
    >>> block = TransformerBlock(Tanh(), attention, RmsNorm([1.0, 1.0]), Affine(zero, [10.0, 20.0]))
    >>> block.forward([[0.0, 0.0], [1.0, 0.0]], mask=[True, False])
    array([[10., 20.],
           [ 0.,  0.]])
    >>> block.backward([[1.0, 2.0], [1.0, 2.0]])
    array([[2., 4.],
           [0., 0.]])

    References
    ----------
    Xiong et al., On Layer Normalization in the Transformer Architecture (2020)
    """

    layers: tuple[Layer, ...]  # norm, attention, norm', feed_forward
    counts: Counts  # (..., T, 1) which rows do
    dtype: np.dtype[Any]
    out_shape: Shape

    def __init__(self, norm: Layer, attention: Layer, second_norm: Layer, feed_forward: Layer) -> None:
        self.layers = (norm, attention, second_norm, feed_forward)
        expect_layers(self)

    @ieee
    def forward(self, x: npt.ArrayLike, mask: npt.ArrayLike | None = None, **options: Any) -> Array:
        """Compute h + feed_forward(norm'(h)). Raises ValueError if a layer gives another shape than that of x."""
        x = as_rows("TransformerBlock.forward", "x", x)
        rows = rows_of("TransformerBlock.forward", x, mask).mask
        counts = True if rows is None else rows[..., np.newaxis]
        masks = {} if rows is None else {"key_mask": rows, "query_mask": rows}
        if twice := sorted(masks.keys() & options):
            raise TypeError(f"TransformerBlock.forward: {' and '.join(twice)} beside mask, which is both")
        vars(self).pop("out_shape", None)  # its layers are about to forget what they were called with before
        # h = x + attention(norm(x)), out = h + feed_forward(norm'(h))
        h = self._beside(selected(counts, x, 0), 0, **masks, **options)
        out = selected(counts, self._beside(h, 2), 0)
        self.counts, self.dtype, self.out_shape = counts, x.dtype, x.shape
        return np.asarray(out)

    def _beside(self, x: Array, place: int, **options: Any) -> Array:
        """Add to x what the two layers from a place on make of it."""
        with noted(self, place):
            normed = self.layers[place].forward(x)
        with noted(self, place + 1):
            beside = self.layers[place + 1].forward(normed, **options)
        if np.shape(beside) != x.shape:
            name = f"{type(self.layers[place + 1]).__name__}(...)"
            raise shape_error("TransformerBlock.forward", name, np.shape(beside), x.shape, "it is added to x")
        return np.asarray(x + beside)

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array | tuple[Array, ...]:
        """Return dx, or a tuple of gradients where attention gives one."""
        dout = upstream(self, dout)
        dout = selected(self.counts, dout, 0)
        # dh = dout + J_gᵀ dout, dx = dh + J_fᵀ dh
        dbeside, _ = self._back(dout, 2)
        dh = dout + dbeside
        dbeside, dothers = self._back(dh, 0)
        dx = np.asarray(selected(self.counts, dh + dbeside, 0), self.dtype)
        return (dx, *dothers) if dothers else dx

    def _back(self, dout: Array, place: int) -> tuple[Any, list[Any]]:
        with noted(self, place + 1):
            dnormed, *dothers = in_order(self.layers[place + 1].backward(dout))
        with noted(self, place):
            return self.layers[place].backward(dnormed), dothers


def expect_layers(composed: Any) -> None:
    """Raise TypeError for what is no layer, and ValueError for a layer that is in two places, at any depth."""
    where = type(composed).__name__
    if not composed.layers:
        raise ValueError(f"{where}: there are no layers; expected one or more, because nothing is computed by none")
    places: dict[int, str] = {}
    for at, each in walk(composed):
        if not is_layer(each):
            raise TypeError(f"{where}: {path(at)} is of type {type(each).__name__}; expected layers, one by one")
        first = places.setdefault(id(each), path(at))
        if first != path(at):
            raise ValueError(
                f"{where}: the same {type(each).__name__} is at {first} and at {path(at)}; expected one for each "
                "place, because its second forward would overwrite what the first remembered"
            )


@contextmanager
def noted(composed: Any, place: int) -> Iterator[None]:
    """Add to an error the place of the layer that raised it."""
    try:
        yield
    except Exception as error:
        error.add_note(f"at {place} of {type(composed).__name__}: {type(composed.layers[place]).__name__}")
        raise
