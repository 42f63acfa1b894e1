import math
import re
import warnings

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from handgrad import Max, Maximum, Mean, Min, Minimum, Multiply, Sum, vjp
from tests.drawn import masks, numbers, whole_numbers

EPS = np.finfo(np.float64).eps
SHAPE = (3, 2, 4)
REDUCTIONS = [Sum, Mean, Max, Min]
EXTREMES = [Max, Min]
OF_NOTHING = {Sum: 0.0, Mean: 0.0, Max: -np.inf, Min: np.inf}
AXES = [None, (), 0, 2, -1, -3, (0, 2), (-1, 0), (1, 2), (0, 1, 2)]
DTYPES = [np.float16, np.float32, np.float64]

each_reduction = pytest.mark.parametrize("reduction", REDUCTIONS)
each_axis = pytest.mark.parametrize("axis", AXES, ids=str)
any_axis = st.sampled_from(AXES)


def kept(array, axis):
    """Put reduced axes back, with length 1."""
    axes = tuple(range(len(SHAPE))) if axis is None else axis
    return np.expand_dims(array, axes)


# The axes


@each_reduction
@each_axis
@pytest.mark.parametrize("keepdims", [False, True])
def test_reductions_take_the_axes_that_those_of_numpy_take(reduction, axis, keepdims):
    x = np.random.default_rng(0).integers(-9, 9, SHAPE).astype(np.float64)
    of_numpy = getattr(np, reduction.__name__.lower())
    want = of_numpy(x, axis=axis, keepdims=keepdims)
    got = reduction(axis, keepdims).forward(x)
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=2 * EPS, atol=2 * EPS)


@each_reduction
@given(numbers(SHAPE), any_axis, st.data())
def test_keepdims_changes_nothing_but_shapes(reduction, x, axis, data):
    out, pullback = vjp(reduction(axis), x)
    dout = data.draw(numbers(out.shape))
    kept_out, kept_pullback = vjp(reduction(axis, keepdims=True), x)
    assert np.array_equal(kept(out, axis), kept_out)
    assert np.array_equal(pullback(dout)[0], kept_pullback(kept(dout, axis))[0])


@each_reduction
def test_over_no_axes_nothing_is_reduced(reduction):
    x = np.array([[1.0, -2.0], [0.0, 5.0]])
    out, pullback = vjp(reduction(axis=()), x)
    assert np.array_equal(out, x)
    assert np.array_equal(pullback(2 * x)[0], 2 * x)


@each_reduction
def test_a_single_number_is_reduced_to_itself(reduction):
    out, pullback = vjp(reduction(), 3.0)
    assert (out, pullback(2.0)) == (3.0, (2.0,))
    assert type(out) is np.ndarray


@each_reduction
@pytest.mark.parametrize("axis", [3, -4, (0, 0), (0, -3), (1, 7)])
def test_axes_that_x_does_not_have_are_named_with_its_shape(reduction, axis):
    layer = reduction(axis)
    name = f"{reduction.__name__}.forward"
    with pytest.raises(ValueError) as error:  # noqa: PT011, the whole message is compared
        layer.forward(np.zeros(SHAPE))
    assert (
        str(error.value)
        == f"{name}: axis is {axis}; expected different ones from -3 to 2, because x.shape is {SHAPE}"
    )
    assert not hasattr(layer, "out_shape")


@each_reduction
def test_a_single_number_has_no_axis(reduction):
    with pytest.raises(ValueError, match=r"axis is 0; expected no axis at all, because x\.shape is \(\)$"):
        reduction(0).forward(1.0)


@each_reduction
def test_an_axis_is_a_whole_number(reduction):
    with pytest.raises(TypeError, match=r"axis is 0\.5; expected different ones from -3 to 2"):
        reduction(0.5).forward(np.zeros(SHAPE))


# What they compute


@given(whole_numbers(SHAPE), any_axis, whole_numbers(SHAPE), st.data())
def test_sum_moves_by_the_sum_of_the_nudges_and_hears_their_inner_product(x, axis, nudge, data):
    total = Sum(axis)
    out = total.forward(x)
    dout = data.draw(whole_numbers(out.shape))
    assert np.sum(total.backward(dout) * nudge) == np.sum(dout * nudge.sum(axis))


@given(numbers(SHAPE), any_axis, masks(SHAPE), st.data())
def test_mean_is_the_sum_times_a_fixed_number(x, axis, mask, data):
    mean, to_x = vjp(Mean(axis), x, mask)
    total, to_terms = vjp(Sum(axis), x, mask)
    scaled, to_total = vjp(Multiply(), total, 1 / np.maximum(mask.sum(axis), 1))
    dout = data.draw(numbers(mean.shape))
    (dtotal, _) = to_total(dout)
    # a product with a rounded reciprocal for a division
    np.testing.assert_allclose(mean, scaled, rtol=2 * EPS)
    np.testing.assert_allclose(to_x(dout)[0], to_terms(dtotal)[0], rtol=2 * EPS)


