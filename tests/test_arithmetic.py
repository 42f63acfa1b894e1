import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from handgrad import Add, Divide, Multiply, Reciprocal, Subtract, vjp
from tests.drawn import numbers, whole_numbers

EPS = np.finfo(np.float64).eps
NODES = [Add, Subtract, Multiply, Divide]


@st.composite
def broadcastable(draw):
    shapes = draw(hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_side=3, max_dims=3))
    a, b, da, db = (draw(whole_numbers(shape)) for shape in shapes.input_shapes * 2)
    return a, b, da, db, draw(whole_numbers(shapes.result_shape))


@given(broadcastable())
def test_add_moves_by_the_broadcast_nudges_and_hears_their_inner_product(example):
    a, b, nudge_a, nudge_b, dout = example
    add = Add()
    out = add.forward(a, b)
    da, db = add.backward(dout)
    assert np.array_equal(out, a + b)
    assert np.sum(da * nudge_a) == np.sum(dout * np.broadcast_to(nudge_a, out.shape))
    assert np.sum(db * nudge_b) == np.sum(dout * np.broadcast_to(nudge_b, out.shape))


@given(broadcastable())
def test_multiply_moves_by_the_product_rule_and_hears_the_inner_product(example):
    a, b, nudge_a, nudge_b, dout = example
    multiply = Multiply()
    out = multiply.forward(a, b)
    da, db = multiply.backward(dout)
    assert np.array_equal(out, a * b)
    assert np.sum(da * nudge_a) == np.sum(dout * (nudge_a * b))
    assert np.sum(db * nudge_b) == np.sum(dout * (a * nudge_b))


@given(broadcastable())
def test_subtract_is_add_of_the_negative(example):
    a, b, *_, dout = example
    out, pullback = vjp(Subtract(), a, b)
    want, want_pullback = vjp(Add(), a, -b)
    da, db = want_pullback(dout)
    assert np.array_equal(out, want)
    assert_equal(pullback(dout), (da, -db))


@given(broadcastable())
def test_divide_is_multiply_by_the_reciprocal(example):
    a, b, *_, dout = example
    b = np.where(b == 0, 10, b)
    out, pullback = vjp(Divide(), a, b)
    inverse, to_b = vjp(Reciprocal(), b)
    want, to_factors = vjp(Multiply(), a, inverse)
    da, dinverse = to_factors(dout)
    (db,) = to_b(dinverse)
    # the graph rounds twice where a division rounds once; sums of some 30 terms below 1e3 cancel
    np.testing.assert_allclose(out, want, rtol=2 * EPS)
    for got, expected in zip(pullback(dout), (da, db), strict=True):
        np.testing.assert_allclose(got, expected, rtol=8 * EPS, atol=1e5 * EPS)


@given(numbers((4, 3)), numbers(3))
def test_divide_undoes_multiply(a, b):
    b = np.where(b == 0, 1, b)
    np.testing.assert_allclose(Divide().forward(Multiply().forward(a, b), b), a, rtol=2 * EPS)


def assert_equal(got, want):
    for one, other in zip(got, want, strict=True):
        assert np.array_equal(one, other)


@given(broadcastable())
def test_gradients_of_broadcast_inputs_have_the_shapes_of_the_inputs(example):
    a, b, *_, dout = example
    for node in (Add(), Multiply()):
        node.forward(a, b)
        da, db = node.backward(dout)
        assert (da.shape, db.shape) == (a.shape, b.shape)


@given(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3).flatmap(whole_numbers))
def test_an_input_used_twice_gets_the_sum_of_both_gradients(x):
    square = Multiply()
    assert np.array_equal(square.forward(x, x), x**2)
    assert np.array_equal(np.add(*square.backward(np.ones(x.shape))), 2 * x)


