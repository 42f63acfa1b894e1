"""Two answers to every question: the exact one, and the one that JAX gives in the layer's own dtype."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.extend.core as jex
import numpy as np
import numpy.typing as npt

from handgrad.testing.dtypes import all_in_float64, in_float64
from handgrad.testing.oracle import Oracle
from handgrad.testing.oracle.compiling import compile_fast, keep_compiled
from handgrad.testing.oracle.oracle import value_and_vjp
from reference.comparisons.exact.evaluation import digits_for, evaluate
from reference.comparisons.exact.operations import CONTEXT, AnyArray

Twin = Callable[..., Any]
Arrays = Mapping[str, AnyArray]
Names = tuple[str, ...]


class Truth(NamedTuple):
    """A true result as the sum of two float64 numbers, and the error that a precision of 1 would cause in it."""

    value: npt.NDArray[np.float64]
    rest: npt.NDArray[np.float64]
    entitled: npt.NDArray[np.float64]


_WITH_OPTIONS: dict[Any, Twin] = {}


def with_options(twin: Twin, options: Mapping[str, Any]) -> Twin:
    """Give a twin its options, such as an axis: the same object for the same options, so that it is compiled once."""
    if not options:
        return twin
    return _WITH_OPTIONS.setdefault((twin, repr(sorted(options.items()))), partial(twin, **options))


def jax_answers(twin: Twin, inputs: Arrays, dout: Any, wrt: Names, optimised: bool = True) -> dict[str, AnyArray]:
    """Give the outputs and the gradients as JAX computes them: compiled, in the dtype of the inputs."""
    keep_compiled()
    with jax.enable_x64(True):
        answers = _compiled(twin, wrt, optimised)(dict(inputs), dout)
    return dict(zip((*_oracle_of(twin).outputs(inputs).names, *wrt), map(np.asarray, answers), strict=True))


def float64_truths(twin: Twin, inputs: Arrays, dout: Any, wrt: Names) -> dict[str, Truth]:
    """Give what float64 says of the outputs and the gradients: exact enough beside a narrower dtype."""
    answers = _oracle_of(twin)(inputs, dout, wrt)
    return {name: Truth(each.value, np.zeros_like(each.value), each.entitled) for name, each in answers.items()}


def exact_truths(twin: Twin, inputs: Arrays, dout: Any, wrt: Names) -> dict[str, Truth]:
    """Give the outputs and the gradients to the last digit of dout's dtype; what is not finite, as float64 has it."""
    douts = jax.tree.leaves(dout)
    digits = digits_for(douts[0].dtype)
    inputs, douts = all_in_float64(inputs), [*map(in_float64, douts)]
    jaxpr = _traced(twin, inputs, douts, wrt)
    rounded = float64_truths(twin, inputs, douts, wrt)
    with CONTEXT.workdps(digits):
        exact = evaluate(jaxpr, jax.tree.leaves((inputs, douts)))
        return {name: _split(each, rounded[name]) for name, each in zip(rounded, exact, strict=True)}


def _split(exact: AnyArray, rounded: Truth) -> Truth:
    """Split numbers of many digits into what float64 can say of them, and the rest."""
    value, finite = rounded.value.copy(), np.isfinite(rounded.value)
    rest = np.zeros_like(value)
    value[finite] = exact[finite].astype(np.float64)
    finite &= np.isfinite(value)
    rest[finite] = (exact[finite] - value[finite]).astype(np.float64)
    return Truth(value, rest, rounded.entitled)


_oracle_of = cache(Oracle)


@cache
def _compiled(twin: Twin, wrt: Names, optimised: bool) -> Callable[..., Sequence[Any]]:
    return jax.jit(value_and_vjp(_oracle_of(twin).call, wrt), compiler_options=None if optimised else compile_fast())


_TRACES: dict[Any, jex.ClosedJaxpr] = {}


def _traced(twin: Twin, inputs: Arrays, douts: Sequence[AnyArray], wrt: Names) -> jex.ClosedJaxpr:
    key = (twin, wrt, *((name, array.shape, array.dtype.kind) for name, array in inputs.items()))
    if key not in _TRACES:
        with jax.enable_x64(True):
            _TRACES[key] = jax.make_jaxpr(value_and_vjp(_oracle_of(twin).call, wrt))(dict(inputs), douts)
    return _TRACES[key]
