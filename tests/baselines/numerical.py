"""Gradient checks by numerical differentiation, each with the step and the tolerance that its users give it.

Backward runs in the dtype of the inputs. Numerical derivatives are computed in float64 whatever that is, but for the
book's. What complains, raises.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import combinations
from typing import Any

import jax
import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from handgrad.testing.dtypes import all_in_float64, in_float64
from tests.baselines.problem import Problem, apart, joined

# where to evaluate, in steps, and the weights of the values there; the step is then divided by
CENTRAL = {1: 0.5, -1: -0.5}
FIVE_POINT = {-2: 1 / 12, -1: -8 / 12, 1: 8 / 12, 2: -1 / 12}
COMPLEX = {1j: 1.0}
SMALL_IN_THE_BOOK = 1e-7  # it prints the mean and leaves the judgement to the reader; its own examples are below this

Arrays = Mapping[str, Any]


def book(problem: Problem) -> None:
    """*Deep Learning from Scratch*: central differences, a dout of ones, the mean error of each parameter.

    As in its script the layer is one object, whose parameters are changed in place, and arrays are subtracted even
    if that broadcasts them. A layer without parameters is judged by its inputs.
    """
    wrt = problem.wrt()
    names = [name for name in wrt if name in problem.subject.constructor_names] or wrt
    run = problem.subject.build(problem.inputs)

    def loss() -> Any:
        return joined(run.forward(problem.inputs)).sum()

    numerical = {name: _in_place(loss, problem.inputs[name]) for name in names}
    out = run.forward(problem.inputs)
    gradients = run.backward(*apart(np.ones_like(joined(out)), out))
    for name in names:
        error = np.abs(gradients[name] - numerical[name])
        assert error.size == 0 or error.mean() < SMALL_IN_THE_BOOK


def _in_place(loss: Callable[[], Any], array: Any, step: float = 1e-4) -> Any:
    slopes = np.zeros_like(array)
    for index in np.ndindex(array.shape):
        kept = array[index]
        array[index] = kept + step
        up = loss()
        array[index] = kept - step
        slopes[index] = (up - loss()) / (2 * step)
        array[index] = kept
    return slopes


def upstream_of_ones(problem: Problem) -> None:
    """DeZero, minitorch: central differences of the sum of the output, compared element by element."""
    dout = np.ones_like(problem.forward())
    gradients = problem.gradients(dout)
    numerical = differences(own_forward(problem), problem.inputs, gradients, dout, CENTRAL, 1e-4)
    assert_all_close(gradients, numerical, rtol=1e-4, atol=1e-5)


def chainer(problem: Problem) -> None:
    """Chainer's check_backward: one derivative, along a random unit vector; shapes and dtypes of gradients."""
    directions = _directions(problem)
    length = np.sqrt(sum((each**2).sum() for each in directions.values())) or 1.0
    unit = {name: each / length for name, each in directions.items()}
    assert_allclose(*_along(problem, unit, 1e-3), rtol=1e-4, atol=1e-5)


def autograd(problem: Problem) -> None:
    """HIPS/autograd's check_grads: one derivative, along a random vector; shapes and dtypes of gradients."""
    numerical, by_hand = _along(problem, _directions(problem), 0.5e-6)
    error = abs(numerical - by_hand)
    assert error < 1e-6 or error / abs(numerical + by_hand) < 1e-6


def _directions(problem: Problem) -> dict[str, Any]:
    random = np.random.default_rng(2)
    return {name: random.standard_normal(problem.inputs[name].shape) for name in problem.wrt()}


def _along(problem: Problem, directions: Arrays, step: float) -> tuple[float, float]:
    """Differentiate along a direction, numerically and by the layer's gradients."""
    dout, forward = problem.random_dout(), own_forward(problem)
    gradients = problem.gradients(dout)
    for name, each in gradients.items():
        assert (each.shape, each.dtype) == (problem.inputs[name].shape, problem.inputs[name].dtype)
    up, down = (
        forward({name: in_float64(problem.inputs[name]) + h * each for name, each in directions.items()})
        for h in (step, -step)
    )
    by_hand = sum((gradients[name] * each).sum() for name, each in directions.items())
    return float(((up - down) * dout).sum() / (2 * step)), float(by_hand)


def five_points(problem: Problem) -> None:
    """A careful finite difference: five points, a random dout, element by element."""
    dout = problem.random_dout()
    gradients = problem.gradients(dout)
    numerical = differences(own_forward(problem), problem.inputs, gradients, dout, FIVE_POINT, 1e-3)
    assert_all_close(gradients, numerical, rtol=1e-6, atol=1e-8)


def complex_step(problem: Problem) -> None:
    """MyGrad: value and complex-step derivative of the true function; nothing given is changed or handed back."""
    dout = problem.random_dout()
    before, dout_before = problem.copied().inputs, dout.copy()

    def true_function(changed: Arrays) -> Any:
        with jax.enable_x64(True):
            return np.asarray(problem.truth(**{**before, **changed}))

    assert_allclose(problem.forward(), true_function({}), rtol=1e-8, atol=1e-8)
    gradients = problem.gradients(dout)
    numerical = differences(true_function, before, gradients, dout_before, COMPLEX, 1e-20)
    assert_all_close(gradients, numerical, rtol=1e-8, atol=1e-8)
    for one, other in combinations([dout, *gradients.values()], 2):
        assert not np.shares_memory(one, other)
    assert_array_equal(dout, dout_before)
    for name, array in before.items():
        assert_array_equal(problem.inputs[name], array)


def own_forward(problem: Problem) -> Callable[[Arrays], Any]:
    """Make a function of the arrays that change, in float64, of the layer's forward."""
    wide = all_in_float64(problem.inputs)
    return lambda changed: problem.forward(**{**wide, **changed})


def differences(
    function: Callable[[Arrays], Any],
    inputs: Arrays,
    names: Iterable[str],
    dout: Any,
    stencil: Mapping[complex, float],
    step: float,
) -> dict[str, Any]:
    """Differentiate ⟨dout, function⟩ numerically, element by element."""

    def slope(name: str, index: Any) -> float:
        total: Any = 0.0
        for place, weight in stencil.items():
            moved = inputs[name].astype(type(place * step))
            moved[index] += place * step
            total = total + weight * (function({name: moved}) * dout).sum()
        return float(total.imag if np.iscomplexobj(total) else total) / step

    return {
        name: np.array([slope(name, index) for index in np.ndindex(inputs[name].shape)]).reshape(inputs[name].shape)
        for name in names
    }


def assert_all_close(got: Arrays, want: Arrays, rtol: float, atol: float) -> None:
    """Compare shapes and numbers."""
    for name, each in got.items():
        assert each.shape == want[name].shape
        assert_allclose(each, want[name], rtol=rtol, atol=atol)
