import math
import re

import hypothesis.strategies as st
import jax
import mpmath
import numpy as np
import pytest
from hypothesis import given

from handgrad import (
    Add,
    Exp,
    FocalLoss,
    Log,
    Mean,
    Multiply,
    Power,
    Reciprocal,
    SigmoidWithLoss,
    SoftmaxWithLoss,
    Subtract,
)
from handgrad.functions import sigmoid
from handgrad.numerics import BLOCK
from tests.drawn import masks, numbers, whole_numbers
from tests.graph import Graph
from tests.layers import run

EPS, EPS32 = np.finfo(np.float64).eps, np.finfo(np.float32).eps
SHAPE = (4, 3)
inf, nan = np.inf, np.nan

answers = whole_numbers(SHAPE, 0, 8).map(lambda eighths: eighths / 8)  # 1 - t is exact
each_loss = pytest.mark.parametrize("loss", [SigmoidWithLoss, FocalLoss])


def each(layer, x, t):
    """Give the losses of single entries, and their slopes."""
    layer.reduction = "none"
    losses = layer.forward(x, t)
    return losses, layer.backward(np.ones(losses.shape))


def raises(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


# What they are made of


def probabilities_of_nodes(graph, x):
    y = graph(Reciprocal(), graph(Add(), 1.0, graph(Exp(), graph(Multiply(), x, -1.0))))
    return y, graph(Subtract(), 1.0, y)


@given(numbers(SHAPE, size=3.0), answers, masks(SHAPE), st.sampled_from([1.0, -2.0]), st.sampled_from([1.0, 3.0]))
def test_sigmoid_with_loss_equals_its_graph_of_nodes(x, t, mask, dout, pos_weight):
    graph = Graph()
    y, rest = probabilities_of_nodes(graph, x)
    hits = graph(Multiply(), graph(Log(), y), pos_weight * t)
    misses = graph(Multiply(), graph(Log(), rest), 1 - t)
    loss = graph(Multiply(), graph(Mean(), graph(Add(), hits, misses), mask), -1.0)
    (dx,) = graph.gradients(loss, dout, x)

    layer = SigmoidWithLoss(pos_weight)
    # 1 - y, which is exp(-3) / 2 at least, is off by the rounding of y
    np.testing.assert_allclose(layer.forward(x, t, mask), loss, rtol=0, atol=300 * EPS)
    np.testing.assert_allclose(layer.backward(dout), dx, rtol=0, atol=300 * EPS)


@given(numbers(SHAPE, size=3.0), answers, masks(SHAPE), st.sampled_from([1.0, -2.0]))
def test_focal_loss_equals_its_graph_of_nodes(x, t, mask, dout):
    graph = Graph()
    y, rest = probabilities_of_nodes(graph, x)
    hits = graph(Multiply(), graph(Multiply(), graph(Power(2), rest), graph(Log(), y)), 0.25 * t)
    misses = graph(Multiply(), graph(Multiply(), graph(Power(2), y), graph(Log(), rest)), 0.75 * (1 - t))
    loss = graph(Multiply(), graph(Mean(), graph(Add(), hits, misses), mask), -1.0)
    (dx,) = graph.gradients(loss, dout, x)

    layer = FocalLoss(gamma=2.0, alpha=0.25)
    np.testing.assert_allclose(layer.forward(x, t, mask), loss, rtol=0, atol=300 * EPS)
    np.testing.assert_allclose(layer.backward(dout), dx, rtol=0, atol=300 * EPS)


@given(numbers(SHAPE, size=5.0), answers)
def test_focal_loss_without_a_focus_is_sigmoid_with_loss(x, t):
    losses, slopes = each(FocalLoss(gamma=0.0), x, t)
    want, want_slopes = each(SigmoidWithLoss(), x, t)
    np.testing.assert_allclose(losses, want, rtol=16 * EPS)
    # slopes that cancel are off by the rounding of probabilities
    np.testing.assert_allclose(slopes, want_slopes, rtol=16 * EPS, atol=4 * EPS)


@given(numbers(SHAPE), whole_numbers(SHAPE, 0, 1))
def test_a_score_against_0_is_a_softmax_of_two_classes(x, t):
    loss, dx = run(SigmoidWithLoss(), x, t)
    want, want_dx = run(SoftmaxWithLoss(), np.stack([np.zeros(SHAPE), x], -1), t.astype(int))
    np.testing.assert_allclose(loss, want, rtol=16 * EPS, atol=16 * EPS)
    np.testing.assert_allclose(dx, want_dx[..., 1], rtol=0, atol=4 * EPS)


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_probabilities_are_kept_as_y(dtype):
    layer, x = SigmoidWithLoss(), np.array([[0.0, 30.0], [-30.0, nan]], dtype)
    layer.forward(x, np.ones((2, 2)), [[True, True], [True, False]])
    assert layer.y.dtype == dtype
    assert np.array_equal(layer.y, [[0.5, sigmoid(x)[0, 1]], [sigmoid(x)[1, 0], 0]])


# Closed forms


@pytest.mark.parametrize("x", [-700.0, -20.0, -1.0, 0.0, 0.5, 30.0, 700.0])
@pytest.mark.parametrize("t", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("pos_weight", [None, 5.0])
def test_sigmoid_with_loss_equals_mpmath(x, t, pos_weight):
    with mpmath.workdps(700):
        yes, no = 1 / (1 + mpmath.exp(-x)), 1 / (1 + mpmath.exp(x))
        hit = (pos_weight or 1) * t
        want, slope = -hit * mpmath.log(yes) - (1 - t) * mpmath.log(no), (1 - t) * yes - hit * no
        cancels = min((1 - t) * yes, hit * no)  # nothing, where t is 0 or 1
    loss, dx = run(SigmoidWithLoss(pos_weight), x, t)
    np.testing.assert_allclose(loss, float(want), rtol=4 * EPS)
    np.testing.assert_allclose(dx, float(slope), rtol=8 * EPS, atol=EPS * float(cancels))


@pytest.mark.parametrize("x", [-700.0, -20.0, -1.0, 0.0, 0.5, 30.0, 700.0])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_focal_loss_equals_mpmath(x, gamma):
    with mpmath.workdps(700):
        p, q = 1 / (1 + mpmath.exp(-x)), 1 / (1 + mpmath.exp(x))
        want, slope = -(q**gamma) * mpmath.log(p), q**gamma * (gamma * p * mpmath.log(p) - q)
    loss, dx = run(FocalLoss(gamma), x, 1.0)
    # an exponent of 1400 is rounded, and the power by as many eps; what is less than tiny has fewer digits
    tiny = np.finfo(np.float64).tiny
    np.testing.assert_allclose(loss, float(want), rtol=2000 * EPS, atol=tiny)
    np.testing.assert_allclose(dx, float(slope), rtol=2000 * EPS, atol=tiny)


@pytest.mark.parametrize("x", [5.0, 20.0, 80.0])
def test_of_a_right_answer_that_is_sure_the_tail_is_left_in_float32_too(x):
    losses, slopes = each(SigmoidWithLoss(), np.array([x, -x], np.float32), np.array([1, 0], np.float32))
    np.testing.assert_allclose(losses, [math.log1p(math.exp(-x))] * 2, rtol=8 * EPS32)
    np.testing.assert_allclose(slopes, [-1 / (1 + math.exp(x)), 1 / (1 + math.exp(x))], rtol=8 * EPS32)


@each_loss
@given(x=numbers(SHAPE), t=answers)
def test_answers_may_be_swapped_with_the_sign_of_the_scores(loss, x, t):
    losses, slopes = each(loss(), x, t)
    swapped, swapped_slopes = each(loss(), -x, 1 - t)
    assert np.array_equal(losses, swapped)
    assert np.array_equal(slopes, -swapped_slopes)


@each_loss
@given(x=numbers(SHAPE), t=answers)
def test_the_loss_is_linear_in_the_answers(loss, x, t):
    losses, slopes = each(loss(), x, t)
    (yes, yes_slopes), (no, no_slopes) = each(loss(), x, np.ones(SHAPE)), each(loss(), x, np.zeros(SHAPE))
    np.testing.assert_allclose(losses, t * yes + (1 - t) * no, rtol=8 * EPS)
    np.testing.assert_allclose(slopes, t * yes_slopes + (1 - t) * no_slopes, rtol=8 * EPS, atol=4 * EPS)


# Infinity and NaN


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_infinite_scores_cost_nothing_where_they_are_right(dtype):
    for layer in (SigmoidWithLoss(), SigmoidWithLoss(4.0), FocalLoss(), FocalLoss(0.0, 0.5)):
        losses, slopes = each(layer, np.array([inf, -inf], dtype), np.array([1, 0], dtype))
        assert losses.tolist() == [0, 0]
        assert slopes.tolist() == [0, 0]


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_infinite_scores_that_are_wrong_cost_inf_and_pull_with_the_weight_of_the_answer(gamma):
    for layer in (SigmoidWithLoss(), FocalLoss(gamma)):
        losses, slopes = each(layer, [inf, -inf, inf, -inf], [0, 1, 0.25, 0.25])
        assert losses.tolist() == [inf, inf, inf, inf]
        assert slopes.tolist() == [1, -1, 0.75, -0.25]


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("x", [-1e308, -1e4, 1e4, 1e308])
@pytest.mark.parametrize("t", [0, 1])
def test_focal_loss_is_finite_however_sure_a_score_is(gamma, x, t):
    losses, slopes = each(FocalLoss(gamma), [x], [t])
    right = (x > 0) == t
    assert losses[0] == (0 if right else abs(x))
    assert slopes[0] == (0 if right else 1 - 2 * t)


@pytest.mark.parametrize("zero", [0.0, -0.0])
@pytest.mark.parametrize("t", [0.0, 0.25, 1.0])
def test_a_score_of_0_gives_both_answers_one_half(zero, t):
    losses, slopes = each(SigmoidWithLoss(), [zero], [t])
    np.testing.assert_allclose(losses, [math.log(2)], rtol=2 * EPS)
    assert slopes.tolist() == [0.5 - t]


@each_loss
@pytest.mark.parametrize("t", [0, 0.5, 1])
def test_nan_stays_nan_and_among_its_neighbours_alone(loss, t):
    losses, slopes = each(loss(), [nan, 1.0], [t, t])
    assert np.isnan(losses).tolist() == [True, False]
    assert np.isnan(slopes).tolist() == [True, False]


# Options


@given(numbers(SHAPE), whole_numbers(SHAPE, 0, 1), whole_numbers((3,), 0, 9))
def test_positive_answers_weigh_as_much_as_they_are_told_to_and_the_mean_is_over_all(x, t, weights):
    layer = SigmoidWithLoss(pos_weight=weights)
    loss, dx = run(layer, x, t)
    losses, slopes = each(SigmoidWithLoss(), x, t)
    weighed = np.where(t == 1, weights, 1)
    np.testing.assert_allclose(loss, np.mean(weighed * losses), rtol=16 * EPS)
    np.testing.assert_allclose(dx, weighed * slopes / t.size, rtol=4 * EPS)


def test_weights_of_what_is_hidden_are_left_out_with_it():
    x, t, mask = [1.0, 2.0, 3.0], [1, 1, 0], [True, False, True]
    loss, dx = run(SigmoidWithLoss([5.0, nan, 7.0]), x, t, mask)
    want, want_dx = run(SigmoidWithLoss([5.0, 7.0]), [1.0, 3.0], [1, 0])
    assert loss == want
    assert np.array_equal(dx, [want_dx[0], 0, want_dx[1]])


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_options_have_no_say_in_the_dtype(dtype):
    for layer in (SigmoidWithLoss(np.full(2, 3.0)), FocalLoss(np.float64(2), np.float64(0.25))):
        loss, dx = run(layer, np.ones(2, dtype), np.ones(2, dtype))
        assert (loss.dtype, dx.dtype) == (dtype, dtype)


@given(numbers(SHAPE), whole_numbers(SHAPE, 0, 1))
def test_alpha_is_the_weight_of_yes_and_the_rest_that_of_no(x, t):
    losses, slopes = each(FocalLoss(alpha=0.25), x, t)
    plain, plain_slopes = each(FocalLoss(), x, t)
    weights = np.where(t == 1, 0.25, 0.75)
    np.testing.assert_allclose(losses, weights * plain, rtol=2 * EPS)
    np.testing.assert_allclose(slopes, weights * plain_slopes, rtol=2 * EPS)


@pytest.mark.parametrize(
    ("layer", "name", "value"), [(SigmoidWithLoss(2.0), "pos_weight", 3.0), (FocalLoss(2.0, 0.5), "gamma", 0.0)]
)
def test_backward_takes_the_options_that_forward_had(layer, name, value):
    layer.forward([1.0, -2.0], [1.0, 1.0])
    dx = layer.backward()
    setattr(layer, name, value)
    assert np.array_equal(layer.backward(), dx)


@pytest.mark.parametrize("shape", [(2,), (4, 1, 1), (1, 4, 3)])
def test_a_pos_weight_that_does_not_broadcast_to_x_names_both_shapes(shape):
    layer = SigmoidWithLoss(np.ones(shape))
    says = f"pos_weight.shape is {shape}; expected (4, 3) or one that broadcasts to it, because x.shape is (4, 3)"
    with raises(ValueError, f"SigmoidWithLoss.forward: {says}"):
        layer.forward(np.ones(SHAPE), np.ones(SHAPE))
    assert not hasattr(layer, "loss")


def test_options_that_are_no_numbers_are_named():
    real = "expected floating, integer or boolean, because layers compute with real numbers"
    with raises(TypeError, f"SigmoidWithLoss.forward: pos_weight.dtype is complex128; {real}"):
        SigmoidWithLoss(1j).forward(1.0, 1.0)
    with raises(ValueError, "FocalLoss: gamma.shape is (2,); expected (), because it is one number for all of x"):
        FocalLoss([1.0, 2.0])


@pytest.mark.parametrize("gamma", [-0.5, inf, nan])
def test_a_gamma_below_0_or_not_finite_is_refused(gamma):
    says = f"gamma is {gamma}; expected a finite number from 0 on, because q may be 0"
    with raises(ValueError, f"FocalLoss: {says}"):
        FocalLoss(gamma)
    layer = FocalLoss()
    layer.gamma = gamma
    with raises(ValueError, f"FocalLoss.forward: {says}"):
        layer.forward(1.0, 1.0)


@pytest.mark.parametrize("alpha", [-0.25, 1.5, nan])
def test_an_alpha_that_is_no_share_is_refused(alpha):
    with raises(ValueError, f"FocalLoss: alpha is {alpha}; expected a number from 0 to 1, because it is a share"):
        FocalLoss(alpha=alpha)


# Blocks


@pytest.mark.parametrize("size", [BLOCK - 1, BLOCK, 2 * BLOCK + 3])
@pytest.mark.parametrize("pos_weight", [None, 3.0])
def test_many_entries_are_each_what_they_are_alone(size, pos_weight):
    random = np.random.default_rng(0)
    x, t = random.standard_normal(size, np.float32), random.random(size, np.float32)
    losses, slopes = each(SigmoidWithLoss(pos_weight), x, t)
    few = slice(size - 7, size)
    want, want_slopes = each(SigmoidWithLoss(pos_weight), x[few], t[few])
    np.testing.assert_allclose(losses[few], want, rtol=4 * EPS32)
    np.testing.assert_allclose(slopes[few], want_slopes, rtol=4 * EPS32, atol=EPS32)
    assert np.all(losses > 0)


def test_float16_is_computed_in_float32():
    # float16 has two digits of exp(-13)
    x, yes = np.full(2**17, 13, np.float16), np.ones(2**17, np.float16)
    assert SigmoidWithLoss(reduction="sum").forward(x, yes) == np.float16(2**17 * math.log1p(math.exp(-13)))
    # and no 70,000
    assert SigmoidWithLoss(70_000.0).forward(np.float16(10), 1) == np.float16(70_000 * math.log1p(math.exp(-10)))


@each_loss
def test_slopes_of_float16_are_those_of_float32_rounded_once(loss):
    x, t = np.linspace(-9, 9, 999).astype(np.float16), np.zeros(999, np.float16)
    _, slopes = each(loss(), x, t)
    _, want = each(loss(), x.astype(np.float32), t.astype(np.float32))
    assert np.array_equal(slopes, want.astype(np.float16))


def test_answers_in_float16_are_not_rounded_any_further():
    x, t = np.array([1.0, -2.0]), np.array([0.001, 0.3], np.float16)
    for layer in (SigmoidWithLoss(), SigmoidWithLoss(3.0), FocalLoss(), FocalLoss(alpha=0.25)):
        losses, slopes = each(layer, x, t)
        want, want_slopes = each(layer, x, t.astype(np.float64))
        np.testing.assert_allclose(losses, want, rtol=8 * EPS32)
        np.testing.assert_allclose(slopes, want_slopes, rtol=8 * EPS32)


def test_targets_in_float64_leave_a_loss_of_float64():
    x, t = np.array([0.3, -1.7], np.float32), np.array([0.3, 0.6])
    loss, dx = run(SigmoidWithLoss(), x, t)
    want, want_dx = run(SigmoidWithLoss(), x.astype(np.float64), t)
    # the exponential is that of float32
    np.testing.assert_allclose(loss, want, rtol=4 * EPS32)
    np.testing.assert_allclose(dx, want_dx, rtol=0, atol=4 * EPS32)
    assert (loss.dtype, dx.dtype) == (np.float64, np.float32)


@pytest.mark.parametrize(("weight", "t"), [(0.25, 2.0), (5.0, -1.0), (-1.0, 1.0)])
@pytest.mark.parametrize("x", [1.0, -2.0])
def test_a_weight_that_makes_the_sum_negative_keeps_its_sign(weight, t, x):
    def loss(x):
        return -weight * t * jax.nn.log_sigmoid(x) - (1 - t) * jax.nn.log_sigmoid(-x)

    layer = SigmoidWithLoss(pos_weight=weight)
    layer.forward([x], [t])
    with jax.enable_x64(True):
        np.testing.assert_allclose(layer.backward(), [float(jax.grad(loss)(x))], rtol=1e-14)


def test_a_weight_that_float32_does_not_have_is_for_nothing_where_its_answer_is_no():
    layer = SigmoidWithLoss(pos_weight=1e39)
    assert layer.forward(np.zeros(1, np.float32), [0]) == np.float32(np.log(2))
    assert layer.backward() == 0.5
