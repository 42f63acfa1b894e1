import re

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from handgrad import AveragePool, ConvolutionTranspose, Repeat, Sequential, Upsample, vjp
from tests.windows import whole

FACTORS = st.lists(st.integers(1, 3), min_size=1, max_size=2).map(tuple)
SEEDS = st.integers(0, 99)


def raises(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


@given(FACTORS, SEEDS)
def test_upsample_is_repeat_along_one_axis_of_space_after_the_other(factors, seed):
    x = whole(seed, 2, 3, 4)
    out, pullback = vjp(Upsample(factors), x)
    want, to_x = vjp(Sequential(*(Repeat(f, axis) for axis, f in enumerate(factors, -len(factors)))), x)
    assert np.array_equal(out, want)
    assert np.array_equal(pullback(out)[0], to_x(out)[0])


@given(FACTORS, SEEDS)
def test_it_is_a_transposed_convolution_by_ones(factors, seed):
    x = whole(seed, 3, 1, *(2, 4)[: len(factors)])
    out, pullback = vjp(Upsample(factors), x)
    want, to_all = vjp(ConvolutionTranspose(np.ones((1, 1, *factors)), [0.0], stride=factors), x)
    assert np.array_equal(out, want)
    assert np.array_equal(pullback(out)[0], to_all(out)[0])


@given(FACTORS, SEEDS)
def test_the_mean_of_the_copies_is_what_was_copied(factors, seed):
    x = whole(seed, 2, 3, 4)
    assert np.array_equal(AveragePool(factors).forward(Upsample(factors).forward(x)), x)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_a_number_hears_from_very_many_copies(dtype):
    copies = {np.float16: 4096, np.float32: 2**24}[dtype] + 8
    _, pullback = vjp(Upsample((copies,)), np.ones(1, dtype))
    assert pullback(np.ones(copies, dtype))[0] == copies


def test_copies_along_another_axis_than_the_last_are_summed_without_stagnating():
    dout = np.ones((9, 2), np.float32)
    dout[0] = 2**24
    _, pullback = vjp(Upsample((9, 1)), np.ones((1, 2), np.float32))
    assert pullback(dout)[0].tolist() == [[2**24 + 8] * 2]


def test_there_may_be_no_space_and_no_samples():
    for shape in [(2, 0), (0, 3)]:
        out, pullback = vjp(Upsample((2,)), np.ones(shape))
        assert out.shape == (shape[0], 2 * shape[1])
        assert pullback(out)[0].shape == shape


@pytest.mark.parametrize("factors", [2, (), 0.5, None])
def test_factors_say_by_their_number_how_many_axes_there_are(factors):
    message = f"factors is {factors!r}; expected a number for each axis of space, such as (2, 2)"
    with raises(TypeError, f"Upsample.forward: {message}"):
        Upsample(factors).forward(np.ones((4, 4)))


def test_factors_are_whole_numbers_from_1():
    message = "factors is (2, 0); expected 1 or more, or 2 such numbers, one for each axis of space"
    with raises(ValueError, f"Upsample.forward: {message}"):
        Upsample((2, 0)).forward(np.ones((4, 4)))
    with raises(TypeError, "Upsample.forward: factors is 1.5; expected a whole number"):
        Upsample((1.5,)).forward(np.ones(4))


def test_x_without_so_many_axes_is_named_with_its_shape():
    message = "x.shape is (4,); expected (..., any, any), because factors is (2, 2)"
    with raises(ValueError, f"Upsample.forward: {message}"):
        Upsample((2, 2)).forward(np.ones(4))
