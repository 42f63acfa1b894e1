import numpy as np
import pytest
from hypothesis import given

from handgrad import Abs, Clip, LeakyRelu, PRelu, Relu, vjp
from tests.drawn import numbers
from tests.elementwise import run

EPS = np.finfo(np.float64).eps
X, DOUT = numbers((2, 3)), numbers((2, 3), 3.0)


# LeakyRelu


@given(X, DOUT)
def test_leaky_relu_of_slope_0_is_relu(x, dout):
    for got, want in zip(run(LeakyRelu(0), x, dout), run(Relu(), x, dout), strict=True):
        assert np.array_equal(got, want)


@given(X, DOUT)
def test_leaky_relu_is_relu_of_x_less_slope_times_relu_of_minus_x(x, dout):
    out, dx = run(LeakyRelu(0.25), x, dout)
    right, to_right = vjp(Relu(), x)
    left, to_left = vjp(Relu(), -x)
    assert np.array_equal(out, right - 0.25 * left)
    bent = x != 0  # at 0, both blocks are shut
    assert np.array_equal(dx[bent], (to_right(dout)[0] + 0.25 * to_left(dout)[0])[bent])


def test_leaky_relu_takes_the_slope_of_the_left_at_zero_and_at_nan():
    out, dx = run(LeakyRelu(0.25), [0.0, -0.0, np.nan])
    assert np.signbit(out[:2]).tolist() == [False, True]
    assert np.isnan(out[2])
    assert dx.tolist() == [0.25, 0.25, 0.25]


def test_a_negative_slope_goes_by_the_sign_of_the_input():
    out, dx = run(LeakyRelu(-0.5), [-2.0, 2.0, -np.inf])
    assert out.tolist() == [1, 2, np.inf]
    assert dx.tolist() == [-0.5, 1, -0.5]


def test_a_slope_is_not_rounded_to_float16():
    out, dx = run(LeakyRelu(0.01), np.array([-1000.0], np.float16), np.array([1000.0]))
    assert out == np.float16(-10)
    assert dx == np.float16(10)


# PRelu


@given(X, DOUT)
def test_prelu_of_one_slope_is_leaky_relu_and_its_slope_hears_from_all(x, dout):
    prelu = PRelu(np.array(0.25))
    for got, want in zip(run(prelu, x, dout), run(LeakyRelu(0.25), x, dout), strict=True):
        assert np.array_equal(got, want)
    np.testing.assert_allclose(prelu.dslope, (dout * np.minimum(x, 0)).sum(), rtol=6 * EPS, atol=600 * EPS)


def test_slopes_of_channels_are_those_of_the_same_images_with_their_channels_last():
    x, dout = np.random.default_rng(0).standard_normal((2, 5, 3, 4, 4))
    first, last = PRelu(np.arange(3.0).reshape(3, 1, 1)), PRelu(np.arange(3.0))
    out, dx = run(first, x, dout)
    out_last, dx_last = run(last, np.moveaxis(x, 1, -1), np.moveaxis(dout, 1, -1))
    assert np.array_equal(np.moveaxis(out, 1, -1), out_last)
    assert np.array_equal(np.moveaxis(dx, 1, -1), dx_last)
    assert first.dslope.shape == (3, 1, 1)
    # sums of 80 numbers, in two orders
    np.testing.assert_allclose(first.dslope.ravel(), last.dslope, rtol=80 * EPS)


def test_at_zero_prelu_takes_the_slope_of_the_left_and_its_slope_hears_nothing():
    prelu = PRelu([0.25])
    _, dx = run(prelu, [0.0])
    assert dx.tolist() == [0.25]
    assert prelu.dslope.tolist() == [0]


@pytest.mark.parametrize(("x", "dout"), [(np.inf, 1.0), (1.0, np.inf), (1.0, np.nan)])
def test_a_slope_hears_nothing_from_a_number_that_it_did_not_scale(x, dout):
    prelu = PRelu([0.25])
    run(prelu, [[x], [-2.0]], [[dout], [3.0]])
    assert prelu.dslope.tolist() == [-6]


def test_a_slope_hears_from_all_of_very_many_numbers():
    prelu = PRelu(np.zeros(2, np.float32))
    run(prelu, np.full((2**20, 2), -0.1, np.float32))
    np.testing.assert_allclose(prelu.dslope, 2**20 * -np.float32(0.1), rtol=1e-6)


