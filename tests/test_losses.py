import math
import re

import hypothesis.strategies as st
import mpmath
import numpy as np
import pytest
from hypothesis import given

from handgrad import (
    Exp,
    IdentityWithLoss,
    KLDivergence,
    Log,
    Mean,
    Multiply,
    Power,
    Reshape,
    Sigmoid,
    SoftmaxWithLoss,
    Subtract,
    Sum,
    Take,
)
from handgrad.functions import cross_entropy_error, log_softmax, softmax, sum_squared_error
from tests.drawn import labels, masks, numbers, whole_numbers
from tests.graph import Graph
from tests.layers import LOSSES, each_loss, run

EPS = np.finfo(np.float64).eps
N, C = 5, 3
POISON = st.sampled_from([np.nan, np.inf, -np.inf, 1e300])


def close(got, want, terms):
    # each of `terms` numbers below 100 may be rounded once more or once less
    np.testing.assert_allclose(got, want, rtol=terms * EPS, atol=terms * 100 * EPS)


# What they are made of


@given(whole_numbers((N, C)), whole_numbers((N, C)), masks(N), st.sampled_from([1.0, -2.0, 0.0]))
def test_identity_with_loss_equals_its_graph_of_nodes(x, t, mask, dout):
    graph = Graph()
    rows = graph(Sum(axis=-1), graph(Power(2), graph(Subtract(), x, t)))
    loss = graph(Multiply(), graph(Mean(), rows, mask), 0.5)
    (dx,) = graph.gradients(loss, dout, x)

    layer = IdentityWithLoss()
    # the division by the number of rows is the only thing that rounds
    assert layer.forward(x, t, mask) == loss
    np.testing.assert_allclose(layer.backward(dout), dx, rtol=2 * EPS)


def log_softmax_of_nodes(graph, x):
    return graph(Subtract(), x, graph(Log(), graph(Sum(axis=-1, keepdims=True), graph(Exp(), x))))


@given(numbers((N, C), size=3.0), labels(N, C), st.sampled_from([1.0, -2.0, 0.0]))
def test_softmax_with_loss_equals_its_graph_of_nodes(x, t, dout):
    graph = Graph()
    scores = graph(Reshape(N * C), log_softmax_of_nodes(graph, x))
    chosen = graph(Take(np.arange(N) * C + t), scores)
    loss = graph(Multiply(), graph(Mean(), chosen), -1.0)
    (dx,) = graph.gradients(loss, dout, x)

    layer = SoftmaxWithLoss()
    np.testing.assert_allclose(layer.forward(x, t), loss, rtol=32 * EPS, atol=32 * EPS)
    # the graph subtracts numbers as large as 1/N: some eps of them is lost
    np.testing.assert_allclose(layer.backward(dout), dx, rtol=0, atol=16 * EPS * abs(dout) / N)


@given(numbers((N, C), size=3.0), whole_numbers((N, C), low=0), masks(N))
def test_softmax_with_loss_of_masked_weights_equals_its_graph_of_nodes(x, t, mask):
    graph = Graph()
    rows = graph(Sum(axis=-1), graph(Multiply(), log_softmax_of_nodes(graph, x), t))
    loss = graph(Multiply(), graph(Mean(), rows, mask), -1.0)
    (dx,) = graph.gradients(loss, 1.0, x)

    layer = SoftmaxWithLoss()
    # C targets up to 9, of scores up to 10
    np.testing.assert_allclose(layer.forward(x, t, mask), loss, rtol=0, atol=9 * C * 10 * 4 * EPS)
    np.testing.assert_allclose(layer.backward(), dx, rtol=0, atol=9 * C * 16 * EPS)


@given(numbers((N, C)), labels(N, C))
def test_softmax_with_loss_equals_its_two_functions_where_neither_underflows(x, t):
    loss = cross_entropy_error(softmax(x), t)
    close(SoftmaxWithLoss().forward(x, t), loss, terms=N * C)


@given(numbers((N, C)), numbers((N, C)))
def test_identity_with_loss_equals_its_function(x, t):
    assert IdentityWithLoss().forward(x, t) == sum_squared_error(x, t)


@given(numbers((N, C)), labels(N, C))
def test_probabilities_are_kept_as_y(x, t):
    layer = SoftmaxWithLoss()
    layer.forward(x, t)
    assert np.array_equal(layer.y, softmax(x))