@pytest.mark.parametrize(("reduction", "of_two"), [(Max, Maximum), (Min, Minimum)])
@given(x=whole_numbers((2, 5), low=-2, high=2), dout=whole_numbers(5))
def test_max_and_min_of_two_are_maximum_and_minimum(reduction, of_two, x, dout):
    out, pullback = vjp(reduction(0), x)
    want, to_both = vjp(of_two(), *x)
    assert np.array_equal(out, want)
    assert np.array_equal(pullback(dout)[0], to_both(dout))


@given(whole_numbers(SHAPE, low=-2, high=2), any_axis, masks(SHAPE))
def test_min_is_max_with_the_order_turned_round(x, axis, mask):
    out, pullback = vjp(Min(axis), x, mask)
    negative, to_x = vjp(Max(axis), -x, mask)
    assert np.array_equal(out, -negative)
    assert np.array_equal(pullback(np.ones(out.shape))[0], to_x(np.ones(out.shape))[0])


@pytest.mark.parametrize("reduction", EXTREMES)
@given(x=whole_numbers(SHAPE, low=-2, high=2), axis=any_axis, mask=masks(SHAPE), data=st.data())
def test_what_all_entries_hear_sums_to_dout_also_at_ties(reduction, x, axis, mask, data):
    out, pullback = vjp(reduction(axis), x, mask)
    dout = data.draw(numbers(out.shape))
    heard = pullback(dout)[0].sum(axis)
    np.testing.assert_allclose(heard, np.where(mask.any(axis), dout, 0), rtol=24 * EPS)


@pytest.mark.parametrize("reduction", EXTREMES)
@pytest.mark.parametrize("tied", [0.0, -0.0, np.inf, -np.inf])
def test_ties_share_evenly_also_of_infinities(reduction, tied):
    out, pullback = vjp(reduction(), [tied, tied, tied, tied])
    assert out == tied
    assert pullback(6.0)[0].tolist() == [1.5] * 4


@pytest.mark.parametrize("reduction", EXTREMES)
@pytest.mark.parametrize("dout", [np.inf, np.nan])
def test_what_is_not_the_extreme_hears_0_whatever_dout_is(reduction, dout):
    _, pullback = vjp(reduction(axis=1), [[1.0, 2.0, 3.0]])
    (dx,) = pullback([dout])
    assert np.count_nonzero(dx == 0) == 2


@pytest.mark.parametrize("reduction", EXTREMES)
def test_from_a_nan_nobody_hears_and_the_next_row_does_not_know_of_it(reduction):
    out, pullback = vjp(reduction(axis=1), [[1.0, np.nan, 3.0], [4.0, 4.0, 4.0]])
    assert np.isnan(out).tolist() == [True, False]
    assert pullback([3.0, 3.0])[0].tolist() == [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]


# Masks


@each_reduction
@given(numbers(SHAPE), any_axis, masks(SHAPE), st.sampled_from([np.nan, np.inf, -np.inf, 1e300]), st.data())
def test_hidden_entries_are_inert_whatever_they_hold(reduction, x, axis, mask, held, data):
    out, pullback = vjp(reduction(axis), x, mask)
    dout = data.draw(numbers(out.shape))
    with np.errstate(all="raise"):
        poisoned, poisoned_pullback = vjp(reduction(axis), np.where(mask, x, held), mask)
    assert np.array_equal(poisoned, out)
    assert np.array_equal(poisoned_pullback(dout)[0], pullback(dout)[0])
    assert not pullback(np.full(out.shape, np.nan))[0][~mask].any()


@each_reduction
@given(numbers((6, 2)), masks(6), numbers(2))
def test_hidden_rows_may_as_well_not_be_there(reduction, x, mask, dout):
    out, pullback = vjp(reduction(0), x, mask[:, np.newaxis])
    alone, pullback_alone = vjp(reduction(0), x[mask])
    # the terms are the same; sums may go in another order
    np.testing.assert_allclose(out, alone, rtol=6 * EPS, atol=6 * 30 * EPS)
    assert np.array_equal(pullback(dout)[0][mask], pullback_alone(dout)[0])


@each_reduction
@given(numbers(SHAPE), any_axis, masks((3, 2, 1)))
def test_a_mask_that_broadcasts_is_the_one_that_it_broadcasts_to(reduction, x, axis, mask):
    out, pullback = vjp(reduction(axis), x, mask)
    full, full_pullback = vjp(reduction(axis), x, np.broadcast_to(mask, SHAPE))
    assert np.array_equal(out, full)
    assert np.array_equal(pullback(np.ones(out.shape))[0], full_pullback(np.ones(out.shape))[0])


