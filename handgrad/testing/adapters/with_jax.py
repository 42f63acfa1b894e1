"""A function of JAX with a gradient of its own."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from handgrad.testing.adapters.adapted import Adapted, adapter
from handgrad.testing.dtypes import is_floating

Program = Callable[..., Any]


@adapter
def custom_vjp(function: Callable[..., Any]) -> Adapted:
    """Take a function of JAX, such as one with `jax.custom_vjp`: its gradient is what `jax.vjp` says of it.

    It is compiled. What JAX does not have is not there to be seen: writing into arguments, shared memory, layouts,
    warnings.
    """
    compiled: dict[Any, tuple[Program, Program]] = {}

    def run(*inputs: Any, **options: Any) -> tuple[Any, Callable[[Any], Any]]:
        leaves, structure = jax.tree.flatten((inputs, options))
        arrays = {i: each for i, each in enumerate(leaves) if isinstance(each, np.ndarray)}
        rest = {i: each for i, each in enumerate(leaves) if i not in arrays}
        key = structure, repr(rest)
        if key not in compiled:
            compiled[key] = _compiled(lambda given: _call(function, structure, {**rest, **given}))
        value, vjp = compiled[key]

        def pullback(dout: Any) -> Any:
            grads = _in_numpy(vjp, arrays, dout)
            args, named = jax.tree.unflatten(structure, [grads.get(i) for i in range(len(leaves))])
            return *args, *(named[name] for name in options)

        return _in_numpy(value, arrays), pullback

    return Adapted(function, run)


def _call(function: Program, structure: jax.tree_util.PyTreeDef, given: Mapping[int, Any]) -> Any:
    args, options = jax.tree.unflatten(structure, [given[i] for i in range(len(given))])
    return function(*args, **options)


def _compiled(call: Program) -> tuple[Program, Program]:
    """Compile a function of arrays, and the gradients of those that are floating."""

    def vjp(arrays: Mapping[int, Any], dout: Any) -> Any:
        floating = {i: array for i, array in arrays.items() if is_floating(array)}
        _, pullback = jax.vjp(lambda nudged: call({**arrays, **nudged}), floating)
        return pullback(dout)[0]

    return jax.jit(call), jax.jit(vjp)


def _in_numpy(program: Program, *given: Any) -> Any:
    """Run what is compiled on arrays of NumPy in the dtypes that they have."""
    with jax.enable_x64(True):
        return jax.tree.map(np.array, program(*given))
