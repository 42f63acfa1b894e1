import re

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from handgrad import (
    Abs,
    Add,
    HuberLoss,
    IdentityWithLoss,
    L1Loss,
    Mean,
    MeanSquaredError,
    Minimum,
    Multiply,
    Power,
    Subtract,
)
from tests.drawn import masks, numbers, whole_numbers
from tests.graph import Graph
from tests.layers import run

EPS = np.finfo(np.float64).eps
SHAPE = (4, 3)
inf, nan = np.inf, np.nan

each_loss = pytest.mark.parametrize("loss", [MeanSquaredError, L1Loss, HuberLoss])
each_dout = st.sampled_from([1.0, -2.0, 0.0])


def each(layer, x, t):
    """Give the losses of single entries, and their slopes."""
    layer.reduction = "none"
    losses = layer.forward(x, t)
    return losses, layer.backward(np.ones(losses.shape))


def mean_and_gradient(graph, costs, x, mask, dout):
    loss = graph(Mean(), costs, mask)
    (dx,) = graph.gradients(loss, dout, x)
    return loss, dx


def assert_equal(layer, x, t, mask, dout, loss, dx):
    # whole numbers, and halves: the division by how many count is the only thing that rounds
    assert layer.forward(x, t, mask) == loss
    np.testing.assert_allclose(layer.backward(dout), dx, rtol=2 * EPS)


# What they are made of


@given(whole_numbers(SHAPE), whole_numbers(SHAPE), masks(SHAPE), each_dout)
def test_mean_squared_error_equals_its_graph_of_nodes(x, t, mask, dout):
    graph = Graph()
    squares = graph(Power(2), graph(Subtract(), x, t))
    assert_equal(MeanSquaredError(), x, t, mask, dout, *mean_and_gradient(graph, squares, x, mask, dout))


@given(whole_numbers(SHAPE), whole_numbers(SHAPE), masks(SHAPE), each_dout)
def test_l1_loss_equals_its_graph_of_nodes(x, t, mask, dout):
    graph = Graph()
    sizes = graph(Abs(), graph(Subtract(), x, t))
    assert_equal(L1Loss(), x, t, mask, dout, *mean_and_gradient(graph, sizes, x, mask, dout))


@given(whole_numbers(SHAPE), whole_numbers(SHAPE), masks(SHAPE), each_dout)
def test_huber_loss_equals_its_graph_of_nodes(x, t, mask, dout):
    graph = Graph()
    size = graph(Abs(), graph(Subtract(), x, t))
    q = graph(Minimum(), size, 2.5)  # no whole number, so that none is tied with it
    costs = graph(Multiply(), q, graph(Add(), size, graph(Multiply(), q, -0.5)))
    assert_equal(HuberLoss(2.5), x, t, mask, dout, *mean_and_gradient(graph, costs, x, mask, dout))


@given(numbers(SHAPE), numbers(SHAPE))
def test_mean_squared_error_is_twice_identity_with_loss_divided_by_the_length_of_a_row(x, t):
    loss, dx = run(MeanSquaredError(), x, t)
    half, half_dx = run(IdentityWithLoss(), x, t)
    np.testing.assert_allclose(loss, 2 * half / SHAPE[-1], rtol=16 * EPS)
    np.testing.assert_allclose(dx, 2 * half_dx / SHAPE[-1], rtol=4 * EPS)


@given(numbers(SHAPE), numbers(SHAPE))
def test_huber_loss_that_never_ends_its_parabola_is_half_the_squared_error(x, t):
    losses, slopes = each(HuberLoss(1e300), x, t)
    squares, square_slopes = each(MeanSquaredError(), x, t)
    assert np.array_equal(2 * losses, squares)
    assert np.array_equal(2 * slopes, square_slopes)


@given(numbers(SHAPE), numbers(SHAPE))
def test_huber_loss_that_ends_its_parabola_at_once_is_delta_times_the_size(x, t):
    delta = 2.0**-100
    losses, slopes = each(HuberLoss(delta), x, t)
    sizes, signs = each(L1Loss(), x, t)
    np.testing.assert_allclose(losses, delta * sizes, rtol=EPS, atol=delta * delta)
    assert np.array_equal(slopes, delta * signs)


# Closed forms, kinks and corners


