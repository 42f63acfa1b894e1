"""Gradient checks that use JAX: its own check_grads, and a plain comparison with jax.vjp. What complains, raises."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.test_util import check_vjp
from numpy.testing import assert_allclose

from tests.baselines.numerical import assert_all_close
from tests.baselines.problem import Problem

Arrays = Mapping[str, Any]


def check_grads(problem: Problem) -> None:
    """`jax.test_util.check_grads`, of order 1 in reverse mode: one derivative, along a random vector.

    That is `check_vjp`. It is called as such, with the layer in NumPy, because check_grads would compile a callback
    for each layer. As in a custom_vjp, gradients have to have the shapes of their inputs.
    """
    wanted = {name: problem.inputs[name] for name in problem.wrt()}

    def forward(given: Arrays) -> Any:
        return problem.forward(**_copies(given))

    def forward_and_vjp(given: Arrays) -> tuple[Any, Callable[[Any], tuple[dict[str, Any]]]]:
        return forward(given), lambda dout: (_gradients(problem, given, dout),)

    with jax.enable_x64(any(each.dtype == np.float64 for each in wanted.values())):
        check_vjp(forward, forward_and_vjp, (wanted,))


def _gradients(problem: Problem, given: Arrays, dout: Any) -> dict[str, Any]:
    there = Problem(problem.subject, problem.reference, {**problem.inputs, **_copies(given)})
    gradients = there.gradients(np.array(dout))
    for name, each in gradients.items():
        assert each.shape == given[name].shape
    return gradients


def _copies(arrays: Arrays) -> dict[str, Any]:
    return {name: np.array(each) for name, each in arrays.items()}


def allclose(problem: Problem) -> None:
    """A plain test against jax.vjp, in the layer's dtype: value and gradients, rtol 1e-4 and atol 1e-5."""
    dout, value = problem.random_dout(), problem.forward()
    with jax.enable_x64(True):  # which leaves float32 alone
        wanted = {name: jnp.asarray(problem.inputs[name]) for name in problem.wrt()}
        out, pullback = jax.vjp(lambda given: problem.truth(**given), wanted)
        (gradients,) = pullback(jnp.asarray(dout, out.dtype))
    assert_allclose(value, out, rtol=1e-4, atol=1e-5)
    assert_all_close(problem.gradients(dout), gradients, rtol=1e-4, atol=1e-5)
