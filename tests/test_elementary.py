import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import mpmath
import numpy as np
import pytest
from hypothesis import given

from handgrad import Exp, Log, Multiply, Power, Reciprocal, Sqrt, vjp
from tests.drawn import numbers

EPS = np.finfo(np.float64).eps
NODES = [Exp, Log, Reciprocal, Sqrt, lambda: Power(3)]
NAMES = ["Exp", "Log", "Reciprocal", "Sqrt", "Power"]

POINTS = [-700.0, -100.0, -1.5, -1e-9, 0.0, 1e-9, 0.3, 1.0, 20.0, 700.0]
POSITIVE = [1e-300, 1e-9, 0.3, 1.0, 1.0000001, 7.0, 1e300]


def nonzero():
    positive = st.floats(1e-3, 1e3)
    shapes = hnp.array_shapes(min_dims=0, min_side=0, max_side=4)
    return hnp.arrays(np.float64, shapes, elements=positive | positive.map(lambda x: -x), fill=st.nothing())


@pytest.mark.parametrize("x", POINTS)
def test_exp_equals_mpmath(x):
    # NumPy promises no last bit of exp; it is off by less than 4 units of it
    np.testing.assert_allclose(Exp().forward(x), float(mpmath.exp(x)), rtol=4 * EPS)


@pytest.mark.parametrize("x", POSITIVE)
def test_log_sqrt_and_power_equal_mpmath(x):
    # NumPy promises no last bit of log and of power; they are off by less than 4 units of it
    np.testing.assert_allclose(Log().forward(x), float(mpmath.log(x)), rtol=4 * EPS)
    np.testing.assert_allclose(Power(0.3).forward(x), float(mpmath.mpf(x) ** mpmath.mpf(0.3)), rtol=4 * EPS)
    assert Sqrt().forward(x) == float(mpmath.sqrt(x))


@given(hnp.arrays(np.float64, 5, elements=st.floats(-50, 50, allow_subnormal=False)))
def test_exp_is_its_own_slope(x):
    exp = Exp()
    out = exp.forward(x)
    assert np.array_equal(exp.backward(np.ones(5)), out)
    assert np.array_equal(exp.backward(np.full(5, -2.0)), -2 * out)


@given(st.integers(-300, 300), st.sampled_from([-1.0, 1.0]))
def test_reciprocal_of_a_power_of_two_is_exact_and_so_is_its_gradient(exponent, sign):
    reciprocal = Reciprocal()
    assert reciprocal.forward(sign * 2.0**exponent) == sign * 2.0**-exponent
    assert reciprocal.backward(3.0) == -3.0 * 2.0 ** (-2 * exponent)


@given(nonzero())
def test_reciprocal_equals_division(x):
    assert np.array_equal(Reciprocal().forward(x), 1 / x)


def test_gradient_of_reciprocal_is_finite_where_the_square_of_its_output_is_not():
    reciprocal = Reciprocal()
    reciprocal.forward(2.0**-600)
    assert reciprocal.backward(2.0**-1000) == -(2.0**200)


def test_reciprocal_of_zero_is_infinite_with_its_sign():
    assert np.array_equal(Reciprocal().forward([0.0, -0.0]), [np.inf, -np.inf])


@given(nonzero())
def test_log_undoes_exp_and_so_does_its_gradient(x):
    x = np.clip(x, -700, 700)
    exps, to_x = vjp(Exp(), x)
    logs, to_exps = vjp(Log(), exps)
    # an eps of exp(x) is one of x, and as much of 1
    np.testing.assert_allclose(logs, x, rtol=4 * EPS, atol=4 * EPS)
    (dexps,) = to_exps(np.cos(x))
    np.testing.assert_allclose(to_x(dexps)[0], np.cos(x), rtol=4 * EPS)


@given(nonzero())
def test_sqrt_of_a_square_is_its_absolute_value_and_hears_its_sign(x):
    squares, to_factors = vjp(Multiply(), x, x)
    roots, to_squares = vjp(Sqrt(), squares)
    (dsquares,) = to_squares(np.ones(x.shape))
    np.testing.assert_allclose(roots, np.abs(x), rtol=2 * EPS)
    np.testing.assert_allclose(np.add(*to_factors(dsquares)), np.sign(x), rtol=4 * EPS)