@pytest.mark.parametrize(
    ("loss", "costs", "slopes"),
    [
        (MeanSquaredError, [9.0, 0.25, 0.0, 1.0, 4.0], [-6.0, -1.0, 0.0, 2.0, 4.0]),
        (L1Loss, [3.0, 0.5, 0.0, 1.0, 2.0], [-1.0, -1.0, 0.0, 1.0, 1.0]),
        (HuberLoss, [2.5, 0.125, 0.0, 0.5, 1.5], [-1.0, -0.5, 0.0, 1.0, 1.0]),
    ],
)
def test_costs_of_errors_worked_out_by_hand(loss, costs, slopes):
    got, dx = each(loss(), np.array([-3.0, -0.5, 0.0, 1.0, 2.0]) + 7, np.full(5, 7.0))
    assert got.tolist() == costs
    assert dx.tolist() == slopes
    assert loss().forward([-3.0, 2.0], [0.0, 0.0]) == (costs[0] + costs[-1]) / 2


@each_loss
@given(x=whole_numbers(SHAPE), t=whole_numbers(SHAPE), shift=whole_numbers(SHAPE, -10_000, 10_000))
def test_a_shift_of_numbers_and_targets_alike_changes_nothing(loss, x, t, shift):
    value, dx = run(loss(), x, t)
    shifted, shifted_dx = run(loss(), x + shift, t + shift)
    assert value == shifted
    assert np.array_equal(dx, shifted_dx)


@each_loss
@given(x=numbers(SHAPE), t=numbers(SHAPE))
def test_numbers_and_targets_may_be_swapped_with_the_sign_of_the_slopes(loss, x, t):
    losses, slopes = each(loss(), x, t)
    swapped, swapped_slopes = each(loss(), t, x)
    assert np.array_equal(losses, swapped)
    assert np.array_equal(slopes, -swapped_slopes)


@pytest.mark.parametrize("delta", [0.25, 1.0, 3.0])
def test_huber_loss_is_smooth_at_delta(delta):
    below, at, above = np.nextafter(delta, 0), delta, np.nextafter(delta, inf)
    losses, slopes = each(HuberLoss(delta), [below, at, above], [0.0, 0.0, 0.0])
    np.testing.assert_allclose(losses, delta**2 / 2, rtol=4 * EPS)
    assert slopes.tolist() == [below, delta, delta]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_errors_of_huber_loss_are_not_squared(dtype):
    large = np.finfo(dtype).max / 4
    losses, slopes = each(HuberLoss(), np.array([large, -large], dtype), np.zeros(2, dtype))
    assert losses.tolist() == [large, large]
    assert slopes.tolist() == [1, -1]


@each_loss
def test_infinite_errors_cost_inf_and_nan_stays_nan(loss):
    losses, slopes = each(loss(), [inf, -inf, nan, inf], [0.0, 0.0, 0.0, inf])
    np.testing.assert_array_equal(losses, [inf, inf, nan, nan])
    bound = inf if loss is MeanSquaredError else 1.0
    np.testing.assert_array_equal(slopes, [bound, -bound, nan, nan])


@each_loss
def test_float16_is_neither_squared_nor_summed_in_float16(loss):
    x = np.full(70_000, 300, np.float16)
    total = loss().forward(x, np.zeros_like(x))
    assert total == {MeanSquaredError: inf, L1Loss: 300, HuberLoss: 299.5}[loss]  # 90,000 is no float16
    assert MeanSquaredError().forward(x[:1], np.full(1, 100, np.float16)) == np.float16(40_000)


def test_a_mean_of_squares_is_finite_where_their_sum_overflows():
    assert MeanSquaredError().forward(np.full(4, 1e154), np.zeros(4)) == 1e308


# Options


@pytest.mark.parametrize("delta", [0.0, -1.0, inf, nan])
def test_a_delta_that_is_not_above_0_is_refused(delta):
    says = f"delta is {delta}; expected a finite number above 0, because the parabola ends there"
    with pytest.raises(ValueError, match=f"^{re.escape(f'HuberLoss: {says}')}$"):
        HuberLoss(delta)
    layer = HuberLoss()
    layer.delta = delta
    with pytest.raises(ValueError, match=f"^{re.escape(f'HuberLoss.forward: {says}')}$"):
        layer.forward(1.0, 0.0)


def test_backward_takes_the_delta_that_forward_had():
    layer = HuberLoss(2.0)
    layer.forward([5.0], [0.0])
    layer.delta = 1.0
    assert layer.backward().tolist() == [2.0]


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_delta_has_no_say_in_the_dtype(dtype):
    loss, dx = run(HuberLoss(np.float64(0.5)), np.ones(2, dtype), np.zeros(2, dtype))
    assert (loss.dtype, dx.dtype) == (dtype, dtype)
