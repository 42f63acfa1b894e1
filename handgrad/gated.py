"""Gated linear units: one part of the numbers opens the gate for the other."""

import numpy as np
import numpy.typing as npt

from handgrad.axes import as_axis
from handgrad.checks import Array, Shape, Spec, floating, floating_together, ieee, shape_error, upstream, wide
from handgrad.functions import sigmoid
from handgrad.self_gated import Gelu, Silu


class Glu:
    """Let the second half of an axis gate the first: out = a ⊙ σ(b), where [a, b] = x.

    Shapes
    ------
    x, dx : any whose axis is of an even length      a, b, out, dout : that axis half as long

    Derivation
    ----------
    Nudge both halves. By the product rule, and because the slope of σ(b) is σ(b) (1 - σ(b)) = σ(b) σ(-b),

        δout = σ(b) ⊙ δa + a ⊙ σ(b) ⊙ σ(-b) ⊙ δb

    Take the inner product with dout and free each nudge:

        ⟨dout, δout⟩ = ⟨dout ⊙ σ(b), δa⟩ + ⟨dout ⊙ a ⊙ σ(b) ⊙ σ(-b), δb⟩

    so that dx = [dout ⊙ σ(b), dout ⊙ a ⊙ σ(b) ⊙ σ(-b)]: the halves have no number in common, so their gradients lie
    side by side as they do.

    Examples
    --------
    >>> glu = Glu()
    >>> glu.forward([[4.0, 8.0, 0.0, -1000.0]])
    array([[2., 0.]])
    >>> glu.backward([[1.0, 1.0]])
    array([[0.5, 0. , 1. , 0. ]])

    References
    ----------
    Dauphin, Fan, Auli and Grangier, Language Modeling with Gated Convolutional Networks (2017)
    """

    axis: int
    used: int  # the axis as forward used it, counted from the first
    x: Array  # any shape
    out_shape: Shape

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    @ieee
    def forward(self, x: npt.ArrayLike) -> Array:
        """Compute a ⊙ σ(b). Raises ValueError unless x can be halved along the axis."""
        x = floating("Glu.forward", "x", x)
        axis = as_axis("Glu.forward", self.axis, x.shape)
        if x.shape[axis] % 2:
            raise shape_error("Glu.forward", "x", x.shape, f"an even length of axis {axis}", "it is halved")
        a, b = np.split(wide(x), 2, axis)
        out = np.asarray(a * sigmoid(b), x.dtype)
        self.x, self.used, self.out_shape = x, axis, out.shape
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout = upstream(self, dout)
        a, b = np.split(wide(self.x), 2, self.used)
        da = dout * sigmoid(b)
        db = da * a * sigmoid(-b)
        return np.concatenate([da, db], self.used).astype(self.x.dtype)


class SwiGlu:
    """Let one input gate another, with silu for the gate: out = silu(gate) ⊙ up.

    Shapes
    ------
    gate, dgate, up, dup, out, dout : any, but the same

    Derivation
    ----------
    Nudge both. By the product rule, with silu' for the slope of silu,

        δout = up ⊙ silu'(gate) ⊙ δgate + silu(gate) ⊙ δup

    Take the inner product with dout and free each nudge:

        ⟨dout, δout⟩ = ⟨dout ⊙ up ⊙ silu'(gate), δgate⟩ + ⟨dout ⊙ silu(gate), δup⟩

    so that dgate = (dout ⊙ up) ⊙ silu'(gate), which is Silu's backward of dout ⊙ up, and dup = dout ⊙ silu(gate).

    Examples
    --------
    >>> swiglu = SwiGlu()
    >>> swiglu.forward(gate=[0.0, 2.0], up=[3.0, 10.0])
    array([ 0.        , 17.61594156])
    >>> swiglu.backward([1.0, 1.0])
    (array([ 1.5       , 10.90784249]), array([0.        , 1.76159416]))

    References
    ----------
    Shazeer, GLU Variants Improve Transformer (2020)
    """

    silu: Silu
    opened: Array  # the shape of out: silu(gate)
    gate: Spec
    up: Array
    out_shape: Shape

    def __init__(self) -> None:
        self.silu = Silu()

    @ieee
    def forward(self, gate: npt.ArrayLike, up: npt.ArrayLike) -> Array:
        """Compute silu(gate) ⊙ up. Raises ValueError if their shapes differ."""
        gate, up = _alike("SwiGlu.forward", gate, up)
        opened = self.silu.forward(wide(gate))
        out = np.asarray(opened * up, np.result_type(gate, up))
        self.opened, self.gate, self.up, self.out_shape = opened, Spec(gate.shape, gate.dtype), up, out.shape
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> tuple[Array, Array]:
        """Return (dgate, dup)."""
        dout = upstream(self, dout)
        dgate = self.silu.backward(dout * self.up)
        dup = dout * self.opened
        return np.asarray(dgate, self.gate.dtype), np.asarray(dup, self.up.dtype)


class GeGlu:
    """Let one input gate another, with gelu for the gate: out = gelu(gate) ⊙ up.

    Shapes
    ------
    gate, dgate, up, dup, out, dout : any, but the same

    Derivation
    ----------
    Nudge both. By the product rule, with gelu' for the slope of gelu,

        δout = up ⊙ gelu'(gate) ⊙ δgate + gelu(gate) ⊙ δup

    Take the inner product with dout and free each nudge:

        ⟨dout, δout⟩ = ⟨dout ⊙ up ⊙ gelu'(gate), δgate⟩ + ⟨dout ⊙ gelu(gate), δup⟩

    so that dgate = (dout ⊙ up) ⊙ gelu'(gate), which is Gelu's backward of dout ⊙ up, and dup = dout ⊙ gelu(gate).

    Examples
    --------
    >>> geglu = GeGlu()
    >>> geglu.forward(gate=[0.0, 2.0], up=[3.0, 10.0])
    array([ 0.        , 19.54499736])
    >>> geglu.backward([1.0, 1.0])
    (array([ 1.5       , 10.85231801]), array([0.        , 1.95449974]))

    References
    ----------
    Shazeer, GLU Variants Improve Transformer (2020)
    """

    gelu: Gelu
    opened: Array  # the shape of out: gelu(gate)
    gate: Spec
    up: Array
    out_shape: Shape

    def __init__(self, approximate: str = "none") -> None:
        self.gelu = Gelu(approximate)

    @ieee
    def forward(self, gate: npt.ArrayLike, up: npt.ArrayLike) -> Array:
        """Compute gelu(gate) ⊙ up. Raises ValueError if their shapes differ."""
        gate, up = _alike("GeGlu.forward", gate, up)
        opened = self.gelu.forward(wide(gate))
        out = np.asarray(opened * up, np.result_type(gate, up))
        self.opened, self.gate, self.up, self.out_shape = opened, Spec(gate.shape, gate.dtype), up, out.shape
        return out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> tuple[Array, Array]:
        """Return (dgate, dup)."""
        dout = upstream(self, dout)
        dgate = self.gelu.backward(dout * self.up)
        dup = dout * self.opened
        return np.asarray(dgate, self.gate.dtype), np.asarray(dup, self.up.dtype)


def _alike(where: str, gate: npt.ArrayLike, up: npt.ArrayLike) -> tuple[Array, Array]:
    """Give both as floating arrays, or raise ValueError if their shapes differ: a gate opens for one number."""
    gates, ups = floating_together(where, gate=gate, up=up)
    if ups.shape != gates.shape:
        raise shape_error(where, "up", ups.shape, gates.shape, "that is the shape of gate")
    return gates, ups
