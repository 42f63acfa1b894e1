"""Functions: one that leaves a cache and one that takes it, or a loss that comes with its gradients."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import jax

from handgrad.layer import in_order
from handgrad.testing.adapters.adapted import Adapted, adapter
from handgrad.testing.subject import an, name_of


@adapter
def functions(forward: Callable[..., Any], backward: Callable[..., Any]) -> Adapted:
    """Take ``forward(x, w, b) -> out, cache`` and ``backward(dout, cache) -> dx, dw, db``.

    Of several outputs, the cache is behind the last, and backward takes an upstream gradient for each: ``step(x, h,
    c) -> h, c, cache`` and ``step_backward(dh, dc, cache)``. Backward returns gradients in the order of forward's
    arguments, or a dict of them by name: ``{"dx": dx, "dw": dw}``.

    They remember nothing but the cache: the property `stateless` finds what they keep outside of it alone.
    """

    def run(*inputs: Any, **options: Any) -> tuple[Any, Callable[[Any], Any]]:
        *outs, cache = _parts(forward, forward(*inputs, **options), "out, cache")
        in_order_of_inputs = _by_name(forward, inputs, options)
        out = outs[0] if len(outs) == 1 else tuple(outs)
        return out, lambda dout: in_order_of_inputs(backward(*in_order(dout), cache))

    return Adapted(forward, run)


@adapter
def value_and_grad(loss: Callable[..., Any]) -> Adapted:
    """Take ``loss(x, t) -> value, dx``: a loss that is returned with its gradient, that for an upstream one of 1.

    The gradients of several inputs are a tuple in their order, or a dict by their names: ``value, {"dw": dw}``. As
    no `dout` is taken, they are multiplied by it: that they should be is not checked.
    """

    def run(*inputs: Any, **options: Any) -> tuple[Any, Callable[[Any], Any]]:
        value, *grads = _parts(loss, loss(*inputs, **options), "value, dx")
        each = _by_name(loss, inputs, options)(grads[0] if len(grads) == 1 else tuple(grads))
        return value, lambda dout: jax.tree.map(lambda grad: dout * grad, each)

    return Adapted(loss, run)


def _parts(function: Callable[..., Any], returned: Any, expected: str) -> tuple[Any, ...]:
    if isinstance(returned, tuple) and len(returned) > 1:
        return returned
    given = "a tuple of one" if isinstance(returned, tuple) and returned else an(type(returned).__name__)
    raise TypeError(f"{name_of(function)} returned {given}; expected the tuple {expected}")


def _by_name(
    function: Callable[..., Any], inputs: tuple[Any, ...], options: Mapping[str, Any]
) -> Callable[[Any], Any]:
    """Make what puts gradients in a dict, by names with a d before them or without, in the order of the inputs."""

    def in_order_of_inputs(grads: Any) -> Any:
        if not isinstance(grads, dict):
            return grads
        taken = inspect.signature(function).bind(*inputs, **options).arguments
        named = {f"d{name}": name for name in taken} | {name: name for name in taken}
        unknown = [str(key) for key in grads if key not in named]
        if unknown and any(isinstance(each, dict) for each in taken.values()):
            return grads  # of what is in a dict itself
        if unknown:
            raise TypeError(f"the gradients are called {', '.join(map(str, grads))}; expected {', '.join(taken)}")
        found = {named[key]: grad for key, grad in grads.items()}
        return tuple(found.get(name) for name in taken)

    return in_order_of_inputs
