import re
import warnings
from functools import partial

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from handgrad import (
    EmbeddingDot,
    InfoNceLoss,
    LogSigmoid,
    MatMul,
    Multiply,
    NegativeSamplingLoss,
    SoftmaxWithLoss,
    Sum,
    Transpose,
    vjp,
)
from tests.drawn import labels, masks, numbers, whole_numbers
from tests.graph import Graph

EPS = np.finfo(np.float64).eps
N, V, D, K = 4, 5, 3, 2
REDUCTIONS = ["mean", "sum", "none"]
W = np.arange(15.0).reshape(V, D) / 8
TABLE, ROWS = numbers((V, D), 2.0), numbers((N, D), 2.0)

K_EACH = "expected (2,) and one axis more, because each row of h has K"
BROADCAST = "expected (2, 2) or one that broadcasts to it, because negatives.shape is (2, 2)"

each_reduction = pytest.mark.parametrize("reduction", REDUCTIONS)


def raises(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


def nearly(got, want, size):
    """Compare sums of some numbers, in another order, none of which is larger than a size."""
    np.testing.assert_allclose(got, want, rtol=16 * EPS, atol=16 * EPS * size)


def factor(reduction):
    return {"mean": 1 / N, "sum": 1.0, "none": 1.0}[reduction]


# NegativeSamplingLoss


@each_reduction
@given(table=TABLE, h=ROWS, t=labels(N, V), negatives=labels((N, K), V))
def test_negative_sampling_equals_its_graph_of_nodes(reduction, table, h, t, negatives):
    graph = Graph()
    scores, to_h = vjp(EmbeddingDot(table), h, np.concatenate([t[:, None], negatives], axis=1))
    logs = graph(LogSigmoid(), graph(Multiply(), scores, np.array([1.0] + [-1.0] * K)))
    losses = graph(Multiply(), graph(Sum(axis=-1), logs), -1.0)
    (dscores,) = graph.gradients(losses, np.full(N, factor(reduction)), scores)
    want_dh, want_dW = to_h(dscores)

    loss, pullback = vjp(NegativeSamplingLoss(table, reduction), h, t, negatives)
    dh, dW = pullback(np.ones(np.shape(loss)))
    nearly(loss, losses if reduction == "none" else factor(reduction) * losses.sum(), 100)
    nearly(dh, want_dh, 100)
    nearly(dW, want_dW, 100)


@given(TABLE, ROWS, labels(N, V), labels((N, K), V), masks(N), masks((N, K)))
def test_what_does_not_count_is_as_if_it_were_not_there(table, h, t, negatives, mask, negatives_mask):
    hidden = np.where(mask[:, None], h, np.nan), np.where(mask, t, -1), np.where(negatives_mask, negatives, V)
    loss, pullback = vjp(NegativeSamplingLoss(table, "sum"), *hidden, mask, negatives_mask)
    dh, dW = pullback(1.0)
    assert not dh[~mask].any()
    total, dW_total = 0.0, np.zeros((V, D))
    for n in np.flatnonzero(mask):
        each = NegativeSamplingLoss(table)
        total += each.forward(h[n], t[n], negatives[n, negatives_mask[n]])
        nearly(dh[n], each.backward(), 10)
        dW_total += each.dW
    nearly(loss, total, 100)
    nearly(dW, dW_total, 100)


@given(TABLE, ROWS, labels(N, V))
def test_without_negatives_a_loss_is_that_of_the_words_alone(table, h, t):
    loss, pullback = vjp(NegativeSamplingLoss(table, "none"), h, t, np.zeros((N, 0), int))
    want, _ = vjp(LogSigmoid(), vjp(EmbeddingDot(table), h, t)[0])
    nearly(loss, -want, 0)
    assert pullback(np.ones(N))[0].shape == (N, D)


def test_a_word_that_is_also_a_negative_has_its_row_hear_from_both():
    layer = NegativeSamplingLoss(W)
    layer.forward(np.zeros(D), 1, [1, 1])
    assert layer.slopes.tolist() == [-0.5, 0.5, 0.5]
    layer.forward(np.ones(D), 1, [1, 1])
    layer.backward()
    alone = NegativeSamplingLoss(W)
    alone.forward(np.ones(D), 1, [1, 1], negatives_mask=[False, True])
    alone.backward()
    sigma = 1 / (1 + np.exp(-W[1].sum()))
    nearly(layer.dW[1], np.full(D, 3 * sigma - 1), 1)
    nearly(alone.dW[1], np.full(D, 2 * sigma - 1), 1)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_hopeless_scores_cost_as_much_as_they_are_and_good_ones_nothing(dtype):
    table = np.array([[-100.0], [100.0], [-250.0]], dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loss, pullback = vjp(NegativeSamplingLoss(table), np.array([4], dtype), 0, [1, 2])
        dh, dW = pullback(1.0)
    assert loss == 800
    assert dh == 200
    assert dW.tolist() == [[-4], [4], [0]]
    assert {each.dtype for each in (loss, dh, dW)} == {np.dtype(dtype)}


def test_a_score_beyond_float16_is_still_finite_within():
    layer = NegativeSamplingLoss(np.array([[300.0], [-300.0]], np.float16), "sum")
    assert layer.forward(np.array([300], np.float16), 0, [1]) == 0
    assert layer.backward().tolist() == [0]


@each_reduction
def test_where_no_row_counts_everything_is_0(reduction):
    loss, pullback = vjp(NegativeSamplingLoss(W, reduction), np.full((2, D), np.nan), [9, 9], [[9], [9]], [False] * 2)
    dh, dW = pullback(np.full(np.shape(loss), np.inf))
    assert not np.any(loss)
    assert not dh.any()
    assert not dW.any()


# InfoNceLoss


@each_reduction
@given(q=ROWS, k=ROWS)
def test_info_nce_equals_its_graph_of_nodes(reduction, q, k):
    graph = Graph()
    scores = graph(Multiply(), graph(MatMul(), q, graph(Transpose(), k)), 1 / 0.25)
    want, to_scores = vjp(SoftmaxWithLoss(reduction=reduction), scores, np.arange(N))
    dq, dk = graph.gradients(scores, to_scores(np.ones(np.shape(want)))[0], q, k)

    loss, pullback = vjp(InfoNceLoss(0.25, reduction), q, k)
    nearly(loss, want, 100)
    for got, wanted in zip(pullback(np.ones(np.shape(loss))), (dq, dk), strict=True):
        nearly(got, wanted, 100)


@each_reduction
@given(q=ROWS, k=ROWS, mask=masks(N), poison=st.sampled_from([np.nan, np.inf, 1e300]))
def test_pairs_that_do_not_count_are_matches_of_nobody(reduction, q, k, mask, poison):
    hidden = [np.where(mask[:, None], each, poison) for each in (q, k)]
    loss, pullback = vjp(InfoNceLoss(0.5, reduction), *hidden, mask)
    want, want_pullback = vjp(InfoNceLoss(0.5, reduction), q[mask], k[mask])
    assert np.array_equal(loss[mask] if reduction == "none" else loss, want)
    grads, want_grads = pullback(np.ones(np.shape(loss))), want_pullback(np.ones(np.shape(want)))
    for grad, want_grad in zip(grads, want_grads, strict=True):
        assert np.array_equal(grad[mask], want_grad)
        assert not grad[~mask].any()


@given(whole_numbers((2, 3, D)), whole_numbers((2, 3, D)))
def test_the_rows_of_all_leading_axes_are_one_batch(q, k):
    loss, pullback = vjp(InfoNceLoss(2.0), q, k)
    want, want_pullback = vjp(InfoNceLoss(2.0), q.reshape(6, D), k.reshape(6, D))
    assert loss == want
    for got, wanted in zip(pullback(1.0), want_pullback(1.0), strict=True):
        assert np.array_equal(got, wanted.reshape(2, 3, D))


@given(ROWS, ROWS, st.permutations(range(N)))
def test_the_order_of_the_pairs_does_not_matter(q, k, order):
    loss, pullback = vjp(InfoNceLoss(0.5), q, k)
    permuted, permuted_pullback = vjp(InfoNceLoss(0.5), q[order], k[order])
    nearly(permuted, loss, 100)
    for got, wanted in zip(permuted_pullback(1.0), pullback(1.0), strict=True):
        nearly(got, wanted[order], 100)


@pytest.mark.parametrize("shape", [(D,), (1, D)])
def test_a_pair_alone_has_loss_0_and_gradient_0(shape):
    loss, pullback = vjp(InfoNceLoss(0.1), np.full(shape, 7.0), np.full(shape, -3.0))
    assert loss == 0
    assert not any(grad.any() for grad in pullback(1.0))


def test_equal_scores_cost_the_logarithm_of_their_number():
    loss, pullback = vjp(InfoNceLoss(0.1), np.zeros((N, D)), np.ones((N, D)))
    nearly(loss, np.log(N), 0)
    dq, dk = pullback(1.0)
    nearly(dq, np.zeros((N, D)), 10)
    assert not dk.any()


def test_large_scores_cause_no_warning_and_no_infinity():
    q = np.array([[1e30], [-1e30]], np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loss, pullback = vjp(InfoNceLoss(0.01), q, np.array([[-1.0], [1.0]], np.float32))
        grads = pullback(1.0)
    assert loss == np.float32(2e32)
    assert all(np.isfinite(grad).all() for grad in grads)


def test_a_score_of_float16_may_be_beyond_it():
    q = np.array([[300.0], [-300.0]], np.float16)
    assert InfoNceLoss(1.0).forward(q, q) == 0


def test_a_dout_beyond_the_dtype_does_not_make_nan_of_a_gradient_of_0():
    layer = InfoNceLoss(1.0)
    layer.forward(np.array([[200.0], [-200.0]], np.float32), np.array([[200.0], [-200.0]], np.float32))
    assert [grad.tolist() for grad in layer.backward(1e39)] == [[[0], [0]], [[0], [0]]]


# Errors


@pytest.mark.parametrize(
    ("t", "negatives", "message"),
    [
        ([0, 5], [[0], [0]], "t[1] is 5"),
        ([0, -1], [[0], [0]], "t[1] is -1"),
        ([0, 1], [[0], [7]], "negatives[1, 0] is 7"),
        ([-9, 1], [[-9], [-1]], "negatives[1, 0] is -1"),
    ],
)
def test_an_index_that_does_not_exist_and_counts_is_named_with_its_position(t, negatives, message):
    expected = "expected an index from 0 to 4, because W.shape is (5, 3)"
    with raises(IndexError, f"NegativeSamplingLoss.forward: {message}; {expected}"):
        NegativeSamplingLoss(W).forward(np.ones((2, D)), t, negatives, [t[0] >= 0, True])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"h": np.ones((2, 4))}, "h.shape is (2, 4); expected (..., 3), because W.shape is (5, 3)"),
        ({"t": [0]}, "t.shape is (1,); expected (2,), because there is one word for each row of h"),
        ({"negatives": [0, 0]}, f"negatives.shape is (2,); {K_EACH}"),
        ({"negatives": 0}, f"negatives.shape is (); {K_EACH}"),
        ({"mask": [True]}, "mask.shape is (1,); expected (2,), because the batch has the shape (2, 3)"),
        ({"negatives_mask": [[True]] * 3}, f"negatives_mask.shape is (3, 1); {BROADCAST}"),
    ],
)
def test_what_does_not_fit_is_named_with_both_shapes_and_leaves_the_layer_as_it_was(wrong, message):
    right = {"h": np.ones((2, D)), "t": [0, 1], "negatives": [[0, 1], [2, 3]]}
    layer = NegativeSamplingLoss(W)
    layer.forward(**right)
    want = layer.backward(), layer.dW
    with raises(ValueError, f"NegativeSamplingLoss.forward: {message}"):
        layer.forward(**right | wrong)
    assert np.array_equal(layer.backward(), want[0])
    assert np.array_equal(layer.dW, want[1])