def test_a_number_added_to_a_matrix_hears_from_every_entry():
    add = Add()
    add.forward([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], 10.0)
    _, db = add.backward([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert db == 21.0


def test_a_row_added_to_no_rows_has_a_gradient_of_zeros():
    add = Add()
    add.forward(np.zeros((0, 3)), np.ones(3))
    _, db = add.backward(np.zeros((0, 3)))
    assert np.array_equal(db, np.zeros(3))


def test_an_axis_of_length_1_that_was_stretched_is_summed_and_kept():
    multiply = Multiply()
    multiply.forward([[1.0], [2.0]], [3.0, 4.0, 5.0])
    da, db = multiply.backward(np.ones((2, 3)))
    assert np.array_equal(da, [[12.0], [12.0]])
    assert np.array_equal(db, [3.0, 3.0, 3.0])


def test_an_input_less_itself_is_0_and_so_is_the_sum_of_its_gradients():
    out, pullback = vjp(Subtract(), [3.0, 5.0], [3.0, 5.0])
    assert not out.any()
    assert not np.add(*pullback([2.0, -7.0])).any()


def test_division_by_0_follows_ieee_754_in_silence():
    with np.errstate(all="raise"):
        out, pullback = vjp(Divide(), [1.0, -1.0, 0.0, 1.0], [0.0, 0.0, 0.0, -0.0])
        da, db = pullback(np.ones(4))
    assert np.array_equal(out, [np.inf, -np.inf, np.nan, -np.inf], equal_nan=True)
    assert np.array_equal(da, [np.inf, np.inf, np.inf, -np.inf])
    assert np.array_equal(db, [-np.inf, np.inf, np.nan, -np.inf], equal_nan=True)


def test_gradients_of_a_quotient_are_finite_where_the_square_of_its_divisor_is_not():
    _, pullback = vjp(Divide(), 2.0**600, 2.0**600)
    da, db = pullback(2.0**300)
    assert (da, db) == (2.0**-300, -(2.0**-300))


def test_a_divisor_of_float16_that_was_broadcast_hears_from_very_many_rows():
    _, pullback = vjp(Divide(), np.ones((70_000, 1), np.float16), np.float16(256))
    _, db = pullback(np.full((70_000, 1), 256, np.float16))
    assert db == np.float16(-70_000 / 256)


@pytest.mark.parametrize("node", NODES)
def test_inputs_of_no_entries_have_gradients_of_none(node):
    out, pullback = vjp(node(), np.zeros((0, 3)), np.ones(3))
    da, db = pullback(out)
    assert (out.shape, da.shape) == ((0, 3), (0, 3))
    assert np.array_equal(db, np.zeros(3))


@pytest.mark.parametrize("node", NODES)
@pytest.mark.parametrize("narrow", [np.float16, np.float32])
def test_dtypes_that_mix_are_promoted_and_each_gradient_keeps_its_own(node, narrow):
    layer = node()
    out = layer.forward(np.ones((2, 2), narrow), np.ones((2, 2)))
    da, db = layer.backward(np.ones((2, 2)))
    assert (out.dtype, da.dtype, db.dtype) == (np.float64, narrow, np.float64)


@pytest.mark.parametrize("node", NODES)
@pytest.mark.parametrize("number", [2, 2.0, True])
def test_a_python_number_takes_the_dtype_of_the_array_beside_it(node, number):
    layer = node()
    out = layer.forward(np.ones(3, np.float32), number)
    da, db = layer.backward(np.ones(3, np.float32))
    assert (out.dtype, da.dtype, db.dtype) == (np.float32, np.float32, np.float32)


def test_a_numpy_number_keeps_its_dtype_beside_an_array():
    assert Add().forward(np.ones(3, np.float32), np.float64(2)).dtype == np.float64


def test_a_python_number_beside_small_integers_does_not_wrap_around():
    small = np.array([1, 2], np.uint8)
    assert np.array_equal(Add().forward(small, 300), [301.0, 302.0])
    assert np.array_equal(Multiply().forward(small, -1), [-1.0, -2.0])
