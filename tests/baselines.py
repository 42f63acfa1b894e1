"""The gradient checks that people use, each as it is used, to compare `check_layer` with.

A check takes a `Problem`, a layer at one input, and says whether it complains. An exception is a complaint, except
where the check cannot run at all. All that compare with numerical differences are run in float64, as their users do.
"""

import logging
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.test_util import check_grads

from handgrad.testing.dtypes import is_floating
from handgrad.testing.subject import Subject, call_by_name


@dataclass(frozen=True)
class Problem:
    """A layer, what it should equal, and one input."""

    subject: Subject
    reference: Callable[..., Any]
    inputs: Mapping[str, Any]

    def forward(self, **changed: Any) -> Any:
        arguments = {**self.inputs, **changed}
        return self.subject.build(arguments).forward(arguments)

    def gradients(self, dout: Any) -> dict[str, Any]:
        run = self.subject.build(self.inputs)
        run.forward(self.inputs)
        return run.backward(dout)

    def random_dout(self) -> Any:
        out = self.forward()
        return np.asarray(np.random.default_rng(1).standard_normal(out.shape)).astype(out.dtype)


logging.getLogger("jax._src.callback").setLevel(logging.CRITICAL)  # it prints what the layers raise

Check = Callable[[Problem], bool]


def book(problem: Problem) -> bool:
    """*Deep Learning from Scratch*: central differences, h = 1e-4, upstream of ones, mean |Δ| of parameters."""
    dout = np.ones_like(problem.forward())
    gradients = problem.gradients(dout)
    params = {name: each for name, each in gradients.items() if name in problem.subject.constructor_names}
    numerical = differences(problem, params or gradients, dout, CENTRAL, 1e-4)
    return any(not np.abs(numerical[name] - each).mean() < 1e-5 for name, each in (params or gradients).items())


def upstream_of_ones(problem: Problem) -> bool:
    """Many small frameworks: central differences of the sum of the output, compared with allclose."""
    dout = np.ones_like(problem.forward())
    gradients = problem.gradients(dout)
    return unlike(gradients, differences(problem, gradients, dout, CENTRAL, 1e-5), rtol=1e-4, atol=1e-5)


def one_projection(problem: Problem) -> bool:
    """Chainer's check_backward, HIPS/autograd: one directional derivative, in one random direction."""
    dout, random = problem.random_dout(), np.random.default_rng(2)
    gradients = problem.gradients(dout)
    direction = {name: random.standard_normal(each.shape) for name, each in gradients.items()}
    moved = [{name: problem.inputs[name] + h * each for name, each in direction.items()} for h in (1e-3, -1e-3)]
    up, down = (problem.forward(**each) for each in moved)
    numerical = ((up - down) * dout).sum() / 2e-3
    by_hand = sum((gradients[name] * each).sum() for name, each in direction.items())
    return not np.allclose(numerical, by_hand, rtol=1e-4, atol=1e-5)


def five_points(problem: Problem) -> bool:
    """A careful finite difference: five points, a random dout, element by element."""
    dout = problem.random_dout()
    gradients = problem.gradients(dout)
    return unlike(gradients, differences(problem, gradients, dout, FIVE_POINT, 1e-3), rtol=1e-6, atol=1e-8)


def complex_step(problem: Problem) -> bool:
    """MyGrad: the imaginary part of f(x + ih) / h has no cancellation; forward must take complex numbers."""
    dout = problem.random_dout()
    gradients = problem.gradients(dout)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            numerical = differences(problem, gradients, dout, COMPLEX, 1e-20)
    except Exception:  # it cannot run, and catches nothing
        return False
    return unlike(gradients, numerical, rtol=1e-8, atol=1e-8)


def jax_check_grads_float64(problem: Problem) -> bool:
    """`jax.test_util.check_grads` in float64, around a custom_vjp that calls the layer."""
    return _jax_check_grads(problem, np.float64)


def jax_check_grads_float32(problem: Problem) -> bool:
    """`jax.test_util.check_grads` in float32, JAX's usual dtype."""
    return _jax_check_grads(problem, np.float32)


