import re
import warnings

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from handgrad import AveragePool, Convolution, Maximum, MaxPool, vjp
from tests.windows import options, placements, sightings, whole

POOLS = [MaxPool, AveragePool]
EPS = np.finfo(np.float64).eps
inf, nan = np.inf, np.nan

each_pool = pytest.mark.parametrize("pool", POOLS)


def raises(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


class Example:
    """Windows without gaps over whole numbers, few of them different, none in the padding alone."""

    def __init__(self, axes, seed):
        self.axes = axes
        self.x = np.sign(whole(seed, 3, *(axis.length for axis in axes)))
        self.dout = whole(seed + 1, 3, *(axis.windows for axis in axes))
        self.options = options(axes) | {"size": tuple(axis.size for axis in axes)}
        del self.options["dilation"]

    def seen(self):
        """Give for each place the entries that its window sees, in order."""
        found = {}
        for place, _, entry in sightings(self.axes):
            found.setdefault(place, []).append(entry)
        return found


@st.composite
def examples(draw):
    close = placements().map(lambda axis: axis._replace(dilation=1))
    axes = draw(st.lists(close.filter(some_entry_in_every_window), min_size=1, max_size=2))
    return Example(axes, draw(st.integers(0, 99)))


def some_entry_in_every_window(axis):
    return len({place for place, *_ in sightings([axis])}) == axis.windows


# MaxPool


@given(examples())
def test_the_first_of_the_largest_of_a_window_hears_all_of_its_dout(example):
    out, pullback = vjp(MaxPool(**example.options), example.x)
    want, dx = np.zeros(out.shape), np.zeros(example.x.shape)
    for place, entries in example.seen().items():
        for sample in range(3):
            numbers = [example.x[sample, *entry] for entry in entries]
            want[sample, *place] = max(numbers)
            dx[sample, *entries[np.argmax(numbers)]] += example.dout[sample, *place]
    assert np.array_equal(out, want)
    assert np.array_equal(pullback(example.dout)[0], dx)


@given(examples())
def test_what_all_entries_hear_sums_to_what_all_windows_say(example):
    _, pullback = vjp(MaxPool(**example.options), example.x)
    assert np.sum(pullback(example.dout)[0]) == np.sum(example.dout)


def test_of_equal_numbers_the_first_hears_with_the_last_axis_fastest():
    _, pullback = vjp(MaxPool((2, 2)), np.ones((2, 4)))
    assert pullback([[5.0, 7.0]])[0].tolist() == [[5.0, 0.0, 7.0, 0.0], [0.0, 0.0, 0.0, 0.0]]
    _, pullback = vjp(MaxPool((2, 2)), [[0.0, 1.0], [1.0, 1.0]])
    assert pullback([[5.0]])[0].tolist() == [[0.0, 5.0], [0.0, 0.0]]


def test_the_largest_of_several_windows_hears_from_all_of_them():
    _, pullback = vjp(MaxPool((3,), stride=1), [0.0, 0.0, 9.0, 0.0, 0.0])
    assert pullback([1.0, 10.0, 100.0])[0].tolist() == [0.0, 0.0, 111.0, 0.0, 0.0]


@pytest.mark.parametrize("x", [-5.0, -inf])
def test_padding_is_never_the_largest(x):
    out, pullback = vjp(MaxPool((2, 2), stride=1, pad=1), [[x]])
    assert np.all(out == x)
    assert pullback([[1.0, 2.0], [3.0, 4.0]])[0] == 10.0


def test_nan_is_the_largest_and_the_first_hears():
    out, pullback = vjp(MaxPool((3,)), [inf, nan, nan, 1.0, 2.0, 3.0])
    assert np.array_equal(out, [nan, 3.0], equal_nan=True)
    assert pullback([5.0, 7.0])[0].tolist() == [0.0, 5.0, 0.0, 0.0, 0.0, 7.0]


@pytest.mark.parametrize("heard", [inf, nan])
def test_what_is_not_the_largest_hears_0_whatever_dout_is(heard):
    _, pullback = vjp(MaxPool((2,)), [1.0, 2.0, 3.0])
    assert np.array_equal(pullback([heard])[0], [0.0, heard, 0.0], equal_nan=True)


@given(st.integers(0, 99))
def test_the_largest_of_two_different_numbers_is_their_maximum(seed):
    x = np.random.default_rng(seed).permutation(8).astype(np.float64)
    out, pullback = vjp(MaxPool((2,)), x)
    want, to_both = vjp(Maximum(), x[::2], x[1::2])
    assert np.array_equal(out, want)
    assert np.array_equal(pullback(out)[0], np.stack(to_both(out), -1).ravel())


# AveragePool


@given(examples())
def test_a_mean_is_of_the_entries_that_a_window_sees_each_of_which_hears_its_part(example):
    out, pullback = vjp(AveragePool(**example.options), example.x)
    want, dx = np.zeros(out.shape), np.zeros(example.x.shape)
    for place, entries in example.seen().items():
        for entry in entries:
            want[:, *place] += example.x[:, *entry]
            dx[:, *entry] += example.dout[:, *place] / len(entries)
        want[:, *place] /= len(entries)
    assert np.array_equal(out, want)
    # the same quotients, added in another order
    np.testing.assert_allclose(pullback(example.dout)[0], dx, rtol=0, atol=9 * 9 * 9 * EPS)


@given(examples())
def test_with_padding_counted_it_is_a_convolution_by_weights_that_are_all_the_same(example):
    pool = AveragePool(**example.options, count_include_pad=True)
    size = example.options.pop("size")
    out, pullback = vjp(pool, example.x)
    sums, to_sums = vjp(Convolution(np.ones((1, 1, *size)), [0.0], **example.options), example.x[:, np.newaxis])
    # whole numbers, divided once; in dx each before it is added
    assert np.array_equal(out, sums[:, 0] / np.prod(size))
    dx = to_sums(example.dout[:, np.newaxis])[0][:, 0] / np.prod(size)
    np.testing.assert_allclose(pullback(example.dout)[0], dx, rtol=0, atol=9 * 9 * 9 * EPS)


def test_padding_has_no_part_in_a_mean_unless_it_is_told_to():
    x = [[4.0, 2.0]]
    assert AveragePool((1, 2), 1, (0, 1)).forward(x).tolist() == [[4.0, 3.0, 2.0]]
    assert AveragePool((1, 2), 1, (0, 1), count_include_pad=True).forward(x).tolist() == [[2.0, 3.0, 1.0]]


def test_what_is_not_finite_reaches_the_windows_that_see_it():
    out = AveragePool((2,), stride=1).forward([1.0, 3.0, nan, 1.0, inf, inf, -inf])
    assert np.array_equal(out, [2.0, nan, nan, inf, inf, nan], equal_nan=True)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_mean_is_finite_where_its_sum_is_not(dtype):
    large = np.finfo(dtype).max / 2
    with np.errstate(all="raise"):
        out = AveragePool((4,), 1, 1).forward(np.array([large] * 6, dtype))
        some = AveragePool((4,), 4, 1).forward(np.array([large] * 3 + [1, 2, 3], dtype))
    # a fourth of each is summed, and then three of them are a third of four
    np.testing.assert_allclose(out, large, rtol=4 * np.finfo(dtype).eps)
    np.testing.assert_allclose(some, [large, 2], rtol=4 * np.finfo(dtype).eps)


# Both


@each_pool
def test_windows_lie_side_by_side_unless_a_stride_is_given(pool):
    x = whole(0, 2, 3, 6, 6)
    assert np.array_equal(pool((2, 3)).forward(x), pool((2, 3), stride=(2, 3)).forward(x))
    assert pool((2, 3)).forward(x).shape == (2, 3, 3, 2)


@each_pool
def test_the_end_that_no_window_reaches_hears_0(pool):
    _, pullback = vjp(pool((2,), stride=3), np.ones(7))
    assert not pullback([nan, nan])[0][[2, 5, 6]].any()


@each_pool
@pytest.mark.parametrize("shape", [(5,), (2, 5), (2, 1, 3, 5), (0, 5)])
def test_axes_before_space_may_be_any(pool, shape):
    x = whole(0, *shape)
    out, pullback = vjp(pool((2,)), x)
    of_rows = [vjp(pool((2,)), row) for row in x.reshape(-1, 5)]
    assert np.array_equal(out, np.reshape([row for row, _ in of_rows], out.shape))
    assert np.array_equal(pullback(out)[0], np.reshape([pull(row)[0] for row, pull in of_rows], shape))


@each_pool
@pytest.mark.parametrize("pad", ["same", "causal"])
def test_where_there_is_no_space_padding_by_name_makes_none(pool, pad):
    out, pullback = vjp(pool((3,), 2, pad), np.zeros((4, 0)))
    assert out.shape == (4, 0)
    assert pullback(out)[0].shape == (4, 0)


@pytest.mark.parametrize("pad", ["same", "causal", "valid"])
@given(st.integers(0, 9), st.integers(1, 4), st.integers(1, 5))
def test_padding_by_name_leaves_no_window_alone(pad, length, size, stride):
    length += size if pad == "valid" else 0
    for pool in POOLS:
        out = pool((size,), stride, pad).forward(np.full(length, 7.0))
        assert np.all(out == 7)


@each_pool
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtypes_are_kept_and_nothing_warns(pool, dtype):
    x = np.full((2, 8, 9), np.finfo(dtype).max / 2)
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        out, pullback = vjp(pool((3, 2), 1, 1), x)
        (dx,) = pullback(np.ones(out.shape, dtype))
    assert (out.dtype, dx.dtype) == (dtype, dtype)
    np.testing.assert_allclose(out, np.finfo(dtype).max / 2, rtol=6 * np.finfo(dtype).eps)


@each_pool
@pytest.mark.parametrize(("size", "pad"), [((2,), 2), ((2,), ((3, 0),)), ((1,), ((0, 1),))])
def test_a_window_of_nothing_but_padding_is_refused(pool, size, pad):
    expected = f"expected less, because a window of {size} would see nothing else"
    with raises(ValueError, f"{pool.__name__}.forward: pad is {pad}; {expected}"):
        pool(size, pad=pad).forward(np.ones((2, 5)))


@each_pool
def test_a_window_longer_than_x_is_named_with_the_lengths(pool):
    message = (
        "a window spans 4 numbers of axis -1; expected 3 at most, because x is 3 long there, with 0 and 0 of padding"
    )
    with raises(ValueError, f"{pool.__name__}.forward: {message}"):
        pool((2, 4)).forward(np.ones((5, 3)))


@each_pool
@pytest.mark.parametrize("size", [2, (), None, np.array([2, 2])])
def test_a_size_says_by_its_numbers_how_many_axes_there_are(pool, size):
    message = f"size is {size!r}; expected a number for each axis of space, such as (2, 2)"
    with raises(TypeError, f"{pool.__name__}.forward: {message}"):
        pool(size).forward(np.ones((4, 4)))


@each_pool
def test_x_without_so_many_axes_is_named_with_its_shape(pool):
    message = "x.shape is (4,); expected (..., any, any), because size is (2, 2)"
    with raises(ValueError, f"{pool.__name__}.forward: {message}"):
        pool((2, 2)).forward(np.ones(4))


@each_pool
def test_a_size_below_1_is_refused(pool):
    message = "size is (2, 0); expected 1 or more, or 2 such numbers, one for each axis of space"
    with raises(ValueError, f"{pool.__name__}.forward: {message}"):
        pool((2, 0)).forward(np.ones((4, 4)))
