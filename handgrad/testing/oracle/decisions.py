"""Whether a reference chooses by numbers that it has computed: where these are nearly equal, rounding decides.

The sign of a sum may be positive in float32 and negative in float64, and the largest of some products another one.
Either branch is right then, for the value and for every gradient that depends on it.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import jax.extend.core as jex

from handgrad.testing.oracle.jaxprs import evaluate
from handgrad.testing.oracle.primitives import EXACT

DECIDING = frozenset(
    """
    argmax argmin argsort ceil clamp eq floor ge gt le lt max min ne reduce_max reduce_min reduce_window_max
    reduce_window_min round sign sort top_k
    """.split()
)


def decides(jaxpr: jex.ClosedJaxpr) -> bool:
    """Tell whether an operation compares or orders numbers that are computed, and so rounded."""
    return _decides(jaxpr, [False] * len(jaxpr.in_avals))


def _decides(jaxpr: jex.ClosedJaxpr, rounded: Sequence[bool]) -> bool:
    """Follow through a jaxpr which numbers are rounded, from those of its arguments that are."""
    found: list[bool] = []

    def apply(equation: jex.JaxprEqn, args: Sequence[bool]) -> list[bool]:
        name, bodies = equation.primitive.name, [*_bodies(equation.params)]
        found.append(name in DECIDING and any(args))
        found.extend(_decides(body, [True] * len(body.in_avals)) for body in bodies)
        return [any(args) or name not in EXACT or bool(bodies)] * len(equation.outvars)

    evaluate(jaxpr, rounded, apply, lambda _: False)
    return any(found)


def _bodies(params: Any) -> Iterator[jex.ClosedJaxpr]:
    """Give the bodies of loops and the branches that an operation has."""
    for each in params.values():
        yield from (
            body for body in (each if isinstance(each, tuple) else [each]) if isinstance(body, jex.ClosedJaxpr)
        )
