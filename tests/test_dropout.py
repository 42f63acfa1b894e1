import re
import warnings

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from handgrad import Divide, Dropout, Where, vjp
from tests.drawn import masks, numbers, whole_numbers

SHAPE = (4, 3)
RATIOS = st.sampled_from([0.5, 0.25, 0.1, 0.0, 1.0])
X = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]])


def raises(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


@given(numbers(SHAPE), masks(SHAPE), numbers(SHAPE))
def test_dropout_equals_its_graph_of_nodes(x, keep, dout):
    scaled, to_x = vjp(Divide(), x, 1 - 0.1)
    want, to_scaled = vjp(Where(keep), scaled, 0.0)
    out, pullback = vjp(Dropout(0.1), x, keep)
    assert np.array_equal(out, want)
    assert np.array_equal(pullback(dout)[0], to_x(to_scaled(dout)[0])[0])


@pytest.mark.parametrize("shape", [SHAPE, (4, 1), (3,), ()])
@given(x=whole_numbers(SHAPE), dout=whole_numbers(SHAPE), data=st.data())
def test_dropout_hears_what_its_transpose_hears_whatever_is_kept(shape, x, dout, data):
    out, pullback = vjp(Dropout(0.75), x, data.draw(masks(shape)))
    assert np.sum(dout * out) == np.sum(pullback(dout)[0] * x)


@pytest.mark.parametrize("held", [np.nan, np.inf, -np.inf, 1e308])
def test_what_is_dropped_may_be_anything_and_so_may_its_dout(held):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        out, pullback = vjp(Dropout(0.9), [1.0, held], [True, False])
        (dx,) = pullback([1.0, held])
    assert out[1] == dx[1] == 0


def test_what_is_kept_is_never_guessed_from_a_0():
    _, pullback = vjp(Dropout(0.5), [0.0, 0.0], [True, False])
    assert pullback([1.0, 1.0])[0].tolist() == [2.0, 0.0]


def test_in_evaluation_everything_passes_whatever_the_ratio():
    for ratio in (0.0, 0.5, 1.0):
        out, pullback = vjp(Dropout(ratio), X)
        assert np.array_equal(out, X)
        assert np.array_equal(pullback(X)[0], X)
        assert not np.shares_memory(out, X)


def test_backward_after_evaluation_knows_nothing_of_what_was_kept_before():
    dropout = Dropout(0.5)
    dropout.forward([1.0, 2.0], [True, False])
    dropout.forward([1.0, 2.0])
    assert dropout.backward([1.0, 1.0]).tolist() == [1.0, 1.0]


def test_with_ratio_0_nothing_is_scaled_and_with_ratio_1_nothing_is_kept():
    keep = [True, True, False]
    for ratio, want in ((0.0, [[1.0, -2.0, 0.0], [0.25, 3.0, 0.0]]), (1.0, np.zeros((2, 3)))):
        out, pullback = vjp(Dropout(ratio), X, keep)
        assert np.array_equal(out, want)
        assert np.array_equal(pullback(X)[0], want)


# At random


@given(RATIOS, st.integers(0, 9))
def test_a_generator_keeps_the_numbers_that_are_at_least_the_ratio(ratio, seed):
    keep = np.random.default_rng(seed).random(X.shape) >= ratio
    want, want_pullback = vjp(Dropout(ratio), X, keep)
    out, pullback = vjp(Dropout(ratio), X, rng=np.random.default_rng(seed))
    assert np.array_equal(out, want)
    assert np.array_equal(pullback(X)[0], want_pullback(X)[0])


class Lowest(np.random.Generator):
    """Draws the smallest number that may be drawn."""

    def random(self, size):
        return np.zeros(size)


def test_with_ratio_0_everything_is_kept_whatever_is_drawn():
    assert Dropout(0.0).forward([1.0, 2.0], rng=Lowest(np.random.PCG64(0))).tolist() == [1.0, 2.0]


@pytest.mark.parametrize("ratio", [0.1, 0.5, 0.9])
def test_the_ratio_is_the_share_that_is_dropped_and_the_mean_is_kept(ratio):
    out = Dropout(ratio).forward(np.ones(100_000), rng=np.random.default_rng(0))
    deviation = np.sqrt(ratio * (1 - ratio) / out.size)
    assert abs(np.mean(out == 0) - ratio) < 4 * deviation
    assert abs(out.mean() - 1) < 4 * deviation / (1 - ratio)


def test_a_generator_goes_on_and_the_layer_remembers_none():
    rng, dropout, x = np.random.default_rng(0), Dropout(0.5), np.ones(64)
    first, second = dropout.forward(x, rng=rng), dropout.forward(x, rng=rng)
    assert not np.array_equal(first, second)
    assert np.array_equal(dropout.backward(x), second)
    assert np.array_equal(dropout.forward(x, rng=np.random.default_rng(0)), first)


@pytest.mark.parametrize("shape", [(), (0,), (2, 0)])
def test_a_generator_draws_for_arrays_of_any_shape(shape):
    x = np.ones(shape)
    assert Dropout(0.0).forward(x, rng=np.random.default_rng(0)).tolist() == x.tolist()


# Dtypes


@pytest.mark.parametrize("ratio", [0.9999, 0.99999])
def test_the_scale_is_computed_beyond_float16_which_has_no_such_ratio(ratio):
    x = np.array([1e-3], np.float16)
    out, pullback = vjp(Dropout(ratio), x, [True])
    want = np.float16(float(x[0]) / (1 - ratio))
    assert out == pullback(x)[0] == want
    assert out.dtype == np.float16


# Errors


@pytest.mark.parametrize("ratio", [-0.1, 1.5, np.nan, np.inf])
def test_a_ratio_that_is_no_share_is_refused(ratio):
    message = f"ratio is {ratio}; expected a number from 0 to 1, because it is a share"
    with raises(ValueError, f"Dropout: {message}"):
        Dropout(ratio)
    dropout = Dropout()
    dropout.ratio = ratio
    with raises(ValueError, f"Dropout.forward: {message}"):
        dropout.forward(X)


def test_keep_and_a_generator_together_are_refused():
    message = "both keep and rng are given; expected one, because either says what is kept"
    with raises(TypeError, f"Dropout.forward: {message}"):
        Dropout().forward(X, np.ones(3, bool), np.random.default_rng(0))


@pytest.mark.parametrize("rng", [0, np.random])
def test_what_is_no_generator_is_refused(rng):
    message = f"rng is {rng!r}; expected a numpy.random.Generator, which its caller keeps"
    with raises(TypeError, f"Dropout.forward: {message}"):
        Dropout().forward(X, rng=rng)


@pytest.mark.parametrize("shape", [(2,), (3, 2), (1, 2, 3)])
def test_a_keep_that_does_not_broadcast_to_x_names_both_shapes(shape):
    because = "expected (2, 3) or one that broadcasts to it, because x.shape is (2, 3)"
    with raises(ValueError, f"Dropout.forward: keep.shape is {shape}; {because}"):
        Dropout().forward(X, np.ones(shape, bool))


@pytest.mark.parametrize("keep", [[1.0, 0.0, 1.0], [1, 0, 1]])
def test_numbers_keep_nothing(keep):
    dtype = np.asarray(keep).dtype
    with raises(TypeError, f"Dropout.forward: keep.dtype is {dtype}; expected bool, True where a number is kept"):
        Dropout().forward(X, keep)


def test_a_forward_that_raises_leaves_dropout_as_it_was():
    dropout = Dropout(0.5)
    dropout.forward(X, [True, False, True])
    want = dropout.backward(X)
    for wrong in ({"keep": np.ones(2, bool)}, {"rng": 0}):
        with pytest.raises((TypeError, ValueError)):
            dropout.forward(X, **wrong)
    assert np.array_equal(dropout.backward(X), want)