@given(numbers((N, C)), labels(N, C))
def test_loss_is_kept_as_loss(x, t):
    layer = SoftmaxWithLoss()
    assert layer.forward(x, t) == layer.loss


@each_loss
@pytest.mark.parametrize("mask", [None, [True, False]])
def test_targets_are_kept_as_t_as_they_were_given(loss, mask):
    layer, t = loss(), np.array([[0.25, 0.75], [1.0, 0.0]])
    layer.forward(np.ones((2, 2)), t, mask)
    assert layer.t is t
    layer.forward(np.ones((2, 2)), t.tolist(), mask)
    assert np.array_equal(layer.t, t)


@pytest.mark.parametrize("mask", [None, [True, True, False]])
def test_class_indices_are_kept_as_t_as_they_were_given(mask):
    layer, t = SoftmaxWithLoss(), np.array([0, 1, 2])
    layer.forward(np.ones((3, 3)), t, mask)
    layer.backward()
    assert layer.t is t
    assert t.tolist() == [0, 1, 2]


# Closed forms


@pytest.mark.parametrize("classes", [1, 2, 10, 1000])
def test_scores_that_tie_cost_the_logarithm_of_the_number_of_classes(classes):
    layer = SoftmaxWithLoss()
    # log is rounded twice, here and there
    np.testing.assert_allclose(layer.forward(np.zeros(classes), 0), math.log(classes), rtol=2 * EPS)


@given(st.floats(-30, 30))
def test_two_classes_have_the_slope_of_a_sigmoid(x):
    _, dx = run(SoftmaxWithLoss(), [0.0, x], 0)
    # probabilities computed along two routes, each off by at most 4 eps
    np.testing.assert_allclose(dx[1], Sigmoid().forward(x), rtol=8 * EPS)
    np.testing.assert_allclose(dx[0], -Sigmoid().forward(x), rtol=8 * EPS, atol=EPS)


@pytest.mark.parametrize(
    ("x", "t"),
    [([1.0, 2.0, 3.0], 0), ([-5.0, 0.5, 2.5], 2), ([10.0, -10.0, 0.0], 1), ([700.0, -700.0, 3.0], 1)],
)
def test_softmax_with_loss_equals_mpmath(x, t):
    with mpmath.workdps(700):
        exps = [mpmath.exp(each) for each in x]
        y = [each / mpmath.fsum(exps) for each in exps]
        want, slope = -mpmath.log(y[t]), [y_k - (k == t) for k, y_k in enumerate(y)]
    loss, dx = run(SoftmaxWithLoss(), x, t)
    np.testing.assert_allclose(loss, float(want), rtol=8 * EPS)
    # y - 1 is off by the rounding of y, whatever is left of it
    np.testing.assert_allclose(dx, [float(each) for each in slope], rtol=8 * EPS, atol=2 * EPS)


def test_identity_with_loss_worked_out_by_hand():
    loss, dx = run(IdentityWithLoss(), [[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0], [0.0, 0.0]])
    assert loss == (2.0**2 + 3.0**2 + 4.0**2) / 2 / 2
    assert np.array_equal(dx, [[0.0, 1.0], [1.5, 2.0]])


@given(numbers((N, C)), labels(N, C))
def test_softmax_with_loss_is_never_negative_and_pulls_towards_the_label_alone(x, t):
    loss, dx = run(SoftmaxWithLoss(), x, t)
    is_label = np.eye(C, dtype=bool)[t]
    assert loss >= 0
    assert np.all(dx[is_label] <= 0)
    assert np.all(dx[~is_label] >= 0)


@given(numbers((N, C)))
def test_identity_with_loss_is_0_exactly_at_the_targets(x):
    loss, dx = run(IdentityWithLoss(), x, x)
    assert loss == 0
    assert not dx.any()


@given(numbers((N, C)), labels(N, C))
def test_rows_of_the_gradient_of_softmax_with_loss_sum_to_0(x, t):
    _, dx = run(SoftmaxWithLoss(), x, t)
    # y is rounded in C places, each at most 1
    np.testing.assert_allclose(dx.sum(axis=-1), np.zeros(N), rtol=0, atol=2 * C * EPS)


