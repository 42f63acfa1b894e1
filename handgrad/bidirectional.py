"""Recurrent layers in both directions of time."""

from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, Shape, floating, ieee, shape_error, upstreams
from handgrad.composition import expect_layers, noted
from handgrad.layer import Layer, in_order


class Bidirectional:
    """Run f from the first step to the last and g from the last to the first: out = ([f(x), P g(P x)], last states).

    Shapes
    ------
    x, dx : (..., T, D)      states, dstates : those of f, and behind them those of g      mask : booleans (..., T)
    out, dout : hs (..., T, H + K), of which H are from f and K from g; the last states of f; the last states of g

    P reverses the order of steps, and puts what g shows back into that of x. It reverses a mask as well: what was
    padding behind a sequence is padding before it now, over which g carries its first state, so that it begins with
    the last step that counts. It ends with the first one: its last states are those at the beginning of x.

    First states are given for both layers, or for none.

    Derivation
    ----------
    Each layer turns a small nudge of x into one of what it shows by a matrix J. Nudge x. To reverse nudges is linear,

        δhs = [J_f δx, P J_g P δx]

    Take the inner product with dout, which is dhs = [dhs_f, dhs_g], and free the nudges. To reverse moves numbers, so
    that ⟨A, P B⟩ = ⟨P A, B⟩:

        ⟨dout, δout⟩ = ⟨dhs_f, J_f δx⟩ + ⟨dhs_g, P J_g P δx⟩ = ⟨J_fᵀ dhs_f, δx⟩ + ⟨P J_gᵀ P dhs_g, δx⟩

    so that dx = J_fᵀ dhs_f + P J_gᵀ P dhs_g: backward of f hears its columns as they are, backward of g hears its own
    in the order in which it showed them, and x, which both have seen, hears from both. Gradients of last states go to
    their layer beside dhs, and those of first states come from it.

    Examples
    --------
    >>> from handgrad import Rnn
    >>> layer = Bidirectional(Rnn([[1.0]], [[1.0]], [0.0]), Rnn([[1.0]], [[1.0]], [0.0]))
    >>> hs, h, k = layer.forward([[1.0], [0.0]])
    >>> hs
    array([[0.76159416, 0.76159416],
           [0.64201499, 0.        ]])
    >>> layer.backward([[0.0, 1.0], [1.0, 0.0]])
    array([[0.66684229],
           [1.00779109]])
    >>> layer.layers[1].dWh
    array([[0.]])

    References
    ----------
    Schuster and Paliwal, Bidirectional Recurrent Neural Networks (1997)
    """

    layers: tuple[Layer, Layer]  # f and g
    numbers: tuple[int, int]  # H, and how many last states f has
    dtype: np.dtype[Any]
    out_shapes: tuple[Shape, ...]

    def __init__(self, forward_layer: Layer, backward_layer: Layer) -> None:
        self.layers = (forward_layer, backward_layer)
        expect_layers(self)

    @ieee
    def forward(
        self, x: npt.ArrayLike, *states: npt.ArrayLike, mask: npt.ArrayLike | None = None
    ) -> tuple[Array, ...]:
        """Compute what both show, and their last states. Raises ValueError for what does not fit."""
        x, (f, g) = floating("Bidirectional.forward", "x", x), self.layers
        half, odd = divmod(len(states), 2)
        if odd:
            expected = "as many for one layer as for the other, or none"
            raise TypeError(f"Bidirectional.forward: got {len(states)} first states; expected {expected}")
        if x.ndim < 2:
            raise shape_error("Bidirectional.forward", "x", x.shape, "(..., T, D)", "the order of steps is reversed")
        with noted(self, 0):
            shown, *last = in_order(f.forward(x, *states[:half], **({} if mask is None else {"mask": mask})))
        vars(self).pop("out_shapes", None)  # f has forgotten what it was called with before
        with noted(self, 1):
            reverse = {} if mask is None else {"mask": np.flip(mask, -1)}
            backwards, *first = in_order(g.forward(np.flip(x, -2), *states[half:], **reverse))
        # hs = [f(x), P g(P x)]
        out = np.concatenate([shown, np.flip(backwards, -2)], axis=-1), *last, *first
        self.numbers, self.dtype = (shown.shape[-1], len(last)), x.dtype
        self.out_shapes = tuple(each.shape for each in out)
        return out

    @ieee
    def backward(self, *douts: npt.ArrayLike) -> Array | tuple[Array, ...]:
        """Return dx, and behind it the gradients of the first states, if those were given."""
        (dhs, *dlast), (f, g), (H, kinds) = upstreams(self, douts), self.layers, self.numbers
        with noted(self, 0):
            dx, *dstates = in_order(f.backward(dhs[..., :H], *dlast[:kinds]))
        with noted(self, 1):
            backwards, *others = in_order(g.backward(np.flip(dhs[..., H:], -2), *dlast[kinds:]))
        # dx = J_fᵀ dhs_f + P J_gᵀ P dhs_g
        dx = np.asarray(dx + np.flip(backwards, -2), self.dtype)
        return (dx, *dstates, *others) if dstates else dx
