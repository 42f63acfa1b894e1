"""How JAX's operations round: which are exact, which lose more than one rounding, and which XLA does badly."""

import math
from collections.abc import Callable
from typing import Any

import jax.extend.core as jex
import jax.numpy as jnp
from jax import lax

# What moves or picks numbers and computes none is exact in any precision.
EXACT = frozenset(
    """
    abs argsort broadcast_in_dim ceil clamp concatenate convert_element_type copy copy_p
    dynamic_slice dynamic_update_slice expand_dims floor gather iota max min neg
    optimization_barrier pad reduce_max reduce_min reduce_precision reshape rev round scatter
    select_n sign slice sort split squeeze stop_gradient transpose
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


def _log1p(x: Any) -> Any:
    """Compute log(1 + x) after Kahan: what rounding 1 + x to u loses, the quotient of x and u - 1 gives back."""
    kept: Any = lax.optimization_barrier  # lest XLA shorten u - 1 to x
    u = kept(1 + x)
    return jnp.where(u == 1, x, jnp.where(jnp.isinf(u), u, jnp.log(u) * (x / (u - 1))))


def _tanh(x: Any) -> Any:
    """Compute tanh(x) as 1 less a small number, of which far from 0 not even the last digit is lost."""
    far = 1 - 2 / (jnp.exp(2 * jnp.abs(x)) + 1)
    return jnp.where(jnp.abs(x) > 1, jnp.sign(x) * far, jnp.tanh(x))


# XLA's own log1p is off by over 100 eps in float64 for x near -0.4; the oracle has nothing wider than float64.
# Its tanh is off by up to 3 eps for x beyond 1, where the slope, 1 - tanh², makes much of it.
MORE_EXACT: dict[str, Callable[[Any], Any]] = {
    "log1p": _log1p,
    "atanh": lambda x: jnp.sign(x) * _log1p(2 * jnp.abs(x) / (1 - jnp.abs(x))) / 2,
    "tanh": _tanh,
}
# Others of XLA's are off by more than their condition explains as well, by up to 60, 9 and 8 eps. They are nudged so
# much more that this is within 8 units.
INEXACT = {"lgamma": 16.0, "digamma": 4.0, "erf_inv": 2.0}
# A sum of n terms is rounded n - 1 times, in an order that the reference does not tell. In the worst case, equal
# terms added one by one, all errors have one sign and add up to n/4 eps of the sum. Nudging by n/32 gives such a sum
# 8 units for it.
FEW_TERMS = 32


def strength_of(equation: jex.JaxprEqn) -> float:
    """Tell how many times larger than usual the nudges of an operation are."""
    return max(1.0, _terms(equation) / FEW_TERMS, INEXACT.get(equation.primitive.name, 1.0))


def _terms(equation: jex.JaxprEqn) -> int:
    terms = TERMS.get(equation.primitive.name)
    shapes = [getattr(variable.aval, "shape", ()) for variable in equation.invars]
    return terms(shapes, equation.params) if terms else 1
