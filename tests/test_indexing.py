import re

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from handgrad import MatMul, Repeat, Reshape, Slice, Stack, Sum, Take, vjp
from tests.drawn import labels, whole_numbers

SHAPE = (4, 3)
AXES = st.sampled_from([0, 1, 2, -1, -3])
INDICES = [
    0,
    -1,
    np.int64(2),
    slice(None),
    slice(None, None, -2),
    slice(1, 1),
    ...,
    None,
    (),
    (..., 1),
    (slice(1, 3), None, -1),
    (None, ..., slice(2, None)),
]


def raises(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


# Slice


@given(st.sampled_from(INDICES), whole_numbers(SHAPE), whole_numbers(SHAPE), st.data())
def test_slice_moves_by_the_slice_of_the_nudges_and_hears_their_inner_product(index, x, nudge, data):
    out, pullback = vjp(Slice(index), x)
    dout = data.draw(whole_numbers(out.shape))
    assert np.array_equal(out, x[index])
    assert np.sum(pullback(dout)[0] * nudge) == np.sum(dout * nudge[index])


def test_what_is_not_in_a_slice_hears_0_whatever_dout_is():
    _, pullback = vjp(Slice(slice(1, 2)), np.zeros(3))
    assert pullback([np.inf])[0].tolist() == [0.0, np.inf, 0.0]


@pytest.mark.parametrize("index", [[0, 1], np.array([0]), True, (0, [1]), "a", 1.0])
def test_an_index_that_is_not_basic_is_refused(index):
    layer = Slice(index)
    with pytest.raises(TypeError, match=r"^Slice\.forward: index has .* expected integers, slices, \.\.\. and None"):
        layer.forward(np.zeros(SHAPE))


@pytest.mark.parametrize("index", [4, (0, 3), (0, 0, 0)])
def test_an_index_that_x_does_not_have_is_named_with_its_shape(index):
    message = f"Slice.forward: index is {index} and x.shape is {SHAPE}: "
    with pytest.raises(IndexError, match=f"^{re.escape(message)}"):
        Slice(index).forward(np.zeros(SHAPE))


# Take


@given(whole_numbers(SHAPE), labels((2, 3), 4), whole_numbers((2, 3, 3)))
def test_take_is_a_product_with_one_hot_rows(x, indices, dout):
    out, pullback = vjp(Take(indices), x)
    want, to_factors = vjp(MatMul(), np.eye(4)[indices], x)
    assert np.array_equal(out, want)
    assert np.array_equal(pullback(dout)[0], to_factors(dout)[1])


@given(
    st.sampled_from([0, 1, 2, -1, -3]), st.sampled_from([(), (5,), (2, 3), (0,)]), whole_numbers((3, 3, 3)), st.data()
)
def test_take_goes_along_any_axis_by_indices_of_any_shape(axis, shape, x, data):
    indices = data.draw(labels(shape, 3))
    out, pullback = vjp(Take(indices, axis), x)
    dout = data.draw(whole_numbers(out.shape))
    nudge = data.draw(whole_numbers(x.shape))
    assert np.array_equal(out, np.take(x, indices, axis))
    (dx,) = pullback(dout)
    assert dx.flags.c_contiguous
    assert np.sum(dx * nudge) == np.sum(dout * np.take(nudge, indices, axis))


@given(whole_numbers(SHAPE), labels(5, 4))
def test_take_is_a_stack_of_slices(x, indices):
    out, pullback = vjp(Take(indices), x)
    rows, to_x = zip(*(vjp(Slice(int(index)), x) for index in indices), strict=True)
    want, to_rows = vjp(Stack(), *rows)
    dx = sum(pull(drow)[0] for pull, drow in zip(to_x, to_rows(out), strict=True))
    assert np.array_equal(out, want)
    assert np.array_equal(pullback(out)[0], dx)


def test_what_is_taken_twice_hears_twice():
    _, pullback = vjp(Take([0, 0, 2]), [1.0, 2.0, 3.0])
    assert pullback([1.0, 1.0, 1.0])[0].tolist() == [2.0, 0.0, 1.0]


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_what_is_taken_very_many_times_hears_them_all(dtype):
    number = {np.float16: 4096, np.float32: 2**24}[dtype] + 8
    _, pullback = vjp(Take(np.zeros(number, np.int8)), np.ones(1, dtype))
    assert pullback(np.ones(number, dtype))[0] == number


def test_nothing_can_be_taken_from_nothing():
    out, pullback = vjp(Take(np.zeros(0, np.int64)), np.zeros((0, 2)))
    assert out.shape == (0, 2)
    assert pullback(out)[0].shape == (0, 2)


@pytest.mark.parametrize("index", [-1, 4, 100, -(2**63), 2**63 - 1])
def test_an_index_that_does_not_exist_is_named_with_its_position(index):
    message = f"indices[1, 0] is {index}; expected an index from 0 to 3, because x.shape is (4, 3) and axis is 0"
    with raises(IndexError, f"Take.forward: {message}"):
        Take([[0, 1], [index, 7]]).forward(np.zeros(SHAPE))


def test_the_only_index_has_no_position():
    message = "indices is 3; expected an index from 0 to 2, because x.shape is (4, 3) and axis is -1"
    with raises(IndexError, f"Take.forward: {message}"):
        Take(3, axis=-1).forward(np.zeros(SHAPE))
    message = "indices is 0; expected no index at all, because x.shape is (0,) and axis is 0"
    with raises(IndexError, f"Take.forward: {message}"):
        Take(0).forward(np.zeros(0))


def test_an_unsigned_index_is_one_like_any_other():
    assert Take(np.array([3, 0], np.uint64)).forward(np.arange(4.0)).tolist() == [3.0, 0.0]
    with pytest.raises(IndexError, match=r"indices\[0\] is 18446744073709551615;"):
        Take(np.array([2**64 - 1], np.uint64)).forward(np.zeros(4))


def test_indices_that_are_no_numbers_are_named_with_their_dtype():
    with pytest.raises(TypeError, match=r"^Take\.forward: indices\.dtype is <U1; expected floating, integer"):
        Take(["a"]).forward(np.zeros(2))


@pytest.mark.parametrize("indices", [[0.0, 1.0], [True, False]])
def test_indices_are_integers(indices):
    dtype = np.asarray(indices).dtype
    with raises(TypeError, f"Take.forward: indices.dtype is {dtype}; expected integers, which count from 0"):
        Take(indices).forward(np.zeros(2))


def test_indices_that_are_changed_after_forward_are_those_of_the_next_one():
    indices = np.array([0, 0])
    take = Take(indices)
    take.forward([1.0, 2.0])
    indices[:] = 1
    assert take.backward([1.0, 1.0]).tolist() == [2.0, 0.0]
    assert take.forward([1.0, 2.0]).tolist() == [2.0, 2.0]


# Repeat


@given(st.sampled_from([0, 1, -1, -2]), st.sampled_from([0, 1, 3, np.int64(2)]), whole_numbers(SHAPE), st.data())
def test_repeat_is_take_of_each_index_as_often(axis, repeats, x, data):
    out, pullback = vjp(Repeat(repeats, axis), x)
    want, to_x = vjp(Take(np.repeat(np.arange(x.shape[axis]), repeats), axis), x)
    dout = data.draw(whole_numbers(out.shape))
    assert np.array_equal(out, np.repeat(x, repeats, axis))
    assert np.array_equal(out, want)
    assert np.array_equal(pullback(dout)[0], to_x(dout)[0])


@given(whole_numbers(4), whole_numbers(12))
def test_the_gradient_of_repeat_is_a_sum_over_the_copies(x, dout):
    _, pullback = vjp(Repeat(3), x)
    copies, _ = vjp(Reshape((4, 3)), dout)
    assert np.array_equal(pullback(dout)[0], vjp(Sum(axis=1), copies)[0])


def test_rows_are_repeated_where_no_axis_is_given():
    out, pullback = vjp(Repeat(2), [[1.0, 2.0], [3.0, 4.0]])
    assert out.tolist() == [[1.0, 2.0], [1.0, 2.0], [3.0, 4.0], [3.0, 4.0]]
    assert pullback(out)[0].tolist() == [[2.0, 4.0], [6.0, 8.0]]


def test_an_entry_of_float16_hears_from_very_many_copies():
    _, pullback = vjp(Repeat(70_000), np.ones(1, np.float16))
    assert pullback(np.full(70_000, 0.25, np.float16))[0] == np.float16(17_500)


def test_a_negative_number_of_copies_is_named():
    with raises(ValueError, "Repeat.forward: repeats is -1; expected 0 or more, because it counts copies"):
        Repeat(-1).forward(np.zeros(3))
    with pytest.raises(TypeError, match=r"^Repeat\.forward: repeats is .*; expected a whole number"):
        Repeat(1.5).forward(np.zeros(3))


@pytest.mark.parametrize("layer", [Take([0], axis=2), Repeat(2, axis=2)])
def test_an_axis_that_is_not_there_is_named(layer):
    message = f"axis is 2; expected one from -2 to 1, because x.shape is {SHAPE}"
    with raises(ValueError, f"{type(layer).__name__}.forward: {message}"):
        layer.forward(np.zeros(SHAPE))
