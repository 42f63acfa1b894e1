import re

import hypothesis.strategies as st
import mpmath
import numpy as np
import pytest
from hypothesis import given

from handgrad import Rope
from tests.drawn import numbers, whole_numbers

EPS = np.finfo(np.float64).eps
N, T, D = 2, 3, 6
ROWS = numbers((N, T, D))
POSITIONS = whole_numbers((N, T), -1000, 1000)

each_pairing = pytest.mark.parametrize("pairing", ["half", "interleaved"])


def run(x, positions=None, dout=None, pairing="half", **options):
    rope = Rope(pairing, **options)
    out = rope.forward(x, positions)
    return out, rope.backward(np.cos(np.arange(out.size)).reshape(out.shape) if dout is None else dout)


def raises(error, message):
    """Expect an error that says exactly this."""
    return pytest.raises(error, match=f"^{re.escape(f'Rope{message}')}$")


# What it does


@each_pairing
@given(x=ROWS, positions=POSITIONS)
def test_lengths_stay_as_they_are(pairing, x, positions):
    out, _ = run(x, positions, pairing=pairing)
    np.testing.assert_allclose(np.linalg.norm(out, axis=-1), np.linalg.norm(x, axis=-1), rtol=8 * EPS)


@each_pairing
@given(q=ROWS, k=ROWS, positions=POSITIONS, others=POSITIONS, shift=st.integers(-1000, 1000))
def test_the_product_of_a_query_and_a_key_depends_on_their_distance_alone(pairing, q, k, positions, others, shift):
    def scores(by):
        queries, keys = run(q, positions + by, pairing=pairing)[0], run(k, others + by, pairing=pairing)[0]
        return (queries * keys).sum(axis=-1)

    # an angle of up to 2000 is off by half an eps of it
    np.testing.assert_allclose(scores(shift), scores(0), rtol=0, atol=4 * 2000 * EPS * D * 30**2)


@each_pairing
@given(x=ROWS, nudge=ROWS, positions=POSITIONS, dout=ROWS)
def test_it_is_linear_and_backward_is_its_transpose(pairing, x, nudge, positions, dout):
    moved, dx = run(nudge, positions, dout, pairing)
    assert np.sum(dx * nudge) == pytest.approx(np.sum(dout * moved), rel=0, abs=N * T * D * 30**2 * 8 * EPS)
    together = run(x + nudge, positions, pairing=pairing)[0]
    np.testing.assert_allclose(together, run(x, positions, pairing=pairing)[0] + moved, rtol=0, atol=30 * 16 * EPS)


@each_pairing
@given(x=ROWS, positions=POSITIONS)
def test_what_goes_back_is_turned_back(pairing, x, positions):
    out, _ = run(x, positions, pairing=pairing)
    _, back = run(x, positions, out, pairing)
    np.testing.assert_allclose(back, x, rtol=0, atol=30 * 8 * EPS)
    opposite, _ = run(x, -positions, pairing=pairing)
    _, dx = run(x, positions, x, pairing)
    assert np.array_equal(opposite, dx)


@given(x=ROWS, positions=POSITIONS)
def test_both_pairings_are_the_same_but_for_the_order_of_the_numbers(x, positions):
    order = [0, 3, 1, 4, 2, 5]
    out, dx = run(x, positions, x)
    got, dgot = run(x[..., order], positions, x[..., order], "interleaved")
    assert np.array_equal(got, out[..., order])
    assert np.array_equal(dgot, dx[..., order])


@each_pairing
@given(x=ROWS)
def test_the_first_position_is_left_as_it_is(pairing, x):
    out, dx = run(x, 0, x, pairing)
    assert np.array_equal(out, x)
    assert np.array_equal(dx, x)


@each_pairing
@given(x=ROWS)
def test_positions_are_counted_from_0_unless_they_are_given(pairing, x):
    out, dx = run(x, pairing=pairing)
    given, dgiven = run(x, [0, 1, 2], pairing=pairing)
    assert np.array_equal(out, given)
    assert np.array_equal(dx, dgiven)


