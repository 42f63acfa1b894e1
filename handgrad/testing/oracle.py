"""The oracle: what JAX says that the value and the gradients are, and how much rounding they are entitled to.

Everything is computed in float64 on exactly the numbers that the layer got, whatever the layer's own dtype.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import jax
import jax.extend.core as jex
import numpy as np
import numpy.typing as npt

from handgrad.testing.cache import keep_compiled
from handgrad.testing.rounding import RUNS, entitled_error, noise_size

Inputs = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Exact:
    """One true result, in float64, and the error per element that a precision of 1 would cause in it."""

    value: npt.NDArray[np.float64]
    entitled: npt.NDArray[np.float64]


class Oracle:
    """A pure JAX function, its vector-Jacobian product, and the rounding both are entitled to.

    Parameters
    ----------
    reference
        Takes every input by name and returns one array.
    """

    def __init__(self, reference: Callable[..., Any]) -> None:
        self.reference = reference
        self._compiled: dict[Any, Callable[..., Any]] = {}

    def out_shape(self, inputs: Inputs) -> tuple[int, ...]:
        """Tell the shape of the reference's output without computing it."""
        return self._cached(("shape", *_shapes(inputs)), lambda: self._trace_out_shape(inputs))

    def __call__(self, inputs: Inputs, dout: npt.NDArray[Any], wrt: tuple[str, ...]) -> dict[str, Exact]:
        """Give the value, under the name "out", and the gradient of every input named in `wrt`."""
        arguments = {name: _in_float64(array) for name, array in inputs.items()}
        dout = _in_float64(dout)
        with jax.enable_x64(True):
            compute = self._cached((wrt, *_shapes(inputs)), lambda: self._compile(arguments, dout, wrt))
            values, entitled = compute(arguments, dout)
        return {
            name: Exact(np.asarray(value), np.asarray(error))
            for name, value, error in zip(("out", *wrt), values, entitled, strict=True)
        }

    def _cached(self, key: Any, compute: Callable[[], Any]) -> Any:
        if key not in self._compiled:
            self._compiled[key] = compute()
        return self._compiled[key]

    def _trace_out_shape(self, inputs: Inputs) -> tuple[int, ...]:
        with jax.enable_x64(True):
            arguments = {name: _in_float64(array) for name, array in inputs.items()}
            out = jax.eval_shape(partial(call_by_name, self.reference), arguments)
        if not hasattr(out, "shape"):
            raise TypeError(f"the reference returned {type(out).__name__}; expected one array")
        return out.shape

    def _compile(self, inputs: Inputs, dout: npt.NDArray[Any], wrt: tuple[str, ...]) -> Callable[..., Any]:
        def value_and_vjp(inputs: Inputs, dout: Any) -> tuple[Any, ...]:
            rest = {name: array for name, array in inputs.items() if name not in wrt}
            value, pullback = jax.vjp(
                lambda *args: call_by_name(self.reference, rest | dict(zip(wrt, args, strict=True))),
                *(inputs[name] for name in wrt),
            )
            return value, *pullback(dout)

        keep_compiled()
        jaxpr = jax.make_jaxpr(value_and_vjp)(inputs, dout)

        @jax.jit
        def compute(inputs: Inputs, dout: Any, noise: Any) -> Any:
            args = jax.tree.leaves((inputs, dout))
            exact = jex.jaxpr_as_fun(jaxpr)(*args)
            return exact, entitled_error(jaxpr, exact, args, noise)

        noise = np.random.default_rng(0).standard_normal((RUNS, noise_size(jaxpr)))
        return partial(compute, noise=noise)


@lru_cache(maxsize=256)
def oracle_of(reference: Callable[..., Any]) -> Oracle:
    """Give the one oracle of a reference, so that no shape is compiled twice in a process."""
    return Oracle(reference)


def call_by_name(reference: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """Call a function by the names of its parameters, also of positional-only ones, such as those of `jnp.tanh`."""
    parameters = inspect.signature(reference).parameters.values()
    first = [each.name for each in parameters if each.kind is each.POSITIONAL_ONLY and each.name in arguments]
    rest = {name: value for name, value in arguments.items() if name not in first}
    return reference(*(arguments[name] for name in first), **rest)


def _shapes(inputs: Inputs) -> tuple[Any, ...]:
    return tuple((name, array.shape, array.dtype.kind) for name, array in inputs.items())


def _in_float64(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return array if array.dtype.kind in "iub" else array.astype(np.float64)
