"""Monte Carlo arithmetic: how much ordinary rounding would lose in a formula.

A jaxpr is replayed with every floating input and every inexact result multiplied by 1 + δ ξ, with ξ drawn from
a normal distribution. What the outputs move by, divided by δ, is the error that a careful evaluation in a
precision eps is entitled to, in multiples of eps. Cancellation shows in it, and so does everything else that
makes a formula hard to evaluate; no layer needs a tolerance of its own.

After D. Stott Parker, Monte Carlo Arithmetic (UCLA CSD-970002, 1997).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import jax
import jax.extend.core as jex
import jax.numpy as jnp

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
# How many numbers are summed or multiplied for one number of the result.
TERMS: dict[str, Callable[[Any, Any], int]] = {
    "reduce_sum": lambda shapes, params: math.prod(shapes[0][axis] for axis in params["axes"]),
    "reduce_prod": lambda shapes, params: math.prod(shapes[0][axis] for axis in params["axes"]),
    "cumsum": lambda shapes, params: shapes[0][params["axis"]],
    "cumprod": lambda shapes, params: shapes[0][params["axis"]],
    "cumlogsumexp": lambda shapes, params: shapes[0][params["axis"]],
    "dot_general": lambda shapes, params: math.prod(shapes[0][axis] for axis in params["dimension_numbers"][0][0]),
    "scatter-add": lambda shapes, _: math.prod(shapes[1][:-1]),
    "reduce_window_sum": lambda _, params: math.prod(params["window_dimensions"]),
    "conv_general_dilated": lambda shapes, _: math.prod(shapes[1][1:]),
}
# A sum of n terms is rounded n - 1 times, in an order that the reference does not tell. In the worst case, equal
# terms added one by one, all errors have one sign and add up to n/4 eps of the sum. Nudging by n/32 gives such a sum
# 8 units for it.
FEW_TERMS = 32


class Source(Protocol):
    """Where the random numbers of one replay come from."""

    def nudge(self, value: Any, strength: float) -> Any:
        """Change every number of a value by a random relative amount, so many times larger than usual."""

    def rows(self, length: int, size: int) -> Any:
        """Give random numbers (length, size), for a loop's body that uses `size` of them in each of its steps."""


@dataclass
class Noise:
    """Uses up standard normal numbers, (noise_size,)."""

    numbers: Any
    used: int = 0

    def nudge(self, value: Any, strength: float) -> Any:
        """Multiply by 1 + δ ξ."""
        return value * (1 + NUDGE * strength * self._take(math.prod(value.shape)).reshape(value.shape))

    def rows(self, length: int, size: int) -> Any:
        """Take a row for each step."""
        return self._take(length * size).reshape(length, size)

    def _take(self, size: int) -> Any:
        self.used += size
        return self.numbers[self.used - size : self.used]


@dataclass
class Count:
    """Counts how many random numbers a replay uses."""

    size: int = 0

    def nudge(self, value: Any, strength: float) -> Any:
        """Leave the value as it is."""
        del strength
        self.size += math.prod(value.shape)
        return value

    def rows(self, length: int, size: int) -> Any:
        """Stand in for the random numbers of a loop."""
        self.size += length * size
        return jnp.zeros((length, size))


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
    runs = jax.vmap(lambda row: replay(jaxpr, args, Noise(row)))(noise)
    # E|ξ| = 0.8 for a normal ξ, and 1.25 = 1 / 0.8
    return [1.25 * jnp.abs(run - value).mean(axis=0) / NUDGE for run, value in zip(runs, exact, strict=True)]


def noise_size(jaxpr: jex.ClosedJaxpr) -> int:
    """Count the random numbers that one replay of `jaxpr` uses."""
    return _numbers_used(replay, jaxpr)


def _numbers_used(evaluate: Callable[..., Any], jaxpr: jex.ClosedJaxpr) -> int:
    count = Count()
    jax.eval_shape(lambda *args: evaluate(jaxpr, args, count), *jaxpr.in_avals)
    return count.size


def replay(jaxpr: jex.ClosedJaxpr, args: Sequence[Any], source: Source) -> list[Any]:
    """Evaluate `jaxpr` with its floating arguments nudged, and all that it rounds on the way."""
    return _replay(jaxpr, [_if_floating(source, arg) for arg in args], source)


def _replay(jaxpr: jex.ClosedJaxpr, args: Sequence[Any], source: Source) -> list[Any]:
    values = dict(zip(jaxpr.jaxpr.constvars, jaxpr.consts, strict=True))
    values |= dict(zip(jaxpr.jaxpr.invars, args, strict=True))

    def read(variable: Any) -> Any:
        return variable.val if isinstance(variable, jex.Literal) else values[variable]

    for equation in jaxpr.jaxpr.eqns:
        results = _apply(equation, [read(variable) for variable in equation.invars], source)
        values |= dict(zip(equation.outvars, results, strict=True))
    return [read(variable) for variable in jaxpr.jaxpr.outvars]


def _apply(equation: jex.JaxprEqn, args: Sequence[Any], source: Source) -> Sequence[Any]:
    name, params = equation.primitive.name, equation.params
    if name in WRAPPERS:
        inner = params["jaxpr"] if "jaxpr" in params else params["call_jaxpr"]
        closed = inner if isinstance(inner, jex.ClosedJaxpr) else jex.ClosedJaxpr(inner, ())
        return _replay(closed, args, source)
    if name == "scan":
        return _scan(params, args, source)
    if name == "cond":
        return _cond(params, args, source)
    # whatever else holds a jaxpr, such as a while loop, is nudged from outside like any other primitive
    strength = max(1.0, _terms(equation) / FEW_TERMS)
    if strength > 1:
        args = [_if_floating(source, arg, strength) for arg in args]
    bind: Callable[..., Any] = equation.primitive.bind
    results = bind(*args, **params)
    results = results if equation.primitive.multiple_results else [results]
    return results if name in EXACT else [_if_floating(source, result, strength) for result in results]


def _terms(equation: jex.JaxprEqn) -> int:
    terms = TERMS.get(equation.primitive.name)
    shapes = [getattr(variable.aval, "shape", ()) for variable in equation.invars]
    return terms(shapes, equation.params) if terms else 1


def _scan(params: Any, args: Sequence[Any], source: Source) -> Sequence[Any]:
    body, length, carried = params["jaxpr"], params["length"], params["num_carry"]
    constants, start = args[: params["num_consts"]], args[params["num_consts"] : params["num_consts"] + carried]

    def step(carry: Any, row: Any) -> Any:
        elements, numbers = row
        results = _replay(body, [*constants, *carry, *elements], Noise(numbers))
        return results[:carried], results[carried:]

    rows = (list(args[params["num_consts"] + carried :]), source.rows(length, _numbers_used(_replay, body)))
    carry, stacked = jax.lax.scan(step, list(start), rows, length=length, reverse=params["reverse"])
    return [*carry, *stacked]


def _cond(params: Any, args: Sequence[Any], source: Source) -> Sequence[Any]:
    index, *operands = args
    numbers = source.rows(1, max(_numbers_used(_replay, branch) for branch in params["branches"]))[0]
    branches = [
        lambda *operands, branch=branch: _replay(branch, operands, Noise(numbers)) for branch in params["branches"]
    ]
    results: Sequence[Any] = jax.lax.switch(index, branches, *operands)
    return results


def _if_floating(source: Source, value: Any, strength: float = 1.0) -> Any:
    return source.nudge(value, strength) if jnp.issubdtype(value.dtype, jnp.floating) else value