@given(numbers((N, C)), numbers((N, C), size=5.0))
def test_rows_of_the_gradient_sum_to_0_also_for_targets_that_sum_to_anything(x, t):
    _, dx = run(SoftmaxWithLoss(), x, t)
    weights = np.abs(t).sum(axis=-1)
    assert np.all(np.abs(dx.sum(axis=-1)) <= 4 * C * EPS * weights)


@given(whole_numbers((N, C)), labels(N, C), whole_numbers((N, 1), -(2**40), 2**40))
def test_a_shift_of_all_scores_of_a_row_changes_nothing(x, t, shift):
    loss, dx = run(SoftmaxWithLoss(), x, t)
    shifted_loss, shifted_dx = run(SoftmaxWithLoss(), x + shift, t)
    assert loss == shifted_loss
    assert np.array_equal(dx, shifted_dx)


@given(whole_numbers((N, C)), whole_numbers((N, C)), whole_numbers((N, C), -10_000, 10_000))
def test_a_shift_of_outputs_and_targets_alike_changes_nothing(x, t, shift):
    loss, dx = run(IdentityWithLoss(), x, t)
    shifted_loss, shifted_dx = run(IdentityWithLoss(), x + shift, t + shift)
    assert loss == shifted_loss
    assert np.array_equal(dx, shifted_dx)


# Targets


@given(numbers((N, C)), labels(N, C))
def test_class_indices_are_one_hot_rows_that_are_never_built(x, t):
    loss, dx = run(SoftmaxWithLoss(), x, t)
    one_hot_loss, one_hot_dx = run(SoftmaxWithLoss(), x, np.eye(C)[t])
    assert loss == one_hot_loss
    assert np.array_equal(dx, one_hot_dx)


@pytest.mark.parametrize("dtype", "bBhHiIqQ")
def test_class_indices_may_have_any_integer_dtype(dtype):
    x = np.array([[1.0, 2.0, 3.0], [4.0, 0.0, 0.0]])
    loss, dx = run(SoftmaxWithLoss(), x, np.array([2, 0], dtype))
    want, want_dx = run(SoftmaxWithLoss(), x, [2, 0])
    assert loss == want
    assert np.array_equal(dx, want_dx)


@pytest.mark.parametrize("dtype", [np.bool_, np.int64, np.float32])
def test_one_hot_rows_may_have_any_real_dtype(dtype):
    x = np.array([[1.0, 2.0, 3.0], [4.0, 0.0, 0.0]])
    loss, dx = run(SoftmaxWithLoss(), x, np.eye(3, dtype=dtype)[[2, 0]])
    want, want_dx = run(SoftmaxWithLoss(), x, [2, 0])
    assert loss == want
    assert np.array_equal(dx, want_dx)


@given(numbers(C), whole_numbers(C, 0, 8))
def test_soft_targets_weigh_the_losses_of_the_classes(x, weights):
    soft, dx = run(SoftmaxWithLoss(), x, weights / 8)
    parts = [run(SoftmaxWithLoss(), x, k) for k in range(C)]
    close(soft, sum(w / 8 * loss for w, (loss, _) in zip(weights, parts, strict=True)), terms=2 * C)
    close(dx, sum(w / 8 * grad for w, (_, grad) in zip(weights, parts, strict=True)), terms=2 * C)


# Label smoothing and class weights


@given(numbers((N, C), size=3.0), labels(N, C), masks(N), st.sampled_from([1.0, -2.0]))
def test_smoothed_and_weighted_softmax_with_loss_equals_its_graph_of_nodes(x, t, mask, dout):
    weights = np.array([1.0, 0.5, 4.0])
    targets = weights * (0.75 * np.eye(C)[t] + 0.25 / C)
    graph = Graph()
    rows = graph(Sum(axis=-1), graph(Multiply(), log_softmax_of_nodes(graph, x), targets))
    loss = graph(Multiply(), graph(Mean(), rows, mask), -1.0)
    (dx,) = graph.gradients(loss, dout, x)

    layer = SoftmaxWithLoss(label_smoothing=0.25, class_weights=weights)
    # targets up to 4, of scores up to 10
    np.testing.assert_allclose(layer.forward(x, t, mask), loss, rtol=0, atol=4 * C * 10 * 4 * EPS)
    np.testing.assert_allclose(layer.backward(dout), dx, rtol=0, atol=2 * 4 * C * 16 * EPS)