def test_a_slope_replaced_after_forward_does_not_reach_backward():
    prelu = PRelu([0.25])
    prelu.forward([-1.0])
    prelu.slope = np.array([7.0])
    assert prelu.backward([1.0]).tolist() == [0.25]


@pytest.mark.parametrize("shape", [(2,), (4, 1), (1, 2, 3), (0,)])
def test_a_slope_that_does_not_broadcast_to_x_names_both_shapes(shape):
    message = rf"PRelu\.forward: slope\.shape is \({', '.join(map(str, shape))},?\);.*x\.shape is \(2, 3\)"
    with pytest.raises(ValueError, match=message):
        PRelu(np.ones(shape)).forward(np.ones((2, 3)))


def test_a_slope_that_is_not_made_of_real_numbers_is_named_with_its_dtype():
    with pytest.raises(TypeError, match=r"^PRelu: slope\.dtype is <U3; expected floating"):
        PRelu("abc")
    prelu = PRelu([0.25])
    prelu.slope = np.array([1j])
    with pytest.raises(TypeError, match=r"^PRelu\.forward: slope\.dtype is complex128; expected floating"):
        prelu.forward([1.0])


# Clip


@given(X, DOUT)
def test_clip_from_0_on_is_relu(x, dout):
    for got, want in zip(run(Clip(low=0), x, dout), run(Relu(), x, dout), strict=True):
        assert np.array_equal(got, want)


@given(X, DOUT)
def test_without_bounds_clip_changes_nothing(x, dout):
    out, dx = run(Clip(), x, dout)
    assert np.array_equal(out, x)
    assert np.array_equal(dx, dout)


def test_clip_blocks_at_its_bounds_and_at_nan():
    out, dx = run(Clip(-1, 6), [-np.inf, -1.0, -0.5, 5.5, 6.0, np.inf, np.nan])
    assert np.array_equal(out, [-1, -1, -0.5, 5.5, 6, 6, np.nan], equal_nan=True)
    assert dx.tolist() == [0, 0, 1, 1, 0, 0, 0]


def test_clip_blocks_also_what_is_not_finite():
    assert run(Clip(0, 6), [-1.0, 6.0, 7.0], [np.inf, -np.inf, np.nan])[1].tolist() == [0, 0, 0]


def test_clip_to_one_number_is_constant():
    out, dx = run(Clip(2, 2), [1.0, 2.0, 3.0])
    assert out.tolist() == [2, 2, 2]
    assert dx.tolist() == [0, 0, 0]


@pytest.mark.parametrize("bounds", [(6, 0), (np.nan, 0), (0, np.nan)])
def test_bounds_in_the_wrong_order_are_named(bounds):
    low, high = map(float, bounds)
    with pytest.raises(ValueError, match=f"^Clip: low is {low} and high is {high}; expected low <= high$"):
        Clip(*bounds)


# Abs


@given(X, DOUT)
def test_abs_is_relu_of_x_plus_relu_of_minus_x(x, dout):
    out, dx = run(Abs(), x, dout)
    right, to_right = vjp(Relu(), x)
    left, to_left = vjp(Relu(), -x)
    assert np.array_equal(out, right + left)
    assert np.array_equal(dx, to_right(dout)[0] - to_left(dout)[0])


def test_abs_at_zero_and_at_infinity():
    out, dx = run(Abs(), [0.0, -0.0, -np.inf, np.inf])
    assert out.tolist() == [0, 0, np.inf, np.inf]
    assert not np.signbit(out).any()
    assert dx.tolist() == [0, 0, -1, 1]


# Options


def test_without_options_the_usual_ones_are_taken():
    assert LeakyRelu().forward([-1.0]) == -0.01
    assert Clip().forward([np.inf]) == np.inf
    assert Clip().forward([-np.inf]) == -np.inf


@pytest.mark.parametrize(("layer", "name"), [(LeakyRelu, "slope"), (Clip, "low"), (Clip, "high")])
def test_an_option_that_is_no_number_is_named(layer, name):
    with pytest.raises(ValueError, match=rf"^{layer.__name__}: {name}\.shape is \(2,\); expected \(\), because"):
        layer(**{name: [1.0, 2.0]})
    with pytest.raises(TypeError, match=rf"^{layer.__name__}: {name}\.dtype is <U3; expected floating"):
        layer(**{name: "abc"})