def test_log_at_0_is_minus_infinity_and_below_follows_its_formula():
    log = Log()
    assert np.array_equal(log.forward([0.0, -0.0, -2.0, np.inf]), [-np.inf, -np.inf, np.nan, np.inf], equal_nan=True)
    assert np.array_equal(log.backward([1.0, 1.0, 1.0, 1.0]), [np.inf, -np.inf, -0.5, 0.0])


def test_sqrt_at_0_has_an_infinite_slope_and_below_there_is_none():
    sqrt = Sqrt()
    assert np.array_equal(sqrt.forward([0.0, -0.0, -1.0, np.inf]), [0.0, 0.0, np.nan, np.inf], equal_nan=True)
    assert np.array_equal(sqrt.backward(np.ones(4)), [np.inf, -np.inf, np.nan, 0.0], equal_nan=True)
    assert np.isnan(sqrt.backward(np.zeros(4))[:3]).all()


def test_power_0_is_1_everywhere_with_gradient_0():
    power = Power(0)
    x = [0.0, -0.0, -2.0, np.inf, np.nan]
    assert np.array_equal(power.forward(x), np.ones(5))
    assert np.array_equal(power.backward([1.0, np.inf, np.nan, -1.0, 1.0]), np.zeros(5))


def test_power_at_0_has_the_slopes_of_its_formula():
    slopes = {3: 0.0, 2: 0.0, 1: 1.0, 0.5: np.inf, -1: -np.inf}
    for p, slope in slopes.items():
        _, pullback = vjp(Power(p), 0.0)
        assert pullback(1.0) == (slope,)


def test_a_negative_number_has_whole_powers_alone():
    assert np.array_equal(Power(3).forward([-2.0]), [-8.0])
    assert np.array_equal(Power(-2).forward([-2.0]), [0.25])
    assert np.isnan(Power(0.5).forward([-2.0])).all()


@given(numbers(5, size=9.0), st.integers(1, 5))
def test_a_whole_power_is_a_product_of_as_many_factors(x, p):
    out, pullback = vjp(Power(p), x)
    product, dx = np.ones(5), np.zeros(5)
    for _ in range(p):
        product, dx = product * x, dx * x + product
    np.testing.assert_allclose(out, product, rtol=p * EPS)
    np.testing.assert_allclose(pullback(np.ones(5))[0], dx, rtol=2 * p * EPS)


@pytest.mark.parametrize(
    ("p", "error", "message"),
    [
        (
            [1.0, 2.0],
            ValueError,
            r"^Power: p\.shape is \(2,\); expected \(\), because every number is",
        ),
        ("two", TypeError, r"^Power: p\.dtype is <U3; expected floating"),
    ],
)
def test_an_exponent_is_one_number(p, error, message):
    with pytest.raises(error, match=message):
        Power(p)
    power = Power(2)
    power.p = p
    with pytest.raises(error, match=message.replace("Power", r"Power\.forward")):
        power.forward([1.0])


def test_an_exponent_that_was_replaced_is_that_of_the_next_forward():
    power = Power(2)
    power.forward([3.0])
    power.p = 3
    assert power.backward([1.0]) == 6.0
    assert power.forward([3.0]) == 27.0


@given(nonzero())
def test_nodes_of_one_input_treat_every_element_alone(x):
    for make in NODES:
        node, x = make(), np.abs(x)
        out = node.forward(x)
        dx = node.backward(x)
        for i in np.ndindex(x.shape):
            # for a single number, exp and log may take another route through the processor: an ulp apart
            np.testing.assert_allclose(out[i], node.forward(x[i]), rtol=2 * EPS)
            np.testing.assert_allclose(dx[i], node.backward(x[i]), rtol=2 * EPS)


@pytest.mark.parametrize("node", [Exp, Sqrt])
def test_an_output_that_backward_needs_is_read_only(node):
    out = node().forward([1.0, 2.0])
    with pytest.raises(ValueError, match="read-only"):
        out[0] = 7.0


@pytest.mark.parametrize("node", NODES, ids=NAMES)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floating_dtypes_are_kept_whatever_the_dtype_of_dout(node, dtype):
    layer = node()
    assert layer.forward(np.ones(3, dtype)).dtype == dtype
    assert layer.backward(np.ones(3)).dtype == dtype


@pytest.mark.parametrize("node", [Exp, Log, lambda: Power(0.3)], ids=["Exp", "Log", "Power"])
def test_in_float32_values_are_rounded_once(node):
    x = np.random.default_rng(0).uniform(0.1, 9, 1000).astype(np.float32)
    assert np.array_equal(node().forward(x), node().forward(x.astype(np.float64)).astype(np.float32))