def allclose_to_jax(problem: Problem) -> bool:
    """A plain test against jax.vjp: value and gradients, assert_allclose with rtol 1e-4 and atol 1e-5."""
    dout = problem.random_dout()
    gradients = problem.gradients(dout)
    fixed = {name: each for name, each in problem.inputs.items() if name not in gradients}
    with jax.enable_x64(True):
        out, pullback = jax.vjp(
            lambda wanted: call_by_name(problem.reference, {**fixed, **wanted}),
            {name: jnp.asarray(problem.inputs[name]) for name in gradients},
        )
        (want,) = pullback(jnp.asarray(dout, out.dtype))
    return unlike({"out": problem.forward(), **gradients}, {"out": out, **want}, rtol=1e-4, atol=1e-5)


CHECKS: dict[str, Check] = {
    "the book": book,
    "upstream of ones": upstream_of_ones,
    "one projection": one_projection,
    "five points": five_points,
    "complex step": complex_step,
    "check_grads f32": jax_check_grads_float32,
    "check_grads f64": jax_check_grads_float64,
    "allclose": allclose_to_jax,
}

# where to evaluate, in steps, and the weights of the values there; the step is then divided by
CENTRAL = {1: 0.5, -1: -0.5}
FIVE_POINT = {-2: 1 / 12, -1: -8 / 12, 1: 8 / 12, 2: -1 / 12}
COMPLEX = {1j: 1.0}


def complains(check: Check, problem: Problem) -> bool:
    """Run a check: what raises, complains."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return bool(check(problem))
        except Exception:  # as a test would fail
            return True


def differences(
    problem: Problem, gradients: Mapping[str, Any], dout: Any, stencil: Mapping[complex, float], step: float
) -> dict[str, Any]:
    """Differentiate ⟨dout, forward⟩ numerically, element by element."""

    def slope(name: str, index: Any) -> float:
        total: Any = 0.0
        for place, weight in stencil.items():
            moved = problem.inputs[name].astype(np.result_type(problem.inputs[name], type(place * step)))
            moved[index] += place * step
            total = total + weight * (problem.forward(**{name: moved}) * dout).sum()
        return float(total.imag if np.iscomplexobj(total) else total) / step

    return {
        name: np.array([slope(name, index) for index in np.ndindex(each.shape)]).reshape(each.shape)
        for name, each in gradients.items()
    }


def unlike(got: Mapping[str, Any], want: Mapping[str, Any], rtol: float, atol: float) -> bool:
    """Compare shapes and numbers."""
    return any(
        np.shape(got[name]) != np.shape(want[name]) or not np.allclose(got[name], want[name], rtol=rtol, atol=atol)
        for name in got
    )


def _jax_check_grads(problem: Problem, dtype: Any) -> bool:
    inputs = {name: each.astype(dtype) if is_floating(each) else each for name, each in problem.inputs.items()}
    narrowed = Problem(problem.subject, problem.reference, inputs)
    gradients = narrowed.gradients(np.ones_like(narrowed.forward()))
    out = jax.ShapeDtypeStruct(narrowed.forward().shape, dtype)
    shapes = {name: jax.ShapeDtypeStruct(inputs[name].shape, dtype) for name in gradients}

    def forward(wanted: Any) -> Any:
        return narrowed.forward(**{name: np.asarray(each) for name, each in wanted.items()}).astype(dtype)

    def backward(wanted: Any, dout: Any) -> Any:
        moved = {**inputs, **{name: np.array(each) for name, each in wanted.items()}}
        found = Problem(problem.subject, problem.reference, moved).gradients(np.array(dout))
        return {name: each.astype(dtype) for name, each in found.items()}

    @jax.custom_vjp
    def layer(wanted: Any) -> Any:
        return jax.pure_callback(forward, out, wanted)

    layer.defvjp(
        lambda wanted: (layer(wanted), wanted),
        lambda wanted, dout: (jax.pure_callback(backward, shapes, wanted, dout),),
    )
    with jax.enable_x64(dtype == np.float64):
        check_grads(layer, ({name: jnp.asarray(inputs[name]) for name in gradients},), order=1, modes=["rev"])
    return False
