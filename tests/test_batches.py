import re

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from handgrad import (
    FocalLoss,
    HuberLoss,
    IdentityWithLoss,
    KLDivergence,
    L1Loss,
    MeanSquaredError,
    SigmoidWithLoss,
    SoftmaxWithLoss,
    vjp,
)
from handgrad.batches import batch_mean
from tests.drawn import masks, numbers, whole_numbers

EPS = np.finfo(np.float64).eps
N, C = 4, 3
ROWS = [SoftmaxWithLoss, KLDivergence, IdentityWithLoss]
ENTRIES = [SigmoidWithLoss, FocalLoss, MeanSquaredError, L1Loss, HuberLoss]
LOSSES = [*ROWS, *ENTRIES]

each_loss = pytest.mark.parametrize("loss", LOSSES)
each_loss_of_entries = pytest.mark.parametrize("loss", ENTRIES)
each_reduction = pytest.mark.parametrize("reduction", ["mean", "sum", "none"])


def samples(loss):
    """Give the shape of the samples of x (N, C)."""
    return (N,) if loss in ROWS else (N, C)


def drawn(data, loss):
    x, t, mask = (data.draw(each) for each in (numbers((N, C)), whole_numbers((N, C), 0, 1), masks(samples(loss))))
    return x, t, mask


def run(loss, reduction, *inputs, dout=None):
    layer = loss(reduction=reduction)
    value = layer.forward(*inputs)
    return value, layer.backward(np.ones(value.shape) if dout is None else dout)


@each_loss
@given(data=st.data())
def test_a_sum_is_that_of_the_losses_that_are_not_reduced(loss, data):
    inputs = drawn(data, loss)
    each, dx_of_each = run(loss, "none", *inputs)
    total, dx = run(loss, "sum", *inputs)
    # as many numbers that are not negative, summed in another order
    np.testing.assert_allclose(total, each.sum(), rtol=each.size * EPS)
    assert np.array_equal(dx, dx_of_each)


@each_loss
@given(data=st.data())
def test_a_mean_is_the_sum_divided_by_the_number_that_counts(loss, data):
    x, t, mask = drawn(data, loss)
    total, dx_of_sum = run(loss, "sum", x, t, mask)
    mean, dx = run(loss, "mean", x, t, mask)
    number = max(mask.sum(), 1)
    np.testing.assert_allclose(mean, total / number, rtol=2 * EPS)
    np.testing.assert_allclose(dx, dx_of_sum / number, rtol=4 * EPS, atol=4 * EPS)


@each_loss
@given(data=st.data())
def test_without_reduction_each_sample_has_its_own_loss_and_its_own_dout(loss, data):
    x, t, mask = drawn(data, loss)
    dout = data.draw(whole_numbers(samples(loss)))
    each, dx = run(loss, "none", x, t, mask, dout=dout)
    for place in np.ndindex(*samples(loss)):
        alone, dx_alone = run(loss, "none", x[place], t[place], mask[place], dout=dout[place])
        assert each[place] == alone
        assert np.array_equal(dx[place], dx_alone)


@each_loss
@given(data=st.data(), poison=st.sampled_from([np.nan, np.inf, -np.inf]))
def test_what_does_not_count_has_loss_0_and_hears_nothing_of_its_dout(loss, data, poison):
    x, t, mask = drawn(data, loss)
    want, want_dx = run(loss, "none", x, t, mask)
    x[~mask], t[~mask] = poison, poison
    each, dx = run(loss, "none", x, t, mask, dout=np.where(mask, 1, poison))
    assert not each[~mask].any()
    assert not dx[~mask].any()
    assert np.array_equal(each, want)
    assert np.array_equal(dx, want_dx)


@each_loss
@each_reduction
@pytest.mark.parametrize("shape", [(0, C), (2, C)])
def test_of_nothing_every_reduction_is_0(loss, reduction, shape):
    x, mask = np.full(shape, np.nan), np.zeros(shape[: len(samples(loss))], bool)
    value, dx = run(loss, reduction, x, np.ones(shape), mask)
    assert value.shape == (mask.shape if reduction == "none" else ())
    assert not np.any(value)
    assert np.array_equal(dx, np.zeros(shape))


@each_loss
@each_reduction
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_every_reduction_keeps_the_dtype(loss, reduction, dtype):
    value, dx = run(loss, reduction, np.ones((N, C), dtype), np.ones((N, C), dtype))
    assert (value.dtype, dx.dtype) == (dtype, dtype)


@each_loss
def test_losses_that_are_not_reduced_are_read_only_and_kept(loss):
    layer = loss(reduction="none")
    value = layer.forward(np.ones((N, C)), np.ones((N, C)))
    assert layer.loss is value
    with pytest.raises(ValueError, match="read-only"):
        value[0] = 7


