"""The limit: what rounding explains is let through, and nothing else."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handgrad.testing.agreement import LIMIT, overflows, units
from handgrad.testing.oracle import Exact, Oracle

EXACT = Exact(np.array([1.0, 1000.0, 0.0]), np.zeros(3))


def reference(x, W):
    return jnp.tanh(x @ W)


@pytest.mark.parametrize(("dtype", "error"), [(np.float64, 1e-12), (np.float32, 1e-3)])
@pytest.mark.parametrize("length", [10, 100, 1000])
def test_one_wrong_element_is_caught(dtype, error, length):
    random = np.random.default_rng(0)
    inputs = {"x": random.standard_normal((3, length)).astype(dtype), "W": random.standard_normal((length, 2))}
    inputs["W"] = (inputs["W"] / length).astype(dtype)
    exact = Oracle(reference)(inputs, np.ones((3, 2), dtype), ("W",))["W"]
    got = exact.value.astype(dtype)
    assert units(got, exact, np.dtype(dtype)).max() < 1
    worst = np.unravel_index(np.abs(got).argmax(), got.shape)
    got[worst] *= 1 + error
    assert units(got, exact, np.dtype(dtype))[worst] > LIMIT


def test_cancellation_is_entitled_to_its_error():
    inputs = {"x": np.array([1e8 + 1.0, -1e8])}
    exact = Oracle(lambda x: x.sum())(inputs, np.ones(()), ("x",))["out"]
    assert exact.value == 1
    assert exact.entitled > 1e7


def test_what_only_moves_numbers_is_entitled_to_none():
    inputs = {"x": np.array([1.0, 2.0])}
    exact = Oracle(lambda x: -x[::-1])(inputs, np.zeros(2), ("x",))
    assert np.all(exact["x"].entitled == 0)


@pytest.mark.parametrize("wrap", [jax.jit, jax.checkpoint, lambda f: f], ids=["jit", "checkpoint", "plain"])
def test_the_replay_goes_inside(wrap):
    inputs, dout = {"x": np.array([0.5, 3.0])}, np.ones(2)
    plain = Oracle(lambda x: jnp.exp(x) - jnp.exp(-x))(inputs, dout, ("x",))
    wrapped = Oracle(lambda x: wrap(lambda y: jnp.exp(y) - jnp.exp(-y))(x))(inputs, dout, ("x",))
    for name in plain:
        assert np.allclose(plain[name].value, wrapped[name].value)
        assert np.all(wrapped[name].entitled > 0)


def test_a_loop_is_nudged_from_outside():
    def power(x):
        return jax.lax.scan(lambda carry, _: (carry * x, None), x, length=3)[0]

    exact = Oracle(power)({"x": np.array(1.5)}, np.ones(()), ("x",))
    assert exact["out"].value == 1.5**4
    assert exact["x"].value == 4 * 1.5**3
    assert exact["out"].entitled > 0


def test_nan_is_equal_to_nan_alone():
    exact = Exact(np.array([np.nan, 1.0]), np.zeros(2))
    assert units(np.array([np.nan, np.nan]), exact, np.dtype(np.float64)).tolist() == [0, np.inf]


def test_infinity_stands_for_what_the_dtype_cannot_hold():
    exact = Exact(np.array([1e6, -1e6, 1e6, 1.0]), np.zeros(4))
    got = np.array([np.inf, -np.inf, -np.inf, np.inf], np.float16)
    assert units(got, exact, np.dtype(np.float16)).tolist() == [0, 0, np.inf, np.inf]
    assert overflows(exact, np.dtype(np.float16))
    assert not overflows(exact, np.dtype(np.float32))


def test_the_reference_must_return_one_array():
    with pytest.raises(TypeError, match="returned tuple; expected one array"):
        Oracle(lambda x: (x, x)).out_shape({"x": np.ones(2)})