@pytest.mark.parametrize("name", ["t", "negatives"])
def test_words_are_integers(name):
    arguments = {"h": np.ones((1, D)), "t": [0], "negatives": [[0]]} | {name: [[True]]}
    message = f"{name}.dtype is bool; expected integers, which count from 0"
    with raises(TypeError, f"NegativeSamplingLoss.forward: {message}"):
        NegativeSamplingLoss(W).forward(**arguments)


def test_one_row_has_its_negatives_in_a_row_too():
    message = "negatives.shape is (); expected () and one axis more, because each row of h has K"
    with raises(ValueError, f"NegativeSamplingLoss.forward: {message}"):
        NegativeSamplingLoss(W).forward(np.ones(D), 0, 1)


def test_a_mask_of_negatives_is_boolean():
    message = "negatives_mask.dtype is int64; expected bool, True where a negative counts"
    with raises(TypeError, f"NegativeSamplingLoss.forward: {message}"):
        NegativeSamplingLoss(W).forward(np.ones((2, D)), [0, 1], [[0], [1]], negatives_mask=[[1], [0]])


def test_pairs_have_one_shape():
    message = "k.shape is (3, 3); expected (4, 3), because each row of q has its match in k"
    with raises(ValueError, f"InfoNceLoss.forward: {message}"):
        InfoNceLoss(1.0).forward(np.ones((4, 3)), np.ones((3, 3)))


@pytest.mark.parametrize("temperature", [0.0, -1.0, np.nan, np.inf])
def test_a_temperature_that_cannot_divide_is_refused(temperature):
    message = f"temperature is {temperature}; expected a finite number above 0, because it divides"
    with raises(ValueError, f"InfoNceLoss: {message}"):
        InfoNceLoss(temperature)
    layer = InfoNceLoss(1.0)
    layer.temperature = temperature
    with raises(ValueError, f"InfoNceLoss.forward: {message}"):
        layer.forward(np.ones((4, 3)), np.ones((4, 3)))


def test_a_temperature_that_is_changed_after_forward_does_not_reach_its_backward():
    layer, q = InfoNceLoss(0.5), np.eye(3)
    layer.forward(q, q)
    want, _ = layer.backward()
    layer.temperature = 7.0
    assert np.array_equal(layer.backward()[0], want)


def test_a_reduction_that_is_none_of_the_three_is_refused():
    for make in (partial(NegativeSamplingLoss, W), partial(InfoNceLoss, 1.0)):
        with pytest.raises(ValueError, match="reduction is 'average'; expected 'mean' or 'sum' or 'none'"):
            make("average")