@pytest.mark.parametrize("position", [1, 2049, 123_456, 2**30])
@pytest.mark.parametrize("base", [10_000.0, 500_000.0])
def test_angles_equal_mpmath(position, base):
    with mpmath.workdps(50):
        angles = [position / mpmath.mpf(base) ** (mpmath.mpf(2 * i) / D) for i in range(D // 2)]
        want = [float(mpmath.cos(angle)) for angle in angles] + [float(mpmath.sin(angle)) for angle in angles]
    out, _ = run([[1, 1, 1, 0, 0, 0]], [position], base=base)
    # an angle is rounded twice, and so is its frequency
    np.testing.assert_allclose(out[0], want, rtol=0, atol=4 * EPS * max(position, 1))


def test_a_position_between_two_places_is_a_position():
    out, _ = run([[1.0, 0.0]], [0.5])
    np.testing.assert_allclose(out, [[np.cos(0.5), np.sin(0.5)]], rtol=EPS)


# Dtypes and shapes


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_a_position_that_the_dtype_does_not_have_is_exact(dtype):
    x, position = np.eye(1, 4, dtype=dtype), 2**24 + 1
    out, dx = run(x, [position], np.eye(1, 4), base=1.0)
    want = np.array([np.cos(position), 0, np.sin(position), 0])
    np.testing.assert_allclose(out[0], want, rtol=np.finfo(dtype).eps / 2)
    np.testing.assert_allclose(dx[0], want * [1, 1, -1, 1], rtol=np.finfo(dtype).eps / 2)
    assert (out.dtype, dx.dtype) == (dtype, dtype)


@each_pairing
@pytest.mark.parametrize("shape", [(0, 2), (3, 0), (2, 0, 4), (0, 3, 4)])
def test_no_rows_and_no_pairs_give_nothing(pairing, shape):
    out, dx = run(np.zeros(shape), pairing=pairing)
    assert (out.shape, dx.shape) == (shape, shape)


@pytest.mark.parametrize("positions", [5, [5], [[5], [7]], [[1, 2, 3]]])
def test_positions_broadcast_to_the_rows(positions):
    x = np.cos(np.arange(N * T * D)).reshape(N, T, D)
    out, dx = run(x, positions)
    whole, dwhole = run(x, np.broadcast_to(positions, (N, T)).copy())
    assert np.array_equal(out, whole)
    assert np.array_equal(dx, dwhole)


@pytest.mark.parametrize("shape", [(4,), (), (2, 3), (2, 3, 5)])
def test_rows_that_cannot_be_cut_into_pairs_are_refused(shape):
    because = "expected (..., T, D) with an even D, because rows are cut into pairs"
    with raises(ValueError, f".forward: x.shape is {shape}; {because}"):
        Rope("half").forward(np.ones(shape))


def test_positions_that_do_not_fit_are_named_with_both_shapes():
    because = "expected (2, 3) or one that broadcasts to it, because x.shape is (2, 3, 6)"
    with raises(ValueError, f".forward: positions.shape is (2,); {because}"):
        Rope("half").forward(np.ones((N, T, D)), [0, 1])


def test_there_is_no_pairing_that_goes_without_saying():
    with pytest.raises(TypeError, match="pairing"):
        Rope()
    with raises(ValueError, ": pairing is 'gptj'; expected 'half' or 'interleaved', as both are in use"):
        Rope("gptj")


@pytest.mark.parametrize("base", [0.0, -1.0, np.inf, np.nan])
def test_a_base_that_cannot_divide_is_refused(base):
    message = f"base is {base}; expected a finite number above 0, because it divides"
    with raises(ValueError, f": {message}"):
        Rope("half", base)
    rope = Rope("half")
    rope.base = base
    with raises(ValueError, f".forward: {message}"):
        rope.forward(np.ones((1, 2)))


def test_options_that_are_changed_after_forward_do_not_reach_backward():
    x = np.ones((T, D))
    rope = Rope("half")
    rope.forward(x)
    want = rope.backward(x)
    rope.pairing, rope.base = "interleaved", 7.0
    assert np.array_equal(rope.backward(x), want)


def test_a_base_is_one_number():
    with raises(ValueError, ": base.shape is (2,); expected (), because it is one number for all of x"):
        Rope("half", [10.0, 100.0])
