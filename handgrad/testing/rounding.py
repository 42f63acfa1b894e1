"""Monte Carlo arithmetic: how much ordinary rounding would lose in a formula.

A jaxpr is replayed with every floating input and every inexact result multiplied by 1 + δ ξ, with ξ drawn from
a normal distribution. What the outputs move by, divided by δ, is the error that a careful evaluation in a
precision eps is entitled to, in multiples of eps. Cancellation shows in it, and so does everything else that
makes a formula hard to evaluate; no layer needs a tolerance of its own.

After D. Stott Parker, Monte Carlo Arithmetic (UCLA CSD-970002, 1997).
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.extend.core as jex
import jax.numpy as jnp
import numpy as np

NUDGE = 1e-7
RUNS = 8

# What moves or picks numbers and computes none is exact in any precision.
EXACT = frozenset(
    """
    abs argsort broadcast_in_dim ceil clamp concatenate convert_element_type copy copy_p
    dynamic_slice dynamic_update_slice expand_dims floor gather iota max min neg
    optimization_barrier pad reduce_max reduce_min reduce_precision reshape rev round scatter
    select_n sign slice sort split squeeze stop_gradient transpose
    """.split()
)
# What only wraps another jaxpr is replayed inside.
WRAPPERS = frozenset(
    """
    checkpoint closed_call core_call custom_jvp_call custom_vjp_call custom_vjp_call_jaxpr jit pjit
    remat2
    """.split()
)

Jitter = Callable[[Any], Any]


def entitled_error(jaxpr: jex.ClosedJaxpr, exact: Sequence[Any], args: Sequence[Any], noise: Any) -> list[Any]:
    """Estimate, for every element of every output, the error that a precision of 1 would cause.

    Parameters
    ----------
    exact
        The outputs of `jaxpr` at `args`.
    noise
        Standard normal numbers, (RUNS, noise_size(jaxpr)). They are an argument because drawing them inside of a
        compiled function takes five times as long to compile as using them.
    """
    runs = jax.vmap(lambda row: replay(jaxpr, args, _multiply_by(row)))(noise)
    # E|ξ| = 0.8 for a normal ξ, and 1.25 = 1 / 0.8
    return [1.25 * jnp.abs(run - value).mean(axis=0) / NUDGE for run, value in zip(runs, exact, strict=True)]


def noise_size(jaxpr: jex.ClosedJaxpr) -> int:
    """Count the random numbers that one replay of `jaxpr` uses."""
    sizes: list[int] = []

    def count(value: Any) -> Any:
        sizes.append(int(np.prod(value.shape)))
        return value

    jax.eval_shape(lambda *args: replay(jaxpr, args, count), *jaxpr.in_avals)
    return sum(sizes)


def _multiply_by(noise: Any) -> Jitter:
    used = 0

    def jitter(value: Any) -> Any:
        nonlocal used
        size = int(np.prod(value.shape))
        used += size
        return value * (1 + NUDGE * noise[used - size : used].reshape(value.shape))

    return jitter


def replay(jaxpr: jex.ClosedJaxpr, args: Sequence[Any], jitter: Jitter) -> list[Any]:
    """Evaluate `jaxpr` with `jitter` applied to its floating arguments and to what it rounds on the way."""
    return _replay(jaxpr, [_if_floating(jitter, arg) for arg in args], jitter)


def _replay(jaxpr: jex.ClosedJaxpr, args: Sequence[Any], jitter: Jitter) -> list[Any]:
    values = dict(zip(jaxpr.jaxpr.constvars, jaxpr.consts, strict=True))
    values |= dict(zip(jaxpr.jaxpr.invars, args, strict=True))

    def read(variable: Any) -> Any:
        return variable.val if isinstance(variable, jex.Literal) else values[variable]

    for equation in jaxpr.jaxpr.eqns:
        results = _apply(equation, [read(variable) for variable in equation.invars], jitter)
        values |= dict(zip(equation.outvars, results, strict=True))
    return [read(variable) for variable in jaxpr.jaxpr.outvars]


def _apply(equation: jex.JaxprEqn, args: Sequence[Any], jitter: Jitter) -> Sequence[Any]:
    name = equation.primitive.name
    if name in WRAPPERS:
        inner = equation.params["jaxpr"] if "jaxpr" in equation.params else equation.params["call_jaxpr"]
        closed = inner if isinstance(inner, jex.ClosedJaxpr) else jex.ClosedJaxpr(inner, ())
        return _replay(closed, args, jitter)
    bind: Callable[..., Any] = equation.primitive.bind
    results = bind(*args, **equation.params)
    results = results if equation.primitive.multiple_results else [results]
    return results if name in EXACT else [_if_floating(jitter, result) for result in results]


def _if_floating(jitter: Jitter, value: Any) -> Any:
    return jitter(value) if jnp.issubdtype(value.dtype, jnp.floating) else value
