"""Exact values: what JAX traced of a twin and its gradient, evaluated in many digits.

No formula is derived here. JAX writes down the value and the vector-Jacobian product as a jaxpr, a list of
primitive operations; each of them is carried out with mpmath numbers instead of floating-point ones.
"""

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.extend.core as jex
import numpy as np

from handgrad.testing.dtypes import limits
from handgrad.testing.oracle import jaxprs
from reference.comparisons.exact.operations import OPERATIONS, AnyArray, widened


class NoExactForm(NotImplementedError):
    """An operation of JAX that nobody has written down for numbers of many digits."""


def digits_for(dtype: np.dtype[Any]) -> int:
    """Tell how many digits a result may lose to cancellation and still be exact, however small it is."""
    return 20 - math.floor(math.log10(float(limits(dtype).tiny)))


def evaluate(jaxpr: jex.ClosedJaxpr, args: Sequence[AnyArray]) -> list[AnyArray]:
    """Evaluate a jaxpr at these arrays; floating results are arrays of mpmath numbers.

    It is done in the digits that CONTEXT has. Where a result is not finite, it may be any number that is not finite.

    Raises
    ------
    NoExactForm
        For an operation on real numbers that OPERATIONS does not have.
    """
    with np.errstate(all="ignore"):
        return jaxprs.evaluate(jaxpr, list(map(widened, args)), _apply, widened)


def _apply(equation: jex.JaxprEqn, args: Sequence[AnyArray]) -> list[AnyArray]:
    name = equation.primitive.name
    if name in OPERATIONS:
        results = OPERATIONS[name](*args, **equation.params)
    elif all(arg.dtype != object for arg in args):  # of integers and booleans, JAX's own result is exact
        with jax.enable_x64(True):
            results = jaxprs.bind(equation, args)
    else:
        raise NoExactForm(f"no exact form of {name}")
    several = isinstance(results, (list, tuple))
    return [widened(result) for result in (results if several else [results])]