@each_loss
def test_a_dout_of_1_is_none_where_nothing_is_reduced(loss):
    layer = loss(reduction="none")
    layer.forward(np.ones((N, C)), np.ones((N, C)))
    message = f"dout.shape is (); expected {samples(loss)}, because that is the shape of forward's output"
    with pytest.raises(ValueError, match=re.escape(message)):
        layer.backward()


@each_loss
@each_reduction
def test_backward_goes_back_through_the_reduction_that_forward_did(loss, reduction):
    layer, x, t = loss(reduction=reduction), np.ones((N, C)), np.eye(N, C)
    dout = np.ones(layer.forward(x, t).shape)
    dx = layer.backward(dout)
    layer.reduction = "sum" if reduction == "mean" else "mean"
    assert np.array_equal(layer.backward(dout), dx)


@each_loss
def test_a_reduction_that_there_is_not_is_named_before_anything_changes(loss):
    says = "reduction is 'avg'; expected 'mean' or 'sum' or 'none'"
    with pytest.raises(ValueError, match=f"^{loss.__name__}: {says}$"):
        loss(reduction="avg")
    layer = loss()
    layer.reduction = "avg"
    before = dict(vars(layer))
    with pytest.raises(ValueError, match=rf"^{loss.__name__}\.forward: {says}$"):
        layer.forward(np.ones((N, C)), np.ones((N, C)))
    assert vars(layer) == before


@each_loss
def test_pullbacks_of_losses_that_are_not_reduced_share_nothing(loss):
    layer = loss(reduction="none")
    one, pull_one = vjp(layer, np.zeros((N, C)), np.ones((N, C)))
    vjp(layer, np.ones((2, C)), np.zeros((2, C)))
    (dx,) = pull_one(np.ones(one.shape))
    assert dx.shape == (N, C)
    assert not hasattr(layer, "loss")


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_sums_neither_overflow_nor_stagnate_on_the_way(dtype):
    ones = np.ones(2**25, np.float32)
    assert batch_mean(ones, np.dtype(dtype)) == 1
    layer = IdentityWithLoss(reduction="sum")
    assert layer.forward(np.full((2**12, 1), 2, dtype), np.zeros((2**12, 1), dtype)) == 2**13


@each_loss_of_entries
@given(data=st.data(), shape=st.sampled_from([(C,), (N, 1), (1, 1), ()]))
def test_a_mask_of_entries_is_broadcast_to_them(loss, data, shape):
    x, t, _ = drawn(data, loss)
    mask = data.draw(masks(shape))
    value, dx = run(loss, "mean", x, t, mask)
    want, want_dx = run(loss, "mean", x, t, np.broadcast_to(mask, x.shape))
    assert value == want
    assert np.array_equal(dx, want_dx)


@each_loss_of_entries
def test_a_mask_that_does_not_broadcast_to_the_entries_names_both_shapes(loss):
    says = f"mask.shape is (2,); expected {(N, C)} or one that broadcasts to it, because x.shape is {(N, C)}"
    with pytest.raises(ValueError, match=f"^{re.escape(f'{loss.__name__}.forward: {says}')}$"):
        loss().forward(np.ones((N, C)), np.ones((N, C)), [True, False])


@each_loss_of_entries
def test_entries_have_targets_of_their_own_which_are_not_broadcast(loss):
    says = f"t.shape is {(C,)}; expected {(N, C)}, because that is the shape of x"
    with pytest.raises(ValueError, match=f"^{re.escape(f'{loss.__name__}.forward: {says}')}$"):
        loss().forward(np.ones((N, C)), np.ones(C))


@each_loss_of_entries
def test_a_single_number_is_a_batch_of_one_and_a_mean_is_over_every_axis(loss):
    x, t = np.arange(8.0).reshape(2, 2, 2), np.eye(2)[[[0, 1], [1, 1]]]
    alone = [loss().forward(*each) for each in zip(x.flat, t.flat, strict=True)]
    np.testing.assert_allclose(loss().forward(x, t), np.mean(alone), rtol=8 * EPS)


@each_loss_of_entries
@pytest.mark.parametrize("dtype", [np.bool_, np.int8, np.int64, np.float64])
def test_answers_may_have_any_real_dtype_and_integers_leave_that_of_x(loss, dtype):
    x, t = np.array([2.0, -3.0, 0.5], np.float32), np.array([1, 0, 1])
    value, dx = run(loss, "none", x, t.astype(dtype))
    want, want_dx = run(loss, "none", x, t.astype(np.float32))
    assert (value.dtype, dx.dtype) == (dtype if dtype is np.float64 else np.float32, np.float32)
    np.testing.assert_allclose(value, want, rtol=4 * np.finfo(np.float32).eps)
    np.testing.assert_allclose(dx, want_dx, rtol=4 * np.finfo(np.float32).eps)