@given(numbers((N, C)), labels(N, C), masks(N))
def test_smoothing_mixes_the_loss_with_the_mean_of_the_losses_of_all_classes(x, t, mask):
    smoothed, dx = run(SoftmaxWithLoss(label_smoothing=0.25), x, t, mask)
    plain, plain_dx = run(SoftmaxWithLoss(), x, t, mask)
    alike, alike_dx = run(SoftmaxWithLoss(), x, np.full((N, C), 1 / C), mask)
    close(smoothed, 0.75 * plain + 0.25 * alike, terms=4 * N)
    close(dx, 0.75 * plain_dx + 0.25 * alike_dx, terms=4 * C)


@given(numbers((N, C)), labels(N, C))
def test_smoothed_class_indices_are_smoothed_one_hot_rows(x, t):
    loss, dx = run(SoftmaxWithLoss(label_smoothing=0.1), x, t)
    one_hot_loss, one_hot_dx = run(SoftmaxWithLoss(label_smoothing=0.1), x, np.eye(C, dtype=bool)[t])
    assert loss == one_hot_loss
    assert np.array_equal(dx, one_hot_dx)


def test_every_class_gets_its_share_that_of_the_label_too():
    loss, dx = run(SoftmaxWithLoss(label_smoothing=0.5), np.zeros(4), 0)
    np.testing.assert_allclose(loss, np.log(4), rtol=2 * EPS)
    assert dx.tolist() == [0.25 - 0.625, 0.25 - 0.125, 0.25 - 0.125, 0.25 - 0.125]


@given(numbers((N, C)), labels(N, C), whole_numbers(C, 0, 9))
def test_a_class_weighs_as_much_as_it_is_told_to_and_the_mean_is_over_the_rows(x, t, weights):
    loss, dx = run(SoftmaxWithLoss(class_weights=weights), x, t)
    each = np.array([SoftmaxWithLoss().forward(*row) for row in zip(x, t, strict=True)])
    np.testing.assert_allclose(loss, np.mean(weights[t] * each), rtol=16 * EPS, atol=64 * EPS)
    _, plain_dx = run(SoftmaxWithLoss(), x, t)
    np.testing.assert_allclose(dx, weights[t][:, np.newaxis] * plain_dx, rtol=8 * EPS, atol=16 * EPS)


@given(numbers((N, C)), labels(N, C))
def test_no_smoothing_and_weights_of_1_change_nothing(x, t):
    want, want_dx = run(SoftmaxWithLoss(), x, t)
    got, dx = run(SoftmaxWithLoss(label_smoothing=0.0, class_weights=np.ones(C)), x, t)
    assert got == want
    assert np.array_equal(dx, want_dx)


def test_a_class_that_is_ruled_out_costs_inf_where_it_has_a_share_and_a_weight():
    x = [0.0, 0.0, -np.inf]
    assert SoftmaxWithLoss(label_smoothing=0.1).forward(x, 0) == np.inf
    loss, dx = run(SoftmaxWithLoss(label_smoothing=0.3, class_weights=[1.0, 1.0, 0.0]), x, 0)
    np.testing.assert_allclose(loss, 0.9 * np.log(2), rtol=4 * EPS)
    np.testing.assert_allclose(dx, [0.45 - 0.8, 0.45 - 0.1, 0.0], rtol=4 * EPS)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_smoothing_and_weights_have_no_say_in_the_dtype(dtype):
    layer = SoftmaxWithLoss(np.float64(0.5), np.array([1.0, 2.0]))
    for t in (0, np.array([1, 0]), np.array([0.5, 0.5], dtype)):
        loss, dx = run(layer, np.zeros(2, dtype), t)
        assert (loss.dtype, dx.dtype, layer.y.dtype) == (dtype, dtype, np.float32)


def test_of_no_classes_there_is_nothing_to_smooth():
    loss, dx = run(SoftmaxWithLoss(label_smoothing=0.5, class_weights=[]), np.ones((2, 0)), np.ones((2, 0)))
    assert loss == 0
    assert dx.shape == (2, 0)


@pytest.mark.parametrize(("name", "value"), [("label_smoothing", 0.0), ("class_weights", None)])
def test_backward_takes_the_options_that_forward_had(name, value):
    layer = SoftmaxWithLoss(0.5, [1.0, 2.0, 3.0])
    layer.forward(np.zeros(3), 1)
    dx = layer.backward()
    setattr(layer, name, value)
    assert np.array_equal(layer.backward(), dx)


