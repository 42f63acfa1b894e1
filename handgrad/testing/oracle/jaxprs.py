"""A jaxpr, the list of operations that JAX traces, evaluated with something else done at each of them."""

from collections.abc import Callable, Sequence
from typing import Any

import jax.extend.core as jex

# What only wraps another jaxpr.
WRAPPERS = frozenset(
    """
    checkpoint closed_call core_call custom_jvp_call custom_vjp_call custom_vjp_call_jaxpr jit pjit
    remat2
    """.split()
)


def evaluate(
    jaxpr: jex.ClosedJaxpr,
    args: Sequence[Any],
    apply: Callable[[jex.JaxprEqn, Sequence[Any]], Sequence[Any]],
    constant: Callable[[Any], Any] = lambda number: number,
) -> list[Any]:
    """Evaluate a jaxpr: `apply` gives the results of an operation, `constant` what stands for a constant.

    What WRAPPERS wrap is evaluated in the same way.
    """
    values = dict(zip(jaxpr.jaxpr.constvars, map(constant, jaxpr.consts), strict=True))
    values |= dict(zip(jaxpr.jaxpr.invars, args, strict=True))

    def read(variable: Any) -> Any:
        return constant(variable.val) if isinstance(variable, jex.Literal) else values[variable]

    for equation in jaxpr.jaxpr.eqns:
        arguments = [read(variable) for variable in equation.invars]
        if equation.primitive.name in WRAPPERS:
            results: Sequence[Any] = evaluate(_wrapped(equation), arguments, apply, constant)
        else:
            results = apply(equation, arguments)
        values |= dict(zip(equation.outvars, results, strict=True))
    return [read(variable) for variable in jaxpr.jaxpr.outvars]


def bind(equation: jex.JaxprEqn, args: Sequence[Any]) -> Sequence[Any]:
    """Do what an operation does."""
    do: Callable[..., Any] = equation.primitive.bind
    results = do(*args, **equation.params)
    return results if equation.primitive.multiple_results else [results]


def _wrapped(equation: jex.JaxprEqn) -> jex.ClosedJaxpr:
    params = equation.params
    inner = params["jaxpr"] if "jaxpr" in params else params["call_jaxpr"]
    return inner if isinstance(inner, jex.ClosedJaxpr) else jex.ClosedJaxpr(inner, ())
