import itertools
import re

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from handgrad import Concatenate, Slice, Split, Stack, vjp
from tests.drawn import whole_numbers

SHAPE = (2, 3, 4)


def raises(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


# Concatenate and Stack


@given(st.sampled_from([0, 1, 2, -1, -3]), st.data())
def test_each_array_gets_what_a_slice_of_dout_is(axis, data):
    shapes = [[*SHAPE] for _ in range(3)]
    for shape, length in zip(shapes, (2, 0, 3), strict=True):
        shape[axis] = length
    arrays = [data.draw(whole_numbers(tuple(shape))) for shape in shapes]
    out, pullback = vjp(Concatenate(axis), *arrays)
    assert np.array_equal(out, np.concatenate(arrays, axis))
    for array, grad in zip(arrays, pullback(out), strict=True):
        assert np.array_equal(grad, array)


@given(whole_numbers(SHAPE), whole_numbers(SHAPE), st.sampled_from([0, 1, 2, 3, -1, -2, -4]))
def test_stack_is_concatenate_of_arrays_with_a_new_axis(a, b, axis):
    out, pullback = vjp(Stack(axis), a, b)
    new = axis if axis >= 0 else axis + a.ndim + 1
    index = (slice(None),) * new + (None,)
    longer_a, to_a = vjp(Slice(index), a)
    longer_b, to_b = vjp(Slice(index), b)
    want, to_longer = vjp(Concatenate(new), longer_a, longer_b)
    dlonger_a, dlonger_b = to_longer(2 * out)
    assert np.array_equal(out, want)
    for grad, expected in zip(pullback(2 * out), (*to_a(dlonger_a), *to_b(dlonger_b)), strict=True):
        assert np.array_equal(grad, expected)


@pytest.mark.parametrize("node", [Concatenate, Stack])
def test_an_array_that_is_joined_twice_gets_two_gradients(node):
    x = np.array([1.0, 2.0])
    out, pullback = vjp(node(), x, x)
    da, db = pullback(np.arange(4.0).reshape(out.shape))
    assert (da.tolist(), db.tolist()) == ([0.0, 1.0], [2.0, 3.0])


@pytest.mark.parametrize("node", [Concatenate, Stack])
def test_one_array_is_joined_to_nothing(node):
    out, pullback = vjp(node(), [1.0, 2.0])
    assert out.ravel().tolist() == [1.0, 2.0]
    (dx,) = pullback(out)
    assert dx.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("node", [Concatenate, Stack])
def test_dtypes_that_mix_are_promoted_and_each_gradient_keeps_its_own(node):
    dtypes = (np.float16, np.int8, np.float32)
    out, pullback = vjp(node(), *(np.ones(2, dtype) for dtype in dtypes))
    assert out.dtype == np.float64
    assert [grad.dtype for grad in pullback(out)] == [np.float16, np.float64, np.float32]


def test_numbers_can_be_stacked():
    out, pullback = vjp(Stack(), 1.0, np.float32(2), 3)
    assert out.tolist() == [1.0, 2.0, 3.0]
    assert out.dtype == np.float32
    assert pullback([4.0, 5.0, 6.0]) == (4.0, 5.0, 6.0)


@pytest.mark.parametrize("node", [Concatenate, Stack])
def test_without_an_array_there_is_nothing_to_join(node):
    with raises(ValueError, f"{node.__name__}.forward: there are no arrays; expected one or more"):
        node().forward()


@pytest.mark.parametrize("b", [(2, 4), (2,), (3,), (2, 3, 1), ()])
def test_arrays_that_do_not_fit_are_named_with_all_shapes(b):
    shapes = f"the arrays have the shapes (2, 3), {b}; expected shapes"
    with raises(ValueError, f"Concatenate.forward: {shapes} that are alike but along axis 0"):
        Concatenate().forward(np.zeros((2, 3)), np.zeros(b))
    with raises(ValueError, f"Stack.forward: {shapes} that are all the same"):
        Stack().forward(np.zeros((2, 3)), np.zeros(b))


def test_an_axis_that_the_first_array_does_not_have_is_named():
    arrays = np.zeros((2, 3)), np.zeros((2, 3, 1))
    because = "because arrays[0].shape is (2, 3)"
    with raises(ValueError, f"Concatenate.forward: axis is 2; expected one from -2 to 1, {because}"):
        Concatenate(2).forward(*arrays)
    because = f"{because}, and out has one axis more"
    with raises(ValueError, f"Stack.forward: axis is 3; expected one from -3 to 2, {because}"):
        Stack(3).forward(*arrays)
    with raises(ValueError, "Concatenate.forward: axis is 0; expected no axis at all, because arrays[0].shape is ()"):
        Concatenate().forward(1.0, 2.0)


# Split


PARTS = st.sampled_from([1, 3, 6, [], [2], [0, 2, 2, 6], (1, 5)])


@given(PARTS, st.sampled_from([0, 1, -1, -2]), whole_numbers((6, 6)))
def test_split_and_concatenate_undo_each_other_and_so_do_their_gradients(parts, axis, x):
    out, to_x = vjp(Split(parts, axis), x)
    joined, to_parts = vjp(Concatenate(axis), *out)
    assert [part.tolist() for part in out] == [part.tolist() for part in np.split(x, parts, axis)]
    assert np.array_equal(joined, x)
    assert np.array_equal(to_x(to_parts(2 * x))[0], 2 * x)


@given(hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=3).flatmap(whole_numbers), st.integers(1, 3))
def test_an_axis_of_length_0_splits_into_any_number_of_empty_parts(x, parts):
    empty = x[:0]
    out, pullback = vjp(Split(parts), empty)
    assert [part.shape for part in out] == [empty.shape] * parts
    assert pullback(out)[0].shape == empty.shape