@pytest.mark.parametrize("share", [-0.1, 1.1, np.nan])
def test_a_smoothing_that_is_no_share_is_refused(share):
    says = f"label_smoothing is {share}; expected a number from 0 to 1, because it is a share"
    with pytest.raises(ValueError, match=rf"^SoftmaxWithLoss: {says}$"):
        SoftmaxWithLoss(label_smoothing=share)
    layer = SoftmaxWithLoss()
    layer.label_smoothing = share
    with pytest.raises(ValueError, match=rf"^SoftmaxWithLoss\.forward: {says}$"):
        layer.forward([1.0, 2.0], 0)


def test_a_class_weight_may_be_beyond_float16():
    x, layer = [0.0, 0.0], SoftmaxWithLoss(class_weights=[9e4, 1.0])
    want, want_dx = run(layer, x, 0)
    got, dx = run(layer, np.array(x, np.float16), 0)
    rtol = float(np.finfo(np.float16).eps)
    np.testing.assert_allclose(got, want, rtol)
    np.testing.assert_allclose(dx, want_dx, rtol)


def test_a_smoothing_of_1_leaves_nothing_of_the_target():
    loss, dx = run(SoftmaxWithLoss(label_smoothing=1.0), [0.0, 0.0], 0)
    assert loss == np.log(2)
    assert not dx.any()
    loss, dx = run(SoftmaxWithLoss(label_smoothing=1.0), [0.0, 100.0], 1)
    assert loss == 50.0
    assert dx.tolist() == [-0.5, 0.5]


def test_class_weights_are_real_numbers():
    with pytest.raises(TypeError, match=r"^SoftmaxWithLoss\.forward: class_weights\.dtype is complex128; expected"):
        SoftmaxWithLoss(class_weights=[1j, 1.0]).forward(np.zeros(2), 0)


@pytest.mark.parametrize("shape", [(), (2,), (1, 3)])
def test_class_weights_of_another_shape_are_refused_before_anything_changes(shape):
    layer = SoftmaxWithLoss(class_weights=np.ones(shape))
    says = f"class_weights.shape is {shape}; expected (3,), because the batch has the shape (2, 3)"
    with pytest.raises(ValueError, match=f"^{re.escape(f'SoftmaxWithLoss.forward: {says}')}$"):
        layer.forward(np.ones((2, 3)), [0, 1])
    assert not hasattr(layer, "loss")


# Kullback-Leibler divergence


@given(numbers((N, C), size=3.0), whole_numbers((N, C), 1, 9), masks(N), st.sampled_from([1.0, -2.0]))
def test_kl_divergence_equals_its_graph_of_nodes(x, t, mask, dout):
    t = t / t.sum(axis=-1, keepdims=True)
    graph = Graph()
    ratios = graph(Subtract(), graph(Log(), t), log_softmax_of_nodes(graph, x))
    loss = graph(Mean(), graph(Sum(axis=-1), graph(Multiply(), ratios, t)), mask)
    (dx,) = graph.gradients(loss, dout, x)

    layer = KLDivergence()
    # logarithms up to 10, of which the loss is a difference
    np.testing.assert_allclose(layer.forward(x, t, mask), loss, rtol=0, atol=C * 10 * 4 * EPS)
    np.testing.assert_allclose(layer.backward(dout), dx, rtol=0, atol=2 * C * 16 * EPS)


@given(numbers((N, C)), whole_numbers((N, C), 0, 9), masks(N))
def test_kl_divergence_is_the_cross_entropy_without_the_entropy(x, t, mask):
    t = t / np.maximum(t.sum(axis=-1, keepdims=True), 1)
    loss, dx = run(KLDivergence(), x, t, mask)
    cross_entropy, same_dx = run(SoftmaxWithLoss(), x, t, mask)
    entropy = -(t * np.log(np.where(t == 0, 1, t))).sum(axis=-1)[mask].sum() / max(mask.sum(), 1)
    close(loss, cross_entropy - entropy, terms=C * N)
    assert np.array_equal(dx, same_dx)


