"""The limit: what rounding explains is let through, and nothing else."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handgrad.testing import arrays, check_layer
from handgrad.testing.oracle import Exact, Oracle
from handgrad.testing.oracle.agreement import LIMIT, overflows, units
from tests.planted.costly import conv2d
from tests.planted.right import dense
from tests.planted.small import dense_off_by

EXACT = Exact(np.array([1.0, 1000.0, 0.0]), np.zeros(3))


@pytest.mark.usefixtures("as_found")
@pytest.mark.parametrize(("dtype", "error"), [("float64", 1e-12), ("float32", 1e-5)], ids=["float64", "float32"])
@pytest.mark.parametrize(("rows", "columns"), [(2, 5), (10, 10), (20, 50), (100, 100)], ids="10 100 1e3 1e4".split())
def test_one_wrong_element_is_caught(dtype, error, rows, columns):
    inputs = arrays(x=f"3 {rows}", W=f"{rows} {columns}")

    def failed(wrong_by):
        return check_layer(
            dense_off_by(wrong_by), dense, inputs, dtypes=[dtype], max_examples=10, raises=False
        ).failed

    assert failed(0.0) == []
    assert failed(error) == ["gradient"]


@pytest.mark.parametrize(
    ("reference", "numpy_has"), [(jnp.log1p, np.log1p), (jnp.arctanh, np.arctanh)], ids=["log1p", "atanh"]
)
def test_where_xla_is_inexact_the_oracle_is_not(reference, numpy_has):
    x = np.concatenate([np.linspace(-1, 1, 2001), [1e-300, -1e-17, -0.0, 2.0, np.inf, np.nan]])
    with np.errstate(all="ignore"):
        want = numpy_has(x)
    got = Oracle(reference)({"x": x}, np.ones_like(x), ())["out"].value
    finite = np.isfinite(want)
    assert np.all(np.abs(got[finite] - want[finite]) <= 4 * np.finfo(np.float64).eps * np.abs(want[finite]))
    assert np.array_equal(got[~finite], want[~finite], equal_nan=True)


def test_what_a_tanh_near_1_lacks_of_1_is_exact_although_xla_loses_it():
    x = np.concatenate([np.linspace(-20, 20, 4001), [1e3, -np.inf, np.nan]])
    got = Oracle(jnp.tanh)({"x": x}, np.ones_like(x), ())["out"].value
    np.testing.assert_allclose(got, np.tanh(x), rtol=2 * np.finfo(np.float64).eps, atol=0)
    far = np.abs(x) > 1
    np.testing.assert_allclose(got[far], np.tanh(x[far]), rtol=np.finfo(np.float64).eps, atol=0)
    xla = jax.jit(jnp.tanh)(x)
    assert np.abs(xla - np.tanh(x))[far][:-1].max() > 2 * np.finfo(np.float64).eps


@pytest.mark.parametrize("terms", [100, 1000, 100_000])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_long_sums_are_not_blamed_for_rounding(dtype, terms):
    random = np.random.default_rng(0)
    columns = np.stack([np.full(terms, 0.1), random.random(terms), random.standard_normal(terms)], axis=1)
    inputs = {"x": columns.astype(dtype)}
    exact = Oracle(lambda x: x.sum(0))(inputs, np.ones(3), ())["out"]
    one_by_one = np.add.accumulate(inputs["x"], axis=0)[-1]
    assert np.all(units(one_by_one, exact, np.dtype(dtype)) < LIMIT)


def test_a_long_sum_that_misses_terms_is_caught():
    inputs = {"x": np.random.default_rng(0).random(100_000).astype(np.float32)}
    exact = Oracle(lambda x: x.sum())(inputs, np.ones(()), ())["out"]
    assert units(inputs["x"][:-1000].sum(), exact, np.dtype(np.float32)) > LIMIT


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


def by_scan(x):
    return jax.lax.scan(lambda carry, _: (jnp.sin(carry) * x, None), x, length=5)[0]


def unrolled(x):
    carry = x
    for _ in range(5):
        carry = jnp.sin(carry) * x
    return carry


def by_cond(x):
    return jax.lax.cond(x.sum() > 0, lambda x: jnp.exp(x) - jnp.exp(-x), lambda x: x, x)


def by_while(x):
    return jax.lax.while_loop(lambda y: y.sum() > 1.5, lambda y: y / 2, jax.lax.stop_gradient(x)) * x


def halved(x):
    return jax.lax.stop_gradient(x) / 4 * x


@pytest.mark.parametrize(
    ("looped", "plain"),
    [(by_scan, unrolled), (by_cond, lambda x: jnp.exp(x) - jnp.exp(-x)), (by_while, halved)],
    ids=["scan", "cond", "while"],
)
def test_loops_and_branches_are_entitled_to_the_errors_inside(looped, plain):
    inputs, dout = {"x": np.array([1.5, 2.5])}, np.ones(2)
    one, other = Oracle(looped)(inputs, dout, ("x",)), Oracle(plain)(inputs, dout, ("x",))
    for name in one:
        assert np.allclose(one[name].value, other[name].value, rtol=1e-12)
        assert np.all(one[name].entitled < 3 * other[name].entitled)
        assert np.all(one[name].entitled > other[name].entitled / 3)


def by_windows(x, K):
    padded = jnp.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)])
    windows = jnp.stack([padded[:, :, i : i + 6, j : j + 7] for i, j in np.ndindex(3, 3)], -1)
    return jnp.einsum("nchwk,ock->nohw", windows, K.reshape(*K.shape[:2], 9))


def test_a_convolution_is_entitled_to_the_errors_of_its_sums():
    random = np.random.default_rng(0)
    inputs = {"x": random.standard_normal((2, 3, 6, 7)), "K": random.standard_normal((4, 3, 3, 3))}
    dout = random.standard_normal((2, 4, 6, 7))
    one, other = (Oracle(each)(inputs, dout, ("x", "K")) for each in (conv2d, by_windows))
    for name in one:
        assert np.allclose(one[name].value, other[name].value, rtol=1e-12, atol=1e-13)
        assert 1 / 2 < one[name].entitled.mean() / other[name].entitled.mean() < 2


def test_nan_is_equal_to_nan_alone():
    exact = Exact(np.array([np.nan, 1.0]), np.zeros(2))
    assert units(np.array([np.nan, np.nan]), exact, np.dtype(np.float64)).tolist() == [0, np.inf]


def test_infinity_stands_for_what_the_dtype_cannot_hold():
    exact = Exact(np.array([1e6, -1e6, 1e6, 1.0]), np.zeros(4))
    got = np.array([np.inf, -np.inf, -np.inf, np.inf], np.float16)
    assert units(got, exact, np.dtype(np.float16)).tolist() == [0, 0, np.inf, np.inf]
    assert overflows(exact, np.dtype(np.float16))
    assert not overflows(exact, np.dtype(np.float32))


def test_the_reference_must_return_arrays():
    with pytest.raises(TypeError, match=r"returned tuple at x \(2,\); expected an array, or several"):
        Oracle(lambda x: ()).outputs({"x": np.ones(2)})


def test_of_several_outputs_each_has_its_value_and_every_dout_its_part_of_a_gradient():
    inputs, douts = {"x": np.array([2.0, 3.0])}, {"square": np.array([1.0, 10.0]), "sum": np.array(100.0)}
    exact = Oracle(lambda x: {"square": x**2, "sum": x.sum()})(inputs, douts, ("x",))
    assert {name: each.value.tolist() for name, each in exact.items()} == {
        "out['square']": [4.0, 9.0],
        "out['sum']": 5.0,
        "x": [104.0, 160.0],
    }