def test_upstream_gradients_that_are_left_out_are_0():
    split = Split([1, 3])
    split.forward(np.arange(4.0))
    assert split.backward([5.0]).tolist() == [5.0, 0.0, 0.0, 0.0]
    assert split.backward([5.0], [6.0, 7.0]).tolist() == [5.0, 6.0, 7.0, 0.0]
    assert split.backward([5.0], [6.0, 7.0], [8.0]).tolist() == [5.0, 6.0, 7.0, 8.0]


def test_no_part_shares_memory_with_x_or_another():
    x = np.arange(4.0)
    parts = Split(2).forward(x)
    dx = Split(2)
    dx.forward(x)
    for one, other in itertools.combinations([x, *parts, dx.backward(*parts)], 2):
        assert not np.shares_memory(one, other)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_split_keeps_the_dtype_whatever_that_of_dout(dtype):
    split = Split(2)
    assert {part.dtype for part in split.forward(np.ones(2, dtype))} == {np.dtype(dtype)}
    assert split.backward([1.0]).dtype == dtype
    assert split.backward(np.ones(1, np.float16), [2.0]).dtype == dtype


@pytest.mark.parametrize("parts", [0, -1, 4])
def test_parts_that_are_not_equal_are_named(parts):
    message = f"x.shape is (2, 5); expected an axis 1 of equal parts, because parts is {parts}"
    with raises(ValueError, f"Split.forward: {message}"):
        Split(parts, axis=1).forward(np.zeros((2, 5)))


@pytest.mark.parametrize("parts", [[3, 1], [-1], [6], [2, 6]])
def test_cuts_that_go_back_or_beyond_are_named(parts):
    message = "x.shape is (5,); expected an axis 0 that is cut in order, because parts is"
    with pytest.raises(ValueError, match=rf"^Split\.forward: {re.escape(f'{message} {parts}')}"):
        Split(parts).forward(np.zeros(5))


def test_the_backward_of_several_outputs_says_what_it_expects():
    split = Split(2)
    with raises(RuntimeError, "Split.backward: call forward first; there is nothing to go back through yet"):
        split.backward([1.0])
    split.forward(np.zeros(2))
    for douts in ([], [[1.0]] * 3):
        because = "because that is the number of outputs"
        with raises(TypeError, f"Split.backward: got {len(douts)} upstream gradients; expected 1 to 2, {because}"):
            split.backward(*douts)
    expected = "expected (1,), because that is the shape of forward's output"
    with raises(ValueError, f"Split.backward: douts[1].shape is (2,); {expected}"):
        split.backward([1.0], [1.0, 2.0])
    with pytest.raises(TypeError, match=r"^Split\.backward: douts\[0\]\.dtype is <U1"):
        split.backward(["a"])
    assert split.backward([1.0], [2.0]).tolist() == [1.0, 2.0]


def test_a_split_that_raises_leaves_the_layer_as_it_was():
    split = Split(2)
    split.forward(np.zeros(4))
    with pytest.raises(ValueError, match="equal parts"):
        split.forward(np.zeros(5))
    assert split.backward([1.0, 2.0], [3.0, 4.0]).tolist() == [1.0, 2.0, 3.0, 4.0]
