import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from handgrad import Add, Maximum, Minimum, Multiply, Relu, Subtract, Where, vjp
from tests.drawn import masks, whole_numbers

SHAPE = (4, 3)
ANY_NUMBER = hnp.arrays(np.float64, SHAPE, elements=st.floats(), fill=st.nothing())
EXTREMES = [Maximum, Minimum]


@given(whole_numbers(SHAPE), whole_numbers(SHAPE), masks(SHAPE), whole_numbers(SHAPE))
def test_where_is_a_sum_of_products_with_ones_and_zeros(a, b, condition, dout):
    out, pullback = vjp(Where(condition), a, b)
    chosen, to_a = vjp(Multiply(), a, condition)
    others, to_b = vjp(Multiply(), b, ~condition)
    want, to_products = vjp(Add(), chosen, others)
    dchosen, dothers = to_products(dout)
    assert np.array_equal(out, want)
    da, db = pullback(dout)
    assert np.array_equal(da, to_a(dchosen)[0])
    assert np.array_equal(db, to_b(dothers)[0])


@given(ANY_NUMBER, ANY_NUMBER, masks(SHAPE), ANY_NUMBER)
def test_what_is_not_chosen_has_no_say_whatever_it_is(a, b, condition, dout):
    out, pullback = vjp(Where(condition), a, b)
    da, db = pullback(dout)
    assert np.array_equal(out[condition], a[condition], equal_nan=True)
    assert np.array_equal(out[~condition], b[~condition], equal_nan=True)
    assert not da[~condition].any()
    assert not db[condition].any()


@pytest.mark.parametrize(("condition", "chooses"), [(True, "a"), (False, "b")])
def test_a_condition_of_one_value_chooses_one_input_everywhere(condition, chooses):
    out, pullback = vjp(Where(condition), [1.0, 2.0], 7.0)
    da, db = pullback([3.0, 4.0])
    assert out.tolist() == ([1.0, 2.0] if chooses == "a" else [7.0, 7.0])
    assert da.tolist() == ([3.0, 4.0] if chooses == "a" else [0.0, 0.0])
    assert db == (0.0 if chooses == "a" else 7.0)


def test_a_condition_may_be_larger_than_what_it_chooses_from():
    out, pullback = vjp(Where([[True], [False]]), [1.0, 2.0], 5.0)
    da, db = pullback([[1.0, 2.0], [4.0, 8.0]])
    assert out.tolist() == [[1.0, 2.0], [5.0, 5.0]]
    assert da.tolist() == [1.0, 2.0]
    assert db == 12.0


def test_a_condition_that_was_replaced_is_that_of_the_next_forward():
    where = Where([True, False])
    where.forward([1.0, 2.0], 0.0)
    where.condition = [False, True]
    assert where.backward([1.0, 1.0])[0].tolist() == [1.0, 0.0]
    assert where.forward([1.0, 2.0], 0.0).tolist() == [0.0, 2.0]


@pytest.mark.parametrize("condition", [[1, 0], [1.0, 0.0], ["a", "b"]])
def test_a_condition_that_is_not_boolean_is_named_with_its_dtype(condition):
    dtype = np.asarray(condition).dtype
    message = rf"condition\.dtype is {dtype}; expected bool, True where a is chosen$"
    with pytest.raises(TypeError, match=rf"^Where: {message}"):
        Where(condition)
    where = Where(True)
    where.condition = condition
    with pytest.raises(TypeError, match=rf"^Where\.forward: {message}"):
        where.forward(1.0, 2.0)


def test_a_condition_that_does_not_broadcast_is_named_with_what_it_chooses_from():
    message = (
        r"b\.shape is \(3,\); expected axes that broadcast, because condition.shape is \(2,\) and a.shape is \(3,\)$"
    )
    with pytest.raises(ValueError, match=rf"^Where\.forward: {message}"):
        Where([True, False]).forward(np.zeros(3), np.zeros(3))


@given(whole_numbers(SHAPE), whole_numbers(SHAPE), whole_numbers(SHAPE))
def test_maximum_and_minimum_share_out_both_inputs_and_dout(a, b, dout):
    largest, to_largest = vjp(Maximum(), a, b)
    smallest, to_smallest = vjp(Minimum(), a, b)
    assert np.array_equal(largest + smallest, a + b)
    for grads in (to_largest(dout), to_smallest(dout)):
        assert np.array_equal(np.add(*grads), dout)
    assert np.array_equal(to_largest(dout)[0], to_smallest(dout)[1])


@given(whole_numbers(SHAPE), whole_numbers(SHAPE), whole_numbers(SHAPE))
def test_maximum_is_an_input_and_what_the_other_has_more(a, b, dout):
    # where both are equal, Relu lets nothing through, and Maximum half
    b = np.where(a == b, b + 1, b)
    out, pullback = vjp(Maximum(), a, b)
    more, to_difference = vjp(Subtract(), b, a)
    passed, to_more = vjp(Relu(), more)
    want, to_sum = vjp(Add(), a, passed)
    da, dpassed = to_sum(dout)
    db, da_too = to_difference(to_more(dpassed)[0])
    assert np.array_equal(out, want)
    assert np.array_equal(pullback(dout)[0], da + da_too)
    assert np.array_equal(pullback(dout)[1], db)


@pytest.mark.parametrize("node", EXTREMES)
def test_where_inputs_are_equal_both_hear_half(node):
    _, pullback = vjp(node(), [2.0, 0.0, np.inf, -np.inf], [2.0, -0.0, np.inf, -np.inf])
    for grad in pullback([1.0, 3.0, -5.0, 7.0]):
        assert grad.tolist() == [0.5, 1.5, -2.5, 3.5]


@pytest.mark.parametrize("node", EXTREMES)
@pytest.mark.parametrize("inputs", [(np.nan, 1.0), (1.0, np.nan), (np.nan, np.nan)])
def test_from_nan_neither_input_hears(node, inputs):
    out, pullback = vjp(node(), *inputs)
    assert np.isnan(out)
    assert pullback(np.inf) == (0.0, 0.0)


@pytest.mark.parametrize(("node", "heard"), [(Maximum, (0.0, 1.0)), (Minimum, (1.0, 0.0))])
@pytest.mark.parametrize("dout", [np.inf, -np.inf, np.nan])
def test_the_input_that_is_not_shown_hears_0_whatever_dout_is(node, heard, dout):
    _, pullback = vjp(node(), 1.0, 2.0)
    assert [grad == 0 for grad in pullback(dout)] == [each == 0 for each in heard]


@pytest.mark.parametrize("node", [*EXTREMES, lambda: Where(True)], ids=["Maximum", "Minimum", "Where"])
@pytest.mark.parametrize("narrow", [np.float16, np.float32])
def test_dtypes_that_mix_are_promoted_and_each_gradient_keeps_its_own(node, narrow):
    layer = node()
    assert layer.forward(np.ones(3, narrow), np.zeros(3)).dtype == np.float64
    assert [grad.dtype for grad in layer.backward(np.ones(3))] == [narrow, np.float64]
    assert layer.forward(np.ones(3, narrow), 2).dtype == narrow
