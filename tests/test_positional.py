import re

import hypothesis.strategies as st
import mpmath
import numpy as np
import pytest
from hypothesis import given

from handgrad import Add, PositionalEncoding, vjp
from tests.drawn import numbers

EPS = np.finfo(np.float64).eps
T, D = 4, 6
ZEROS = np.zeros((T, D))


def raises(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


@given(numbers((2, T, D)), numbers((2, T, D)))
def test_positional_encoding_is_the_sum_of_x_and_the_encoding_of_zeros(x, dout):
    out, pullback = vjp(PositionalEncoding(), x)
    want, to_terms = vjp(Add(), x, PositionalEncoding().forward(ZEROS))
    assert np.array_equal(out, want)
    assert np.array_equal(pullback(dout)[0], to_terms(dout)[0])


@pytest.mark.parametrize("columns", [1, 2, 5, 6])
@pytest.mark.parametrize("base", [10_000.0, 2.0])
def test_waves_are_those_of_the_paper_side_by_side(columns, base):
    P = PositionalEncoding(base).forward(np.zeros((50, columns)))
    for t in (0, 1, 7, 49):
        for d in range(columns):
            wave = (mpmath.sin, mpmath.cos)[d % 2]
            exact = wave(t / mpmath.mpf(base) ** (mpmath.mpf(d - d % 2) / columns))
            # an angle is off by four roundings at most: of its exponent, which the logarithm of base makes up to ten
            # times as large, of its frequency and its own
            assert abs(P[t, d] - exact) <= 12 * EPS * max(t, 1)


def test_an_odd_number_of_columns_leaves_out_the_last_cosine():
    assert PositionalEncoding().forward(np.zeros((1, 5))).tolist() == [[0, 1, 0, 1, 0]]


@given(st.integers(0, 10_000), st.integers(0, 100))
def test_the_product_of_two_places_depends_on_their_distance_alone(place, distance):
    P = PositionalEncoding().forward(np.zeros((4, D)), [place, place + distance, 0, distance])
    # an angle of 10,000 is off by half an eps of it, and three waves have one each
    np.testing.assert_allclose(P[0] @ P[1], P[2] @ P[3], rtol=0, atol=4 * 10_100 * EPS)


@pytest.mark.parametrize("positions", [[5, 6, 7, 8], [[5, 6, 7, 8]], np.array([5, 6, 7, 8], np.uint8)])
def test_a_sequence_may_begin_anywhere(positions):
    whole = PositionalEncoding().forward(np.zeros((9, D)))
    assert np.array_equal(PositionalEncoding().forward(np.zeros((2, T, D)), positions), [whole[5:]] * 2)


def test_each_sequence_has_places_of_its_own_and_one_place_may_be_for_all():
    whole = PositionalEncoding().forward(ZEROS)
    assert np.array_equal(PositionalEncoding().forward(np.zeros((2, 1, D)), [[3], [0]]), whole[[[3], [0]]])
    assert np.array_equal(PositionalEncoding().forward(ZEROS, 2), whole[[2] * T])


def test_a_place_beyond_what_float16_can_count_has_its_own_encoding():
    x = np.zeros((2, D), np.float16)
    exact = PositionalEncoding().forward(np.zeros((2, D)), [2048, 2049])
    assert np.array_equal(PositionalEncoding().forward(x, [2048, 2049]), exact.astype(np.float16))


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0), (2, 0, 4)])
def test_there_may_be_no_places_and_no_columns(shape):
    out, pullback = vjp(PositionalEncoding(), np.ones(shape))
    assert out.shape == pullback(out)[0].shape == shape


@pytest.mark.parametrize("shape", [(), (3,)])
def test_what_has_no_places_is_refused(shape):
    message = f"x.shape is {shape}; expected (..., T, D), because each of T places has D numbers"
    with raises(ValueError, f"PositionalEncoding.forward: {message}"):
        PositionalEncoding().forward(np.ones(shape))


@pytest.mark.parametrize("positions", [[0.0, 1.0, 2.0, 3.0], [True, False, True, True]])
def test_positions_are_integers_and_no_mask(positions):
    dtype = np.asarray(positions).dtype
    message = f"positions.dtype is {dtype}; expected integers, which count from 0"
    with raises(TypeError, f"PositionalEncoding.forward: {message}"):
        PositionalEncoding().forward(ZEROS, positions)


@pytest.mark.parametrize("shape", [(3,), (2, 4), (4, 6)])
def test_positions_that_do_not_broadcast_name_both_shapes(shape):
    because = f"expected ({T},) or one that broadcasts to it, because x.shape is {(T, D)}"
    with raises(ValueError, f"PositionalEncoding.forward: positions.shape is {shape}; {because}"):
        PositionalEncoding().forward(ZEROS, np.zeros(shape, int))


@pytest.mark.parametrize("base", [0.0, -1.0, np.inf, np.nan])
def test_a_base_that_cannot_divide_is_refused(base):
    message = f"base is {base}; expected a finite number above 0, because it divides"
    with raises(ValueError, f"PositionalEncoding: {message}"):
        PositionalEncoding(base)
    encoding = PositionalEncoding()
    encoding.base = base
    with raises(ValueError, f"PositionalEncoding.forward: {message}"):
        encoding.forward(ZEROS)