@given(numbers((N, C)))
def test_kl_divergence_is_0_where_the_distributions_are_the_same(x):
    loss, dx = run(KLDivergence(), x, softmax(x))
    close(loss, 0, terms=C)
    np.testing.assert_allclose(dx, np.zeros((N, C)), rtol=0, atol=4 * C * EPS)


@given(numbers((N, C)), labels(N, C))
def test_kl_divergence_from_one_class_is_its_cross_entropy(x, t):
    loss, dx = run(KLDivergence(), x, np.eye(C)[t])
    want, want_dx = run(SoftmaxWithLoss(), x, t)
    close(loss, want, terms=C)
    assert np.array_equal(dx, want_dx)


@given(numbers((N, C), size=5.0), whole_numbers((N, C), 0, 9))
def test_kl_divergence_takes_log_probabilities_for_scores(x, t):
    t = t / np.maximum(t.sum(axis=-1, keepdims=True), 1)
    close(KLDivergence().forward(log_softmax(x), t), KLDivergence().forward(x, t), terms=C * N)


def test_kl_divergence_of_classes_that_are_ruled_out():
    x = [0.0, 0.0, -np.inf]
    loss, dx = run(KLDivergence(), x, [0.5, 0.5, 0.0])
    assert abs(loss) <= EPS
    assert dx.tolist() == [0, 0, 0]
    loss, dx = run(KLDivergence(), x, [0.25, 0.25, 0.5])
    assert loss == np.inf
    assert dx.tolist() == [0.25, 0.25, -0.5]


# Batches


@each_loss
@given(data=st.data())
def test_loss_of_a_batch_is_the_mean_of_its_rows(loss, data):
    x, t = data.draw(numbers((N, C))), data.draw(numbers((N, C), size=5.0))
    whole, dx = run(loss(), x, t)
    rows = [run(loss(), x_n, t_n) for x_n, t_n in zip(x, t, strict=True)]
    values, grads = np.array([row for row, _ in rows]), np.array([grad for _, grad in rows])
    # the sum of N numbers, each computed alike
    np.testing.assert_allclose(whole, values.mean(), rtol=0, atol=2 * N * EPS * np.abs(values).sum())
    np.testing.assert_allclose(dx, grads / N, rtol=2 * EPS, atol=32 * EPS)


@each_loss
@given(data=st.data())
def test_one_sample_is_a_batch_of_one(loss, data):
    x, t = data.draw(numbers(C)), data.draw(numbers(C))
    alone, dx = run(loss(), x, t)
    batch, batch_dx = run(loss(), x[np.newaxis], t[np.newaxis])
    assert alone == batch
    assert np.array_equal(dx, batch_dx[0])


@each_loss
@given(data=st.data())
def test_leading_axes_are_one_long_batch(loss, data):
    x, t, mask = (data.draw(each) for each in (numbers((2, 4, C)), numbers((2, 4, C)), masks((2, 4))))
    deep, dx = run(loss(), x, t, mask)
    flat, flat_dx = run(loss(), x.reshape(8, C), t.reshape(8, C), mask.ravel())
    # the 8 rows may be summed in another order
    np.testing.assert_allclose(deep, flat, rtol=0, atol=8 * EPS * np.abs(x).sum() * np.abs(t).sum())
    assert np.array_equal(dx, flat_dx.reshape(x.shape))


@each_loss
@given(data=st.data())
def test_order_of_the_rows_does_not_matter(loss, data):
    x, t = data.draw(whole_numbers((N, C))), data.draw(whole_numbers((N, C), 0))
    order = data.draw(st.permutations(range(N)))
    before, dx = run(loss(), x, t)
    after, permuted_dx = run(loss(), x[order], t[order])
    # N numbers that are not negative, summed in another order
    np.testing.assert_allclose(before, after, rtol=N * EPS)
    assert np.array_equal(dx[order], permuted_dx)


@each_loss
@given(x=whole_numbers((N, C)), exponent=st.integers(-20, 20), sign=st.sampled_from([-1.0, 1.0]))
def test_gradient_is_proportional_to_dout(loss, x, exponent, sign):
    layer = loss()
    layer.forward(x, np.eye(C)[[0, 1, 2, 0, 1]])
    dout = sign * 2.0**exponent  # multiplying by it is exact where nothing is subnormal
    assert np.array_equal(layer.backward(dout), dout * layer.backward())
    assert not layer.backward(0.0).any()


# Masks


