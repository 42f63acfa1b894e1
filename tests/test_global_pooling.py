import re

import numpy as np
import pytest
from hypothesis import given

from handgrad import AveragePool, GlobalAveragePool, GlobalMaxPool, Max, MaxPool, Mean, vjp
from tests.drawn import masks, numbers, whole_numbers

POOLS = [GlobalAveragePool, GlobalMaxPool]
SHAPE = (2, 3, 4, 5)  # samples, channels, space
EPS = np.finfo(np.float64).eps

each_pool = pytest.mark.parametrize("pool", POOLS)
each_pair = pytest.mark.parametrize(("pool", "reduction"), [(GlobalAveragePool, Mean), (GlobalMaxPool, Max)])


def raises(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


@each_pair
@given(x=whole_numbers(SHAPE, low=-2, high=2), dout=whole_numbers(SHAPE[:2]))
def test_pooling_all_of_space_is_reducing_its_axes(pool, reduction, x, dout):
    out, pullback = vjp(pool(), x)
    want, to_x = vjp(reduction((-2, -1)), x)
    assert np.array_equal(out, want)
    assert np.array_equal(pullback(dout)[0], to_x(dout)[0])


@given(numbers(SHAPE), numbers(SHAPE[:2]))
def test_it_is_pooling_by_one_window_but_for_ties(x, dout):
    for pool, windowed in [(GlobalAveragePool, AveragePool), (GlobalMaxPool, MaxPool)]:
        distinct = x + 100 * np.arange(20).reshape(4, 5)
        out, pullback = vjp(pool(), distinct)
        want, to_x = vjp(windowed((4, 5)), distinct)
        np.testing.assert_allclose(out, want[..., 0, 0], rtol=20 * EPS)
        # 1/20 of dout is rounded once
        np.testing.assert_allclose(pullback(dout)[0], to_x(dout[..., np.newaxis, np.newaxis])[0], rtol=EPS)


def test_equal_numbers_share_what_their_channel_hears():
    _, pullback = vjp(GlobalMaxPool(space=1), [[3.0, 1.0, 3.0]])
    assert pullback([4.0])[0].tolist() == [[2.0, 0.0, 2.0]]


# Masks


@each_pool
@given(x=numbers(SHAPE), mask=masks((2, 4, 5)), dout=numbers(SHAPE[:2]))
def test_a_mask_hides_places_in_all_channels_whatever_they_hold(pool, x, mask, dout):
    out, pullback = vjp(pool(), x, mask)
    counts = np.broadcast_to(mask[:, np.newaxis], SHAPE)
    for held in (np.nan, np.inf, -np.inf):
        with np.errstate(all="raise"):
            poisoned, poisoned_pullback = vjp(pool(), np.where(counts, x, held), mask)
        assert np.array_equal(poisoned, out)
        assert np.array_equal(poisoned_pullback(dout)[0], pullback(dout)[0])
    assert not pullback(np.full(SHAPE[:2], np.nan))[0][~counts].any()


@each_pool
@given(x=numbers((3, 6)), mask=masks(6), dout=numbers(3))
def test_places_that_do_not_count_may_as_well_not_be_there(pool, x, mask, dout):
    out, pullback = vjp(pool(space=1), x, mask)
    alone, pullback_alone = vjp(pool(space=1), x[:, mask])
    np.testing.assert_allclose(out, alone, rtol=6 * EPS, atol=6 * 30 * EPS)
    assert np.array_equal(pullback(dout)[0][:, mask], pullback_alone(dout)[0])


@each_pool
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_where_no_place_counts_there_is_0_with_gradient_0_and_no_warning(pool, dtype):
    x, mask = np.ones((2, 3, 4), dtype), np.array([[False] * 4, [True] * 4])
    with np.errstate(all="raise"):
        out, pullback = vjp(pool(space=1), x, mask)
        (dx,) = pullback(np.ones((2, 3), dtype))
        of_no_space, _ = vjp(pool(), np.ones((2, 3, 0, 4), dtype))
    assert (out.dtype, dx.dtype, of_no_space.dtype) == (dtype, dtype, dtype)
    assert out.tolist() == [[0.0] * 3, [1.0] * 3]
    assert not dx[0].any()
    assert dx[1].all()
    assert of_no_space.tolist() == [[0.0] * 3] * 2


def test_negative_infinity_that_counts_is_not_taken_for_nothing():
    out, pullback = vjp(GlobalMaxPool(space=1), [[-np.inf, 5.0, -np.inf]], [True, False, True])
    assert out.tolist() == [-np.inf]
    assert pullback([4.0])[0].tolist() == [[2.0, 0.0, 2.0]]


# Errors


@each_pool
@pytest.mark.parametrize("mask", [(3, 5), (2, 3, 5), (5,), (2, 1, 5), (1, 5)])
def test_a_mask_has_the_shape_of_x_without_channels(pool, mask):
    message = f"mask.shape is {mask}; expected (2, 5), because x.shape is (2, 3, 5), with an axis for channels"
    with raises(ValueError, f"{pool.__name__}.forward: {message}"):
        pool(space=1).forward(np.ones((2, 3, 5)), np.ones(mask, bool))


@each_pool
def test_a_mask_is_boolean(pool):
    message = "mask.dtype is float64; expected bool, True where a place counts"
    with raises(TypeError, f"{pool.__name__}.forward: {message}"):
        pool(space=1).forward(np.ones((3, 5)), np.ones(5))


@each_pool
@pytest.mark.parametrize(
    ("space", "expected"), [(2, "(..., C, any, any)"), (0, "(..., C, any)"), (-1, "(..., C, any)")]
)
def test_x_without_channels_and_space_is_named_with_its_shape(pool, space, expected):
    message = f"x.shape is (3, 5); expected {expected}, because space is {space}, of 1 or more axes"
    with raises(ValueError, f"{pool.__name__}.forward: {message}"):
        pool(space).forward(np.ones((3, 5)))


@each_pool
def test_the_number_of_axes_of_space_is_whole(pool):
    with raises(TypeError, f"{pool.__name__}.forward: space is 1.0; expected a whole number"):
        pool(1.0).forward(np.ones((3, 5)))
