"""The way through time, and back: what recurrent layers have in common.

A recurrent layer has a state. Each step makes the next state of it and of a row of x, always by the same function,
and shows it:

    h_t = f(x_t, h_{t-1})      t = 1 ... T

Nudge x and the first state h_0. With the matrices K_t and J_t, that turn small nudges of what a step is given into
one of what it makes,

    δh_t = K_t δx_t + J_t δh_{t-1}

The outputs are hs = [h_1 ... h_T], and h_T once more, as the last state. Take the inner product with their upstream
gradients:

    Σ_t ⟨dhs_t, δh_t⟩ + ⟨dh, δh_T⟩

Free the nudge of the last state, behind which nothing comes. Beside it stands dh_T = dhs_T + dh, and

    ⟨dh_T, δh_T⟩ = ⟨K_Tᵀ dh_T, δx_T⟩ + ⟨J_Tᵀ dh_T, δh_{T-1}⟩

Now δh_{T-1} is the last nudge of a state, and beside it stands dh_{T-1} = dhs_{T-1} + J_Tᵀ dh_T. So it goes on, from
the last step to the first:

    dh_t = dhs_t + J_{t+1}ᵀ dh_{t+1}      dx_t = K_tᵀ dh_t      dh_0 = J_1ᵀ dh_1

A state is used twice, shown and handed on, and hears from both. The params are used T times, and hear from all steps.

Of x, a step takes nothing but a_t = x_t Wx + b. That is one product for all steps, as `Affine` has it, and so is what
goes back through it when all da_t are known: only h_{t-1} Wh has to wait for the step before. The gradient of Wh is
Σ_t h_{t-1}ᵀ da_t, one product again.

A step that a mask hides carries the state over, h_t = h_{t-1}, and shows 0. Then J_t is the identity and K_t is 0: dh
goes back over the step as h came, dhs_t is ignored, and no param hears of it. What is hidden is inert wherever it is,
before a sequence, behind it or within; and the last state is that of the last step that counts.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.affine import Affine
from handgrad.batches import rows_of
from handgrad.checks import (
    Array,
    Shape,
    Spec,
    broadcast_to,
    floating,
    floating_together,
    shape_error,
    sum_to,
    upstreams,
    wide,
)
from handgrad.counting import Counts, selected
from handgrad.heads import affine_map


@dataclass(frozen=True)
class Unrolled:
    """N sequences side by side, as loops go through them: in arrays (T, N, H), with the steps on the first axis."""

    leading: Shape  # the axes that N counts
    counts: Counts  # (T, N, 1) which steps do
    affine: Affine  # x Wx + b, of all steps
    Wh: Array  # (H, kH), widened
    inputs: dict[str, Spec]  # x, and the first states that were given
    dtypes: dict[str, np.dtype[Any]]  # those of the params
    dtype: np.dtype[Any]  # that of the outputs

    def carried(self, t: int, after: Array, before: Array) -> Array:
        """Give what step t makes where it counts, and what there was before it elsewhere."""
        return after if isinstance(self.counts, bool) else np.where(self.counts[t], after, before)

    def outputs(self, hs: Array, *others: Array) -> tuple[Array, ...]:
        """Give hs (..., T, H), and the last state (..., H) of each kind, of all states (T + 1, N, H)."""
        shown = self._in_place(selected(self.counts, hs[1:], 0))
        last = (states[-1].reshape(*self.leading, len(self.Wh)) for states in (hs, *others))
        return tuple(np.array(each, self.dtype) for each in (shown, *last))

    def product(self, before: Array, da: Array) -> Array:
        """Compute Σ_t before_tᵀ da_t over the steps that count: one product of all rows."""
        before, da = (_rows(selected(self.counts, each, 0)) for each in (before, da))
        return np.dot(before.T, da)

    def finish(self, layer: Any, da: Array, dWh: Array, **dfirst: Array) -> Array | tuple[Array, ...]:
        """Leave the gradients of the params. Return dx, and behind it those of the first states that were given."""
        # dx = da Wxᵀ, dWx = xᵀ da, db = 1ᵀ da
        dx = self._in_place(self.affine.backward(selected(self.counts, da, 0)))
        for name, grad in {"Wx": self.affine.dW, "Wh": dWh, "b": self.affine.db}.items():
            setattr(layer, f"d{name}", np.asarray(grad, self.dtypes[name]))
        found = {name: each.reshape(*self.leading, len(self.Wh)) for name, each in dfirst.items()} | {"x": dx}
        grads = tuple(sum_to(found[name], given) for name, given in self.inputs.items())
        return grads if len(grads) > 1 else grads[0]

    def _in_place(self, steps: Array) -> Array:
        """Put (T, N, K) back into the places that it has in x: (..., T, K)."""
        return steps.swapaxes(0, 1).reshape(*self.leading, len(steps), steps.shape[-1])


def unrolled(
    where: str, layer: Any, parts: int, mask: npt.ArrayLike | None, **inputs: npt.ArrayLike | None
) -> tuple[Unrolled, Array, list[Array]]:
    """Unroll x. Give x Wx + b (T, N, kH), and room for the states of each kind (T + 1, N, H), with the first in it.

    Raises
    ------
    ValueError, TypeError
        If the params do not fit each other, or x, the first states or the mask do not fit them.
    """
    params = as_params(where, parts, **{name: getattr(layer, name) for name in layer.params})
    arrays, first = _inputs(where, params, inputs)
    x, dtype = arrays["x"], np.result_type(*arrays.values(), *params.values())
    rows = rows_of(where, x, mask).mask
    counts = True if rows is None else _steps_first(rows[..., np.newaxis])
    affine = affine_map(params["Wx"], params["b"])
    a = affine.forward(selected(counts, wide(_steps_first(x)), 0))
    run = Unrolled(
        x.shape[:-2],
        counts,
        affine,
        wide(params["Wh"]),
        {name: Spec(each.shape, each.dtype) for name, each in arrays.items()},
        {name: each.dtype for name, each in params.items()},
        dtype,
    )
    return run, a, [_room(len(a), each.reshape(a.shape[1], len(run.Wh)), dtype) for each in first]


def heard(layer: Any, douts: tuple[npt.ArrayLike, ...]) -> list[Array]:
    """Give dhs (T, N, H), with 0 for steps that are hidden, and the gradient (N, H) of each last state.

    Like the states, they are float32 at least, and no narrower than what the layer computes in.
    """
    dhs, *dlast = upstreams(layer, douts)
    dhs = selected(layer.run.counts, _steps_first(dhs), 0)
    dtype = np.result_type(layer.hs, dhs, *dlast)
    return [each.astype(dtype, copy=False) for each in (dhs, *(each.reshape(dhs.shape[1:]) for each in dlast))]


def as_params(where: str, parts: int, **params: npt.ArrayLike) -> dict[str, Array]:
    """Give the params of steps that compute so many parts of H numbers each. Raises ValueError unless they fit."""
    arrays = {name: floating(where, name, each) for name, each in params.items()}
    Wx, Wh, b = arrays["Wx"], arrays["Wh"], arrays["b"]
    columns = f"{parts} H" if parts > 1 else "H"
    if Wh.ndim != 2 or Wh.shape[1] != parts * len(Wh):
        raise shape_error(where, "Wh", Wh.shape, f"(H, {columns})", "it maps a state of H numbers")
    if Wx.ndim != 2 or Wx.shape[1] != Wh.shape[1]:
        raise shape_error(where, "Wx", Wx.shape, f"(D, {Wh.shape[1]})", f"Wh.shape is {Wh.shape}")
    if b.shape != Wh.shape[1:]:
        raise shape_error(where, "b", b.shape, Wh.shape[1:], f"Wh.shape is {Wh.shape}")
    return arrays


def _inputs(
    where: str, params: dict[str, Array], inputs: dict[str, npt.ArrayLike | None]
) -> tuple[dict[str, Array], list[Array]]:
    """Give the inputs that there are, by name, and all first states (..., H): 0 where none is given."""
    given = {name: each for name, each in inputs.items() if each is not None}
    arrays = dict(zip(given, floating_together(where, **given), strict=True))
    x, Wx, Wh = arrays["x"], params["Wx"], params["Wh"]
    if x.ndim < 2 or x.shape[-1] != len(Wx):
        raise shape_error(where, "x", x.shape, f"(..., T, {len(Wx)})", f"Wx.shape is {Wx.shape}")
    shape, because = (*x.shape[:-2], len(Wh)), f"x.shape is {x.shape} and Wh.shape is {Wh.shape}"
    states = {name: arrays.get(name, np.zeros(shape)) for name in inputs if name != "x"}
    return arrays, [broadcast_to(where, name, each, shape, because) for name, each in states.items()]


def parts_of(array: Array, parts: int) -> list[Array]:
    """Give the columns of each part, as views."""
    columns = array.reshape(*array.shape[:-1], parts, array.shape[-1] // parts)
    return [columns[..., part, :] for part in range(parts)]


def transposed(W: Array) -> Array:
    """Give Wᵀ in an order of its own: products of few rows take longer with a view of W."""
    return np.ascontiguousarray(W.T)


def _room(steps: int, first: Array, dtype: np.dtype[Any]) -> Array:
    """Make room for a state before each step and behind the last."""
    room = np.empty((steps + 1, *first.shape), np.result_type(dtype, np.float32))
    room[0] = first
    return room


def _rows(steps: Array) -> Array:
    """Give (T, N, K) as (T N, K)."""
    return steps.reshape(math.prod(steps.shape[:2]), steps.shape[2])


def _steps_first(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Give (..., T, K) as (T, N, K), with all other axes in one."""
    *leading, steps, length = array.shape
    return array.reshape(math.prod(leading), steps, length).swapaxes(0, 1)