@each_loss
@given(data=st.data())
def test_masked_rows_may_hold_anything(loss, data):
    x, t, mask = (data.draw(each) for each in (numbers((N, C)), numbers((N, C)), masks(N)))
    want, want_dx = run(loss(), x, t, mask)
    x[~mask], t[~mask] = data.draw(POISON), data.draw(POISON)
    got, dx = run(loss(), x, t, mask)
    assert got == want
    assert np.array_equal(dx, want_dx)
    assert not dx[~mask].any()


@given(numbers((N, C)), labels(N, C), masks(N), st.sampled_from([-1, C, -(2**63), 2**63 - 1]))
def test_masked_labels_need_not_exist(x, t, mask, nonsense):
    want, want_dx = run(SoftmaxWithLoss(), x, t, mask)
    got, dx = run(SoftmaxWithLoss(), x, np.where(mask, t, nonsense), mask)
    assert got == want
    assert np.array_equal(dx, want_dx)


@each_loss
@given(data=st.data())
def test_a_mask_leaves_the_loss_of_the_rows_that_count(loss, data):
    x, t, mask = (data.draw(each) for each in (numbers((N, C)), whole_numbers((N, C), 0), masks(N)))
    got, dx = run(loss(), x, t, mask)
    want, want_dx = run(loss(), x[mask], t[mask])
    # as many numbers that are not negative, with zeros in between
    np.testing.assert_allclose(got, want, rtol=N * EPS)
    assert np.array_equal(dx[mask], want_dx)


@each_loss
@given(data=st.data(), rows=st.integers(1, 20))
def test_adding_masked_rows_changes_nothing(loss, data, rows):
    x, t = data.draw(numbers((N, C))), data.draw(whole_numbers((N, C), 0))
    at = data.draw(st.lists(st.integers(0, N), min_size=rows, max_size=rows))
    want, want_dx = run(loss(), x, t)
    longer_x, longer_t = np.insert(x, at, np.nan, axis=0), np.insert(t, at, 7.0, axis=0)
    mask = np.insert(np.ones(N, bool), at, False)
    got, dx = run(loss(), longer_x, longer_t, mask)
    # the same numbers that are not negative, summed in another order among zeros
    np.testing.assert_allclose(got, want, rtol=N * EPS)
    assert np.array_equal(dx[mask], want_dx)
    assert not dx[~mask].any()


@each_loss
@given(data=st.data())
def test_a_mask_that_masks_nothing_changes_nothing(loss, data):
    x, t = data.draw(numbers((N, C))), data.draw(numbers((N, C)))
    want, want_dx = run(loss(), x, t)
    got, dx = run(loss(), x, t, np.ones(N, bool))
    assert got == want
    assert np.array_equal(dx, want_dx)


@each_loss
@pytest.mark.parametrize("counts", [True, False])
def test_one_sample_takes_a_mask_of_no_axes(loss, counts):
    value, dx = run(loss(), [1.0, 2.0], [0.0, 1.0], mask=counts)
    assert bool(value) is counts
    assert dx.any() == counts


# Dtypes


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("t", [[0, 1], [[1, 0], [0, 1]]])
def test_integer_targets_leave_the_dtype_of_the_scores(dtype, t):
    layer = SoftmaxWithLoss()
    assert layer.forward(np.ones((2, 2), dtype), t).dtype == dtype
    assert layer.y.dtype == np.result_type(dtype, np.float32)  # which float16 is computed in
    assert layer.backward(np.float64(2)).dtype == dtype


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_targets_that_are_integers_leave_the_dtype_of_the_outputs_and_are_not_rounded(dtype):
    layer, t = IdentityWithLoss(), np.array([[2049, 1]], np.int32)  # float16 has no 2049
    assert layer.forward(np.array([[2048, 1]], dtype), t) == np.array(0.5, dtype)
    assert layer.loss.dtype == dtype
    assert layer.backward().tolist() == [[-1.0, 0.0]]
    assert layer.backward().dtype == dtype


def test_counts_may_be_larger_than_the_dtype_of_the_scores():
    layer = SoftmaxWithLoss()
    assert layer.forward(np.zeros((1, 2), np.float16), np.array([[70000, 0]])) == np.float16(70000 * math.log(2))
    assert np.array_equal(layer.backward(0.5), np.array([[-17500, 17500]], np.float16))


