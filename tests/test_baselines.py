"""The gradient checks that check_layer is compared with do what their users rely on."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from handgrad.testing.subject import Subject
from tests.baselines.checks import CHECKS, FLOAT32, FLOAT64, dtypes_of
from tests.baselines.problem import Problem, complains
from tests.planted.formula import AffineWithoutBias
from tests.planted.right import Affine, dense
from tests.planted.several import LSTM_CELL, LSTMCellDeafToItsState
from tests.planted.shape import AffineBiasOfRows
from tests.planted.small import dense_off_by
from tests.planted.state import SoftmaxInPlace

EVERY_CHECK = pytest.mark.parametrize("name", CHECKS)


def problem(layer, dtype=FLOAT64):
    random = np.random.default_rng(0)
    shapes = {"x": (3, 4), "W": (4, 2), "b": (2,)}
    inputs = {name: random.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}
    return Problem(Subject(layer, list(inputs)), lambda x, W, b: x @ W + b, inputs)


def usual_dtype(name):
    return dtypes_of(name)[0]


@pytest.fixture(autouse=True)
def without_x64():
    with jax.enable_x64(False):  # as in a process of its own
        yield


@EVERY_CHECK
def test_a_right_layer_passes(name):
    assert not complains(CHECKS[name], problem(Affine, usual_dtype(name)))


@EVERY_CHECK
def test_a_grossly_wrong_layer_does_not(name):
    assert complains(CHECKS[name], problem(AffineWithoutBias, usual_dtype(name)))


@EVERY_CHECK
def test_a_wrong_shape_is_noticed_where_numbers_broadcast(name):
    noticed = complains(CHECKS[name], problem(AffineBiasOfRows, usual_dtype(name)))
    assert noticed == (name != "the book")  # whose script subtracts arrays that broadcast


@EVERY_CHECK
def test_a_check_gets_arrays_of_its_own(name):
    x = np.arange(6.0).reshape(2, 3)
    given = Problem(Subject(SoftmaxInPlace, ["x"]), jax.nn.softmax, {"x": x.astype(usual_dtype(name))})
    complains(CHECKS[name], given)
    assert np.array_equal(given.inputs["x"], x)


@EVERY_CHECK
@pytest.mark.parametrize("dtype", [FLOAT64, FLOAT32])
def test_layers_get_the_dtype_that_is_asked_for(name, dtype):
    seen = set()

    class Watched(Affine):
        def backward(self, dout):
            seen.update(str(each.dtype) for each in (self.x, self.W, dout))
            return super().backward(dout)

    complains(CHECKS[name], problem(Watched, dtype))
    assert seen == {dtype}


def test_check_grads_is_stricter_in_float64():
    def given(dtype):
        random = np.random.default_rng(0)
        inputs = {"x": random.standard_normal((3, 2)), "W": random.standard_normal((2, 2))}
        return Problem(
            Subject(dense_off_by(1e-3), ["x", "W"]),
            dense,
            {name: each.astype(dtype) for name, each in inputs.items()},
        )

    assert complains(CHECKS["check_grads f64"], given(FLOAT64))
    assert not complains(CHECKS["check_grads f32"], given(FLOAT32))


@pytest.mark.parametrize("layer", [Affine, AffineWithoutBias, AffineBiasOfRows])
def test_check_vjp_says_what_check_grads_says_of_a_custom_vjp(layer):
    given = problem(layer, FLOAT32)
    value = given.forward()

    @jax.custom_vjp
    def wrapped(inputs):
        return jax.pure_callback(
            lambda moved: given.forward(**{name: np.array(each) for name, each in moved.items()}),
            jax.ShapeDtypeStruct(value.shape, value.dtype),
            inputs,
        )

    def backward(inputs, dout):
        return (
            jax.pure_callback(
                lambda moved, dout: Problem(
                    given.subject, given.reference, {name: np.array(each) for name, each in moved.items()}
                ).gradients(np.array(dout)),
                {name: jax.ShapeDtypeStruct(each.shape, each.dtype) for name, each in given.inputs.items()},
                inputs,
                dout,
            ),
        )

    wrapped.defvjp(lambda inputs: (wrapped(inputs), inputs), backward)
    inputs = {name: jnp.asarray(each) for name, each in given.inputs.items()}
    by_jax = complains(lambda _: check_grads(wrapped, (inputs,), order=1, modes=["rev"]), given)
    assert by_jax == complains(CHECKS["check_grads f32"], given)


def cell(layer, dtype):
    drawn = LSTM_CELL.inputs.typical(dtype)
    return Problem(Subject(layer, list(drawn)), LSTM_CELL.reference, drawn)


@EVERY_CHECK
def test_of_several_outputs_a_check_is_shown_all(name):
    assert not complains(CHECKS[name], cell(LSTM_CELL.layer, usual_dtype(name)))
    assert complains(CHECKS[name], cell(LSTMCellDeafToItsState, usual_dtype(name)))
