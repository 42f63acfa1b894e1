import mpmath
import numpy as np
import pytest
from hypothesis import given

from handgrad import Elu, LogSigmoid, Relu, Sigmoid, Softplus, Tanh
from tests.drawn import numbers
from tests.elementwise import close_to_mpmath, run

EPS = np.finfo(np.float64).eps
X, DOUT = numbers((2, 3)), numbers((2, 3), 3.0)
POINTS = [-700.0, -37.5, -8.3, -1.0, -1e-9, 0.0, 1e-9, 0.7, 5.0, 30.0]


# Tanh


@given(X, DOUT)
def test_tanh_is_a_sigmoid_from_minus_1_to_1(x, dout):
    out, dx = run(Tanh(), x, dout)
    sigmoid, slope = run(Sigmoid(), 2 * x, dout)
    np.testing.assert_allclose(out, 2 * sigmoid - 1, rtol=0, atol=4 * EPS)
    np.testing.assert_allclose(dx, 4 * slope, rtol=0, atol=30 * EPS)


@given(X)
def test_tanh_is_odd_and_its_slope_is_even(x):
    (out, dx), (other, other_dx) = run(Tanh(), x), run(Tanh(), -x)
    assert np.array_equal(out, -other)
    assert np.array_equal(dx, other_dx)


@pytest.mark.parametrize("x", [-3.0, -1.0, -1e-9, 0.0, 0.7])
def test_tanh_equals_mpmath(x):
    # what tanh is off by is multiplied by out / (1 - out²) in its slope, which is 100 at 3
    close_to_mpmath(Tanh(), mpmath.tanh, x, (1 + np.cosh(x) ** 2) * 2 * EPS)


@pytest.mark.parametrize(("dtype", "vanishes"), [(np.float32, 10.0), (np.float64, 19.1)])
def test_slope_of_tanh_is_exactly_0_from_where_its_value_rounds_to_1(dtype, vanishes):
    x = np.array([-np.inf, -vanishes, vanishes, np.inf], dtype)
    out, dx = run(Tanh(), x)
    assert out.tolist() == [-1, -1, 1, 1]
    assert dx.tolist() == [0, 0, 0, 0]
    assert np.all(run(Tanh(), 0.85 * x[1:3])[1] > 0)


def test_the_output_that_tanh_remembers_is_read_only():
    out = Tanh().forward([1.0, 2.0])
    with pytest.raises(ValueError, match="read-only"):
        out[0] = 7.0


# Softplus and LogSigmoid


@pytest.mark.parametrize("x", POINTS)
def test_softplus_and_log_sigmoid_equal_mpmath(x):
    # exp, log1p and a sum; the slope is a sigmoid
    close_to_mpmath(Softplus(), lambda x: mpmath.log1p(mpmath.exp(x)), x, 6 * EPS)
    close_to_mpmath(LogSigmoid(), lambda x: -mpmath.log1p(mpmath.exp(-x)), x, 6 * EPS)


@given(X, DOUT)
def test_log_sigmoid_is_minus_softplus_of_minus_x(x, dout):
    out, dx = run(LogSigmoid(), x, dout)
    other, other_dx = run(Softplus(), -x, dout)
    assert np.array_equal(out, -other)
    assert np.array_equal(dx, other_dx)


@given(X)
def test_softplus_of_x_less_that_of_minus_x_is_x(x):
    difference = Softplus().forward(x) - Softplus().forward(-x)
    # each is off by 3 eps of numbers up to 31
    np.testing.assert_allclose(difference, x, rtol=0, atol=100 * EPS)


@given(X, DOUT)
def test_beta_makes_softplus_steeper_and_no_larger(x, dout):
    out, dx = run(Softplus(4.0), x, dout)
    once, slope = run(Softplus(), 4 * x, dout)
    assert np.array_equal(out, once / 4)
    assert np.array_equal(dx, slope)


def test_softplus_far_out_is_relu_also_for_a_beta():
    x = [-np.inf, -1e308, -1e4, 1e4, 1e308, np.inf]
    for layer in (Softplus(), Softplus(0.5), Softplus(20.0)):
        out, dx = run(layer, x)
        assert np.array_equal(out, run(Relu(), x)[0])
        assert dx.tolist() == [0, 0, 0, 1, 1, 1]
        assert not np.signbit(out).any()


def test_log_sigmoid_far_out():
    out, dx = run(LogSigmoid(), [-np.inf, -1e4, 1e4, np.inf])
    assert out.tolist() == [-np.inf, -1e4, 0, 0]
    assert dx.tolist() == [1, 1, 0, 0]


@pytest.mark.parametrize("beta", [0, -1.0, np.inf, np.nan])
def test_a_beta_that_does_not_divide_is_named(beta):
    with pytest.raises(ValueError, match=f"^Softplus: beta is {float(beta)}; expected a finite number above 0"):
        Softplus(beta)


@pytest.mark.parametrize(("layer", "name"), [(Softplus, "beta"), (Elu, "alpha")])
def test_an_option_that_is_no_number_is_named(layer, name):
    with pytest.raises(ValueError, match=rf"^{layer.__name__}: {name}\.shape is \(2,\); expected \(\), because"):
        layer(**{name: [1.0, 2.0]})
    with pytest.raises(TypeError, match=rf"^{layer.__name__}: {name}\.dtype is <U3; expected floating"):
        layer(**{name: "abc"})


def test_without_options_the_usual_ones_are_taken():
    assert Softplus().forward(0.0) == np.log(2)
    assert Elu().forward([-np.inf]) == -1


@pytest.mark.parametrize("layer", [Softplus, LogSigmoid])
def test_float32_is_computed_in_float64_and_rounded_once(layer):
    x = np.linspace(-80, 80, 1000, dtype=np.float32)
    for got, want in zip(run(layer(), x), run(layer(), x.astype(np.float64)), strict=True):
        assert got.dtype == np.float32
        assert np.array_equal(got, want.astype(np.float32))


# Elu


@pytest.mark.parametrize("x", [-700.0, -40.0, -1.0, -1e-9])
def test_elu_and_its_slope_equal_mpmath(x):
    out, dx = run(Elu(1.5), x)
    # an exponential, and a product
    np.testing.assert_allclose(out, float(1.5 * mpmath.expm1(x)), rtol=3 * EPS)
    np.testing.assert_allclose(dx, float(1.5 * mpmath.exp(x)), rtol=3 * EPS)


def test_elu_takes_alpha_for_its_slope_at_zero():
    assert run(Elu(0.5), [0.0, -0.0])[1].tolist() == [0.5, 0.5]


def test_elu_stops_at_minus_alpha_and_lets_infinity_pass():
    out, dx = run(Elu(0.5), [-np.inf, -1e308, 1e308, np.inf])
    assert out.tolist() == [-0.5, -0.5, 1e308, np.inf]
    assert dx.tolist() == [0, 0, 1, 1]