@each_loss
def test_backward_without_a_dout_is_that_for_1(loss):
    layer = loss()
    layer.forward(np.array([[1.0, 3.0]]), np.array([[0.0, 1.0]]))
    assert np.array_equal(layer.backward(), layer.backward(1.0))
    assert not np.array_equal(layer.backward(), layer.backward(2.0))


@each_loss
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_masks_leave_the_dtype(loss, dtype):
    value, dx = run(loss(), np.ones((3, 2), dtype), np.ones((3, 2), dtype), [True, False, True])
    assert (value.dtype, dx.dtype) == (dtype, dtype)


@each_loss
def test_dtypes_that_mix_are_promoted_and_the_gradient_keeps_that_of_x(loss):
    value, dx = run(loss(), np.ones((2, 2), np.float32), np.ones((2, 2)))
    assert (value.dtype, dx.dtype) == (np.float64, np.float32)


@given(st.sampled_from(LOSSES), numbers((N, C), size=5.0), labels(N, C))
def test_float32_is_float64_rounded(loss, x, t):
    x, t = x.astype(np.float32), np.eye(C, dtype=np.float32)[t]
    value, dx = run(loss(), x, t)
    want, want_dx = run(loss(), x.astype(np.float64), t.astype(np.float64))
    eps = np.finfo(np.float32).eps
    # relative to the largest score, 5, and its square
    np.testing.assert_allclose(value, want, rtol=2 * C * eps, atol=16 * eps)
    np.testing.assert_allclose(dx, want_dx, rtol=4 * eps, atol=8 * eps)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_mean_of_losses_is_finite_where_their_sum_overflows(dtype):
    large = np.finfo(dtype).max / 2
    assert SoftmaxWithLoss().forward(np.full((4, 2), [large, 0], dtype), [1] * 4) == large
    assert IdentityWithLoss().forward(np.full((4, 1), np.sqrt(large)), np.zeros((4, 1))) <= large


def test_square_of_an_error_may_overflow_where_half_of_it_does_not():
    x = np.array([[1.5 * np.sqrt(np.finfo(np.float32).max / 2)]], np.float32)
    assert np.isfinite(IdentityWithLoss().forward(x, np.zeros_like(x)))


@pytest.mark.parametrize("dout", [1e-50, 1e50])
def test_dout_may_be_beyond_the_range_of_x(dout):
    layer = IdentityWithLoss()
    layer.forward(np.full((2, 1), 1 / dout**0.6, np.float32), np.zeros((2, 1), np.float32))
    np.testing.assert_allclose(layer.backward(dout), np.full((2, 1), dout**0.4 / 2), rtol=1e-6)


def test_rows_in_fortran_order_lose_no_more_than_those_in_c_order():
    random = np.random.default_rng(0)
    x, soft = random.random((8, 10**5), np.float32), np.full((8, 10**5), 1e-5, np.float32)
    for layer, t in [(IdentityWithLoss(), np.zeros_like(x)), (SoftmaxWithLoss(), soft)]:
        exact, dx = layer.forward(x.astype(np.float64), t.astype(np.float64)), layer.backward()
        got = layer.forward(np.asfortranarray(x), np.asfortranarray(t))
        np.testing.assert_allclose(got, exact, rtol=2e-7)
        np.testing.assert_allclose(layer.backward(), dx, rtol=0, atol=1e-6 * np.abs(dx).max())
    exact = cross_entropy_error(x.astype(np.float64), soft.astype(np.float64))
    np.testing.assert_allclose(cross_entropy_error(np.asfortranarray(x), np.asfortranarray(soft)), exact, rtol=2e-7)


def test_a_row_without_targets_adds_nothing_to_the_loss_whatever_its_scores():
    x, t = [[np.nan, 1.0], [0.0, 0.0]], [[0.0, 0.0], [1.0, 0.0]]
    assert SoftmaxWithLoss().forward(x, t) == np.log(2) / 2


@pytest.mark.parametrize("weight", [1e300, np.inf, np.nan])
def test_a_class_weight_is_for_nothing_where_the_class_is_no_target(weight):
    layer = SoftmaxWithLoss(class_weights=[1, weight])
    assert layer.forward(np.zeros((1, 2), np.float32), [0]) == np.float32(np.log(2))
    assert layer.backward().tolist() == [[-0.5, 0.5]]