@each_reduction
@given(numbers(SHAPE), any_axis)
def test_a_mask_that_hides_nothing_changes_nothing(reduction, x, axis):
    out, pullback = vjp(reduction(axis), x)
    masked, masked_pullback = vjp(reduction(axis), x, np.ones(SHAPE, bool))
    # a sum that may leave terms out is not made pairwise
    np.testing.assert_allclose(out, masked, rtol=24 * EPS, atol=24 * 30 * EPS)
    dout = np.ones(out.shape)
    assert np.array_equal(pullback(dout)[0], masked_pullback(dout)[0])


@each_reduction
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("hidden", [0.0, np.nan, np.inf])
def test_of_nothing_there_is_the_neutral_number_with_gradient_0_and_no_warning(reduction, dtype, hidden):
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        out, pullback = vjp(reduction(axis=1), np.full((2, 3), hidden, dtype), np.zeros((2, 3), bool))
        (dx,) = pullback([1.0, -1.0])
    assert (out.dtype, dx.dtype) == (dtype, dtype)
    assert out.tolist() == [OF_NOTHING[reduction]] * 2
    assert not dx.any()


@each_reduction
def test_so_there_is_over_an_axis_of_length_0(reduction):
    out, pullback = vjp(reduction(axis=0), np.zeros((0, 2)))
    assert out.tolist() == [OF_NOTHING[reduction]] * 2
    assert pullback([1.0, 1.0])[0].shape == (0, 2)
    assert vjp(reduction(axis=1), np.zeros((0, 2)))[0].shape == (0,)


@each_reduction
def test_where_one_entry_counts_it_is_all_that_there_is(reduction):
    out, pullback = vjp(reduction(), [np.nan, 5.0, np.inf], [False, True, False])
    assert out == 5.0
    assert pullback(3.0)[0].tolist() == [0.0, 3.0, 0.0]


def test_infinity_that_counts_is_not_taken_for_what_is_hidden():
    out, pullback = vjp(Max(), [-np.inf, 7.0, -np.inf], [True, False, True])
    assert out == -np.inf
    assert pullback(1.0)[0].tolist() == [0.5, 0.0, 0.5]


@each_reduction
@pytest.mark.parametrize("mask", [np.ones(3, bool), np.ones((2, 2, 4), bool), np.ones((5, *SHAPE), bool)])
def test_a_mask_that_does_not_broadcast_to_x_names_both_shapes(reduction, mask):
    expected = f"{SHAPE} or one that broadcasts to it, because x.shape is {SHAPE}"
    message = f"{reduction.__name__}.forward: mask.shape is {mask.shape}; expected {expected}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        reduction().forward(np.zeros(SHAPE), mask)


@each_reduction
def test_a_mask_that_is_not_boolean_is_named_with_its_dtype(reduction):
    message = r"forward: mask\.dtype is float64; expected bool, True where an entry counts$"
    with pytest.raises(TypeError, match=rf"^{reduction.__name__}\.{message}"):
        reduction().forward(np.zeros(SHAPE), np.ones(SHAPE))


# Range and rounding


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_mean_is_finite_where_its_sum_is_not(dtype):
    largest = np.finfo(dtype).max
    with np.errstate(all="raise"):
        assert Mean().forward(np.full(8, largest)) == largest
        assert Mean(1).forward(np.array([[largest, largest], [1, 2]], dtype)).tolist() == [largest, 1.5]
        masked = Mean().forward(np.full(4, largest / 2), [True, False, True, True])
        # thirds are rounded before they are summed
        np.testing.assert_allclose(masked, largest / 2, rtol=2 * np.finfo(dtype).eps)


def test_a_mean_of_an_infinity_is_infinite():
    assert Mean(1).forward([[np.inf, 1.0], [np.inf, -np.inf], [1.0, np.nan]]).tolist()[0] == np.inf
    assert np.isnan(Mean(1).forward([[np.inf, -np.inf], [1.0, np.nan]])).all()


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_long_sums_neither_overflow_nor_stagnate(dtype, masked):
    x = np.full((2**17, 2), 0.1, dtype)
    mask = np.ones(x.shape, bool) if masked else None
    # columns, which NumPy adds row by row; right but for one rounding at the end
    assert np.array_equal(Sum(0).forward(x, mask), np.full(2, dtype(math.fsum(x[:, 0].astype(np.float64)))))
    assert np.array_equal(Mean(0).forward(x, mask), x[0])


def test_a_mean_of_more_than_float16_counts_to_hands_back_its_part():
    (dx,) = vjp(Mean(), np.ones(2**17, np.float16))[1](np.float16(2.0))
    assert dx.dtype == np.float16
    assert np.all(dx == 2.0**-16)


@pytest.mark.parametrize("order", ["C", "F"])
def test_long_rows_of_float32_are_summed_as_well_in_any_layout(order):
    x = np.full((2, 2**20), 0.1, np.float32)  # one by one, the sum would be 0.1 % off
    want = 2**20 * np.float64(np.float32(0.1))
    np.testing.assert_allclose(Sum(1).forward(np.asarray(x, order=order)), want, rtol=4 * np.finfo(np.float32).eps)
