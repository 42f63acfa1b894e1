import math

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import mpmath
import numpy as np
import pytest
from hypothesis import given

from handgrad.functions import (
    cross_entropy_error,
    log_sigmoid,
    log_softmax,
    sigmoid,
    softmax,
    sum_squared_error,
)

EPS = np.finfo(np.float64).eps
SCORES = hnp.arrays(
    np.float64,
    hnp.array_shapes(max_dims=3, max_side=4),
    elements=st.floats(-1e4, 1e4, allow_subnormal=False),
    fill=st.nothing(),
)
ROWS = [[1.0, 2.0, 3.0], [-5.0, 0.5, 2.5, 0.0], [700.0, -700.0, 3.0], [0.0, 1e4], [7.0], [0.1] * 10]


def close_to_mpmath(got, want):
    # an exponential, a sum of at most 10 and a quotient or a logarithm; near the smallest number, its grid
    np.testing.assert_allclose(got, [float(each) for each in want], rtol=16 * EPS, atol=1e-300)


@pytest.mark.parametrize("x", ROWS)
def test_softmax_equals_mpmath(x):
    with mpmath.workdps(50):
        exps = [mpmath.exp(each) for each in x]
        y = [each / mpmath.fsum(exps) for each in exps]
    close_to_mpmath(softmax(x), y)


@pytest.mark.parametrize("x", ROWS)
def test_log_softmax_equals_mpmath(x):
    with mpmath.workdps(5000):
        total = mpmath.log(mpmath.fsum(mpmath.exp(each) for each in x))
        log_y = [each - total for each in x]
    # the largest score of a row has a logarithm near 0, which is off by an eps of what was subtracted
    np.testing.assert_allclose(log_softmax(x), [float(each) for each in log_y], rtol=16 * EPS, atol=2 * EPS)


@given(SCORES)
def test_softmax_is_a_distribution(x):
    y = softmax(x)
    assert np.all((y >= 0) & (y <= 1))
    # a quotient is rounded at each of at most 4 classes
    np.testing.assert_allclose(y.sum(axis=-1), np.ones(x.shape[:-1]), rtol=4 * EPS)


@given(SCORES)
def test_softmax_keeps_the_order_of_the_scores(x):
    ascending = np.sort(x, axis=-1)
    assert np.all(np.diff(softmax(ascending), axis=-1) >= 0)


@given(SCORES)
def test_exponential_of_log_softmax_is_softmax(x):
    # a logarithm of 1e4 is rounded to 1e4 eps, by which factor its exponential is off
    np.testing.assert_allclose(np.exp(log_softmax(x)), softmax(x), rtol=2e4 * EPS, atol=1e-300)


@given(SCORES)
def test_a_batch_is_the_stack_of_its_rows(x):
    rows = x.reshape(-1, x.shape[-1])
    for function in (softmax, log_softmax):
        alone = np.array([function(row) for row in rows]).reshape(x.shape)
        # the exponential may take another route through the processor for a single row
        np.testing.assert_allclose(function(x), alone, rtol=4 * EPS, atol=EPS)


@given(hnp.arrays(np.float64, (2, 4), elements=st.integers(-9, 9)), st.integers(-10_000, 10_000))
def test_a_shift_of_all_scores_changes_nothing(x, shift):
    assert np.array_equal(softmax(x + shift), softmax(x))
    assert np.array_equal(log_softmax(x + shift), log_softmax(x))


def test_softmax_of_two_classes_is_sigmoid_of_their_difference():
    x = np.linspace(-30, 30, 61)
    y = softmax(np.stack([np.zeros_like(x), x], axis=-1))
    # an exponential, a sum and a quotient on either side
    np.testing.assert_allclose(y[:, 1], sigmoid(x), rtol=8 * EPS)


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 3), (2, 0, 3)])
def test_no_classes_and_no_rows_give_nothing(shape):
    assert softmax(np.zeros(shape)).shape == shape
    assert log_softmax(np.zeros(shape)).shape == shape


def test_where_every_class_is_ruled_out_each_probability_is_0():
    assert np.array_equal(softmax([-np.inf, -np.inf]), [0.0, 0.0])
    assert np.array_equal(log_softmax([-np.inf, -np.inf]), [-np.inf, -np.inf])


def test_nan_stays_in_its_row():
    y = softmax([[np.nan, 1.0], [1.0, 1.0]])
    assert np.isnan(y[0]).all()
    assert np.array_equal(y[1], [0.5, 0.5])


@pytest.mark.parametrize("function", [sigmoid, log_sigmoid])
def test_nan_stays_nan(function):
    assert np.isnan(function(np.nan))


