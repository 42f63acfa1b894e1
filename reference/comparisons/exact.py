"""Exact values: what JAX traced of a twin and its gradient, evaluated in many digits.

No formula is derived here. JAX writes down the value and the vector-Jacobian product as a jaxpr, a list of
primitive operations; each of them is carried out with mpmath numbers instead of floating-point ones.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax.extend.core as jex
import mpmath
import numpy as np
import numpy.typing as npt

from handgrad.testing.dtypes import limits
from handgrad.testing.oracle import jaxprs

AnyArray = npt.NDArray[Any]

CONTEXT = mpmath.MPContext()


def digits_for(dtype: np.dtype[Any]) -> int:
    """Tell how many digits a result may lose to cancellation and still be exact, however small it is."""
    return 20 - math.floor(math.log10(float(limits(dtype).tiny)))


def evaluate(jaxpr: jex.ClosedJaxpr, args: Sequence[AnyArray]) -> list[AnyArray]:
    """Evaluate a jaxpr at these arrays; floating results are arrays of mpmath numbers.

    It is done in the digits that CONTEXT has. Where a result is not finite, it may be any number that is not finite.

    Raises
    ------
    NotImplementedError
        For an operation that nobody has written down below.
    """
    return jaxprs.evaluate(jaxpr, list(map(_widened, args)), _apply, _widened)


def _apply(equation: jex.JaxprEqn, args: Sequence[AnyArray]) -> list[AnyArray]:
    name = equation.primitive.name
    if name not in OPERATIONS:
        raise NotImplementedError(f"{__name__} does not know JAX's operation {name}: add it to OPERATIONS")
    return [np.asarray(OPERATIONS[name](*args, **equation.params))]


def _widened(array: Any) -> AnyArray:
    array = np.asarray(array)
    return np.asarray(_exactly(array.astype(object))) if array.dtype.kind == "f" else array


def _elementwise(function: Callable[..., Any], inputs: int = 1) -> Callable[..., Any]:
    apply = np.frompyfunc(function, inputs, 1)
    return lambda *args, **_: apply(*args)


def _ignoring_params(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args, **_: function(*args)


def _quotient(a: Any, b: Any) -> Any:
    return a / b if b else CONTEXT.nan


def _power(x: AnyArray, *, y: int) -> Any:
    return _elementwise(lambda base: base**y if base else CONTEXT.inf)(x) if y < 0 else x**y


def _logarithm(x: Any) -> Any:
    return CONTEXT.log(x) if x > 0 else CONTEXT.nan


def _broadcast(x: AnyArray, *, shape: Sequence[int], broadcast_dimensions: Sequence[int], **_: Any) -> AnyArray:
    stretched = [1] * len(shape)
    for axis, length in zip(broadcast_dimensions, x.shape, strict=True):
        stretched[axis] = length
    return np.broadcast_to(x.reshape(stretched), shape)


def _converted(x: AnyArray, *, new_dtype: np.dtype[Any], **_: Any) -> AnyArray:
    if x.dtype != object:
        x = x.astype(new_dtype)
    return _widened(x) if x.dtype != object else x


def _dot(a: AnyArray, b: AnyArray, *, dimension_numbers: Any, **_: Any) -> Any:
    (summed_a, summed_b), (batch_a, batch_b) = dimension_numbers
    axes_a, axes_b = list(range(a.ndim)), list(range(a.ndim, a.ndim + b.ndim))
    for of_a, of_b in zip((*summed_a, *batch_a), (*summed_b, *batch_b), strict=True):
        axes_b[of_b] = of_a
    batch = [axes_a[axis] for axis in batch_a]
    free = [axes_a[axis] for axis in range(a.ndim) if axis not in (*summed_a, *batch_a)]
    free += [axes_b[axis] for axis in range(b.ndim) if axis not in (*summed_b, *batch_b)]
    return np.einsum(a, axes_a, b, axes_b, [*batch, *free])


_exactly = np.frompyfunc(CONTEXT.mpf, 1, 1)

OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": _ignoring_params(np.add),
    "add_any": _ignoring_params(np.add),
    "broadcast_in_dim": _broadcast,
    "convert_element_type": _converted,
    "div": _elementwise(_quotient, 2),
    "dot_general": _dot,
    "eq": _ignoring_params(np.equal),
    "exp": _elementwise(CONTEXT.exp),
    "gt": _ignoring_params(np.greater),
    "integer_pow": _power,
    "iota": lambda *, dtype, shape, dimension, **_: np.indices(shape, dtype)[dimension],
    "log": _elementwise(_logarithm),
    "logistic": _elementwise(lambda x: 1 / (1 + CONTEXT.exp(-x))),
    "max": _ignoring_params(np.maximum),
    "mul": _ignoring_params(np.multiply),
    "neg": _ignoring_params(np.negative),
    "reduce_max": lambda x, *, axes, **_: x.max(axis=tuple(axes), initial=-np.inf),
    "reduce_sum": lambda x, *, axes, **_: x.sum(axis=tuple(axes)),
    "reshape": lambda x, *, new_sizes, **_: x.reshape(new_sizes),
    "select_n": lambda where, otherwise, value: np.where(where, value, otherwise),
    "squeeze": lambda x, *, dimensions: np.squeeze(x, tuple(dimensions)),
    "stop_gradient": _ignoring_params(np.positive),
    "sub": _ignoring_params(np.subtract),
    "transpose": lambda x, *, permutation: np.transpose(x, permutation),
}
