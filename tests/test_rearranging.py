import itertools
import re

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from handgrad import Reshape, Transpose, vjp
from tests.drawn import whole_numbers

SHAPE = (2, 3, 4)
ORDERS = list(itertools.permutations(range(3)))


def raises(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


# Reshape


@given(st.sampled_from([(24,), 24, -1, (6, 4), [4, -1], (2, 1, 3, 4), (-1, 2, 2), SHAPE]), whole_numbers(SHAPE))
def test_reshape_goes_there_and_back(shape, x):
    out, pullback = vjp(Reshape(shape), x)
    assert np.array_equal(out, np.reshape(x, shape))
    assert np.array_equal(pullback(out)[0], x)


def test_a_shape_that_does_not_fit_names_both():
    message = "x.shape is (2, 3); expected one of as many numbers, because the new shape is (4, 2)"
    with pytest.raises(ValueError, match=rf"^Reshape\.forward: {re.escape(message)}: "):
        Reshape((4, 2)).forward(np.zeros((2, 3)))


def test_where_there_are_no_numbers_any_length_might_be_left():
    with pytest.raises(ValueError, match=r"^Reshape\.forward: x\.shape is \(0, 3\); .* new shape is \(0, -1\)"):
        Reshape((0, -1)).forward(np.zeros((0, 3)))
    assert Reshape((-1, 3)).forward(np.zeros((0, 3))).shape == (0, 3)


def test_the_numbers_of_an_array_in_any_layout_are_read_row_by_row():
    x = np.arange(6.0).reshape(2, 3)
    out, pullback = vjp(Reshape(6), np.asfortranarray(x))
    assert out.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert np.array_equal(pullback(out[::-1])[0], x[::-1, ::-1])


# Transpose


@given(st.sampled_from([*ORDERS, None, (0, -1, 1), [2, 0, 1]]), whole_numbers(SHAPE))
def test_transpose_goes_there_and_back(axes, x):
    out, pullback = vjp(Transpose(axes), x)
    assert np.array_equal(out, np.transpose(x, axes))
    assert np.array_equal(pullback(out)[0], x)


@pytest.mark.parametrize("axes", ORDERS, ids=str)
def test_what_transpose_gives_lies_in_memory_as_its_axes_say(axes):
    out, pullback = vjp(Transpose(axes), np.zeros(SHAPE))
    (dx,) = pullback(out)
    assert out.flags.c_contiguous
    assert dx.flags.c_contiguous


@pytest.mark.parametrize("axes", [(0, 1, 3), (0, 1, 1), (0, 1, -2)])
def test_axes_that_are_not_those_of_x_are_named(axes):
    message = f"axis is {axes}; expected different ones from -3 to 2, because x.shape is {SHAPE}"
    with raises(ValueError, f"Transpose.forward: {message}"):
        Transpose(axes).forward(np.zeros(SHAPE))


def test_an_order_of_fewer_axes_is_named():
    with raises(ValueError, f"Transpose.forward: x.shape is {SHAPE}; expected 2 axes, because axes is (1, 0)"):
        Transpose((1, 0)).forward(np.zeros(SHAPE))


def test_a_single_number_is_its_own_transpose():
    out, pullback = vjp(Transpose(), 3.0)
    assert (out, pullback(2.0)) == (3.0, (2.0,))