@pytest.mark.parametrize("x", [-1e300, -700.0, -1.0, -1e-9, 0.0, 1e-9, 5.0, 37.5, 700.0])
def test_log_sigmoid_equals_mpmath(x):
    with mpmath.workdps(400):
        log_y = -mpmath.log1p(mpmath.exp(-x)) if x > -1e3 else x
    # an exponential, a logarithm and a sum
    np.testing.assert_allclose(log_sigmoid(x), float(log_y), rtol=3 * EPS)


def test_exponential_of_log_sigmoid_is_sigmoid():
    x = np.linspace(-30, 30, 61)
    # a logarithm of 30 is rounded to 30 eps, by which factor its exponential is off
    np.testing.assert_allclose(np.exp(log_sigmoid(x)), sigmoid(x), rtol=32 * EPS)


def test_log_sigmoid_far_out_is_the_number_itself_or_0():
    assert log_sigmoid([-np.inf, -1e300, 1e300, np.inf]).tolist() == [-np.inf, -1e300, 0, 0]


@pytest.mark.parametrize("function", [sigmoid, log_sigmoid, softmax, log_softmax])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floating_dtypes_are_kept(function, dtype):
    assert function(np.ones(3, dtype)).dtype == dtype


@pytest.mark.parametrize("function", [sigmoid, log_sigmoid, softmax, log_softmax])
def test_integers_are_computed_in_float64(function):
    assert function(np.array([1, 2, 3], np.int8)).dtype == np.float64
    assert np.array_equal(function(np.array([1, 2, 3], np.int8)), function([1.0, 2.0, 3.0]))


@pytest.mark.parametrize("function", [sigmoid, log_sigmoid, softmax, log_softmax])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_arguments_are_left_unchanged_and_results_are_new(function, dtype):
    x = np.array([1.0, -2.0, 3.0], dtype)
    before = x.copy()
    assert not np.shares_memory(function(x), x)
    assert np.array_equal(x, before)


@pytest.mark.parametrize("function", [softmax, log_softmax])
def test_float16_is_rounded_once(function):
    x = np.linspace(-4, 4, 2048).astype(np.float16)
    exact = function(x.astype(np.float64))
    half = np.finfo(np.float16)
    # half an eps is the rounding to float16 itself, and half of its grid of subnormals
    np.testing.assert_allclose(function(x), exact, rtol=0.51 * half.eps, atol=0.51 * half.smallest_subnormal)


def test_cross_entropy_error_is_the_mean_of_the_logarithms_at_the_labels():
    y = [[0.5, 0.25, 0.25], [0.125, 0.75, 0.125]]
    # three logarithms at most, each rounded
    np.testing.assert_allclose(cross_entropy_error(y, [1, 0]), math.log(4 * 8) / 2, rtol=4 * EPS)
    np.testing.assert_allclose(cross_entropy_error(y[0], 0), math.log(2), rtol=EPS)


def test_cross_entropy_error_of_class_indices_is_that_of_one_hot_rows():
    y = softmax([[1.0, 2.0, 3.0], [0.0, 5.0, 0.0]])
    assert cross_entropy_error(y, [2, 0]) == cross_entropy_error(y, np.eye(3)[[2, 0]])


def test_cross_entropy_error_of_certainty_is_0_and_of_impossibility_infinite():
    assert cross_entropy_error([[0.0, 1.0]], [1]) == 0
    assert cross_entropy_error([[0.0, 1.0]], [0]) == np.inf
    assert cross_entropy_error([[0.0, 1.0]], [[0.0, 1.0]]) == 0


def test_a_distribution_costs_its_entropy_against_itself():
    p = np.array([0.5, 0.25, 0.125, 0.125])
    # 1.75 bits
    np.testing.assert_allclose(cross_entropy_error(p, p), 1.75 * math.log(2), rtol=4 * EPS)


def test_sum_squared_error_is_half_the_squared_distance_averaged_over_the_batch():
    assert sum_squared_error([3.0, 4.0], [0.0, 0.0]) == 12.5
    assert sum_squared_error([[3.0, 4.0], [1.0, 0.0]], np.zeros((2, 2))) == 6.5


@pytest.mark.parametrize("function", [cross_entropy_error, sum_squared_error])
def test_the_error_of_no_rows_is_0(function):
    assert function(np.zeros((0, 3)), np.zeros((0, 3))) == 0


@pytest.mark.parametrize("function", [cross_entropy_error, sum_squared_error])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_errors_have_the_dtype_of_their_arguments(function, dtype):
    y = np.full((3, 2), 0.5, dtype)
    assert function(y, y).dtype == dtype


@pytest.mark.parametrize("function", [cross_entropy_error, sum_squared_error])
def test_leading_axes_of_outputs_and_targets_are_one_long_batch(function):
    random = np.random.default_rng(0)
    y, t = softmax(random.standard_normal((2, 3, 4))), softmax(random.standard_normal((2, 3, 4)))
    assert function(y, t) == function(y.reshape(6, 4), t.reshape(6, 4))
