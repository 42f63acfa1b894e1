import re
import tracemalloc

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from handgrad import Affine, Convolution, ConvolutionTranspose, vjp
from tests.windows import options, placements, sightings, whole

BOTH = [Convolution, ConvolutionTranspose]
SEEDS = st.integers(0, 99)

each_layer = pytest.mark.parametrize("layer", BOTH)


def raises(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


class Example:
    """A convolution of whole numbers."""

    def __init__(self, axes, samples, groups, inputs, outputs, seed):
        self.axes, self.groups, self.inputs, self.outputs = axes, groups, inputs, outputs
        self.x = whole(seed, samples, groups * inputs, *(axis.length for axis in axes))
        self.W = whole(seed + 1, groups * outputs, inputs, *(axis.size for axis in axes))
        self.b = whole(seed + 2, groups * outputs)
        self.dout = whole(seed + 3, samples, groups * outputs, *(axis.windows for axis in axes))
        self.options = options(axes) | {"groups": groups}

    def out(self):
        """Compute out by its definition: a product for each weight at each place where it meets an entry."""
        out = np.zeros(self.dout.shape) + self.b.reshape(-1, *[1] * len(self.axes))
        for place, tap, entry in sightings(self.axes):
            met = self.x[:, :, *entry].reshape(len(out), self.groups, self.inputs, 1)
            weights = self.W[:, :, *tap].reshape(self.groups, self.outputs, self.inputs)
            out[:, :, *place] += (weights @ met).reshape(len(out), len(self.b))
        return out

    def transposed(self):
        """Make the transposed convolution that goes from dout back to x."""
        left_over = tuple((axis.length + sum(axis.pad) - axis.span) % axis.stride for axis in self.axes)
        return ConvolutionTranspose(self.W, np.zeros(self.x.shape[1]), out_pad=left_over, **self.options)


@st.composite
def examples(draw):
    axes = draw(st.lists(placements(), min_size=1, max_size=2))
    samples, groups = draw(st.integers(0, 3)), draw(st.integers(1, 3))
    return Example(axes, samples, groups, draw(st.integers(0, 2)), draw(st.integers(1, 2)), draw(SEEDS))


def sums_of_channels(array):
    return array.sum(axis=(0, *range(2, array.ndim)))


# What they compute: of whole numbers, exactly


@given(examples())
def test_out_is_the_sum_of_weights_times_what_they_meet(example):
    out = Convolution(example.W, example.b, **example.options).forward(example.x)
    assert np.array_equal(out, example.out())


@given(examples())
def test_gradients_of_what_out_is_linear_in_have_the_inner_product_of_dout_and_out(example):
    out, pullback = vjp(Convolution(example.W, 0 * example.b, **example.options), example.x)
    dx, dW, db = pullback(example.dout)
    assert np.sum(dx * example.x) == np.sum(dW * example.W) == np.sum(example.dout * out)
    assert np.array_equal(db, sums_of_channels(example.dout))


@given(examples())
def test_each_of_the_two_is_the_others_backward(example):
    out, pullback = vjp(Convolution(example.W, 0 * example.b, **example.options), example.x)
    dx, dW, _ = pullback(example.dout)
    transposed, pullback = vjp(example.transposed(), example.dout)
    ddout, dW_of_transposed, db = pullback(example.x)
    assert np.array_equal(transposed, dx)
    assert np.array_equal(ddout, out)
    assert np.array_equal(dW_of_transposed, dW)
    assert np.array_equal(db, sums_of_channels(example.x))


@given(examples())
def test_groups_are_blocks_of_one_matrix_whose_other_weights_are_0(example):
    blocks = np.zeros((len(example.W), example.x.shape[1], *example.W.shape[2:]))
    kept = [
        (slice(g * example.outputs, (g + 1) * example.outputs), slice(g * example.inputs, (g + 1) * example.inputs))
        for g in range(example.groups)
    ]
    for block in kept:
        blocks[block] = example.W[block[0]]
    out, pullback = vjp(Convolution(example.W, example.b, **example.options), example.x)
    want, to_all = vjp(Convolution(blocks, example.b, **example.options | {"groups": 1}), example.x)
    dx, dW, _ = pullback(example.dout)
    dx_of_all, dW_of_all, _ = to_all(example.dout)
    assert np.array_equal(out, want)
    assert np.array_equal(dx, dx_of_all)
    assert np.array_equal(dW, np.concatenate([dW_of_all[block] for block in kept]))


@given(examples())
def test_a_dilation_puts_zeros_between_the_weights(example):
    steps = tuple(slice(None, None, axis.dilation) for axis in example.axes)
    apart = np.zeros((*example.W.shape[:2], *(axis.span for axis in example.axes)))
    apart[:, :, *steps] = example.W
    out, pullback = vjp(Convolution(example.W, example.b, **example.options), example.x)
    want, to_all = vjp(Convolution(apart, example.b, **example.options | {"dilation": 1}), example.x)
    dx, dW, _ = pullback(example.dout)
    dx_of_all, dW_of_all, _ = to_all(example.dout)
    assert np.array_equal(out, want)
    assert np.array_equal(dx, dx_of_all)
    assert np.array_equal(dW, dW_of_all[:, :, *steps])


@given(examples())
def test_a_stride_leaves_places_out(example):
    steps = tuple(slice(None, None, axis.stride) for axis in example.axes)
    out, pullback = vjp(Convolution(example.W, example.b, **example.options), example.x)
    whole_out, to_all = vjp(Convolution(example.W, example.b, **example.options | {"stride": 1}), example.x)
    assert np.array_equal(out, whole_out[:, :, *steps])
    among_zeros = np.zeros(whole_out.shape)
    among_zeros[:, :, *steps] = example.dout
    for grad, want in zip(pullback(example.dout), to_all(among_zeros), strict=True):
        assert np.array_equal(grad, want)


@given(examples())
def test_padding_is_a_frame_of_zeros_that_is_cut_off_from_the_gradient(example):
    frame = [(0, 0), (0, 0), *(axis.pad for axis in example.axes)]
    inside = tuple(slice(axis.pad[0], axis.pad[0] + axis.length) for axis in example.axes)
    out, pullback = vjp(Convolution(example.W, example.b, **example.options), example.x)
    framed, to_framed = vjp(
        Convolution(example.W, example.b, **example.options | {"pad": 0}), np.pad(example.x, frame)
    )
    assert np.array_equal(out, framed)
    dx, dW, db = to_framed(example.dout)
    for grad, want in zip(pullback(example.dout), (dx[:, :, *inside], dW, db), strict=True):
        assert np.array_equal(grad, want)


def test_weights_of_one_tap_are_affine_over_channels():
    x, W, b, dout = whole(0, 2, 4, 3, 5), whole(1, 6, 4), whole(2, 6), whole(3, 2, 6, 3, 5)
    out, pullback = vjp(Convolution(W[:, :, np.newaxis, np.newaxis], b), x)
    want, to_rows = vjp(Affine(W.T, b), np.moveaxis(x, 1, -1))
    dx, dW, db = pullback(dout)
    dx_of_rows, dW_of_rows, db_of_rows = to_rows(np.moveaxis(dout, 1, -1))
    assert np.array_equal(out, np.moveaxis(want, -1, 1))
    assert np.array_equal(dx, np.moveaxis(dx_of_rows, -1, 1))
    assert np.array_equal(dW[:, :, 0, 0], dW_of_rows.T)
    assert np.array_equal(db, db_of_rows)


@given(examples(), st.data())
def test_what_moves_by_a_stride_comes_out_moved_by_one_place(example, data):
    along = data.draw(st.integers(0, len(example.axes) - 1))
    x = np.pad(example.x, [(0, 0), (0, 0), *[(7, 7)] * len(example.axes)])
    moved = np.delete(x, range(example.axes[along].stride), 2 + along)
    convolution = Convolution(example.W, example.b, **example.options | {"pad": 0})
    later = np.delete(convolution.forward(x), 0, 2 + along)
    assert np.array_equal(convolution.forward(moved), later)


def test_several_leading_axes_are_one_after_the_other_and_none_is_one_sample():
    x, W, b = whole(0, 2, 3, 4, 6, 5), whole(1, 2, 4, 3, 2), whole(2, 2)
    for layer, weights in [(Convolution, W), (ConvolutionTranspose, W.swapaxes(0, 1))]:
        out, pullback = vjp(layer(weights, b, stride=2), x)
        grads = pullback(out)
        of_samples = [vjp(layer(weights, b, stride=2), sample) for sample in x.reshape(6, 4, 6, 5)]
        assert np.array_equal(out, np.reshape([sample for sample, _ in of_samples], out.shape))
        dx, dW, db = zip(*(pull(sample) for sample, pull in of_samples), strict=True)
        assert np.array_equal(grads[0], np.reshape(dx, x.shape))
        assert np.array_equal(grads[1], np.sum(dW, axis=0))
        assert np.array_equal(grads[2], np.sum(db, axis=0))


# Padding by name


@given(LENGTH := st.integers(0, 9), st.integers(1, 4), st.integers(1, 3), st.integers(1, 2))
def test_same_padding_lets_a_window_start_at_every_stride(length, size, stride, dilation):
    layer = Convolution(np.ones((1, 1, size)), [0.0], stride, "same", dilation)
    assert layer.forward(np.ones((1, length))).shape == (1, -(-length // stride))
    (axis,) = layer.axes
    assert axis.high - axis.low in (0, 1)


@pytest.mark.parametrize(
    ("length", "size", "stride", "pad"), [(5, 2, 1, (0, 1)), (6, 3, 2, (0, 1)), (5, 3, 2, (1, 1)), (6, 1, 3, (0, 0))]
)
def test_same_padding_has_more_behind(length, size, stride, pad):
    x, W = whole(0, 1, length), whole(1, 1, 1, size)
    want = Convolution(W, [0.0], stride, (pad,)).forward(x)
    assert np.array_equal(Convolution(W, [0.0], stride, "same").forward(x), want)


@pytest.mark.parametrize("dilation", [1, 2])
def test_causal_padding_lets_nothing_be_seen_before_it_has_come(dilation):
    x, W, b = whole(0, 2, 6), whole(1, 3, 2, 3), whole(2, 3)
    out, pullback = vjp(Convolution(W, b, 1, "causal", dilation), x)
    assert out.shape == (3, 6)
    for t in range(6):
        unknown = np.where(np.arange(6) > t, np.nan, x)
        assert np.array_equal(Convolution(W, b, 1, "causal", dilation).forward(unknown)[:, : t + 1], out[:, : t + 1])
        assert not pullback(np.where(np.arange(6) == t, 1.0, 0.0) * np.ones((3, 1)))[0][:, t + 1 :].any()


@pytest.mark.parametrize("pad", ["same", "causal"])
@each_layer
def test_where_there_is_no_space_padding_by_name_makes_none(layer, pad):
    out, pullback = vjp(layer(np.ones((2, 2, 3)), np.ones(2), stride=2, pad=pad), np.zeros((5, 2, 0)))
    assert out.shape == (5, 2, 0)
    dx, dW, db = pullback(out)
    assert dx.shape == (5, 2, 0)
    assert not dW.any()
    assert not db.any()


@given(st.sampled_from(["same", "causal"]), st.integers(1, 5), st.integers(1, 3), st.integers(1, 4), SEEDS)
def test_transposed_with_padding_by_name_multiplies_the_length_by_the_stride(pad, length, stride, size, seed):
    x, W = whole(seed, 3, length), whole(seed + 1, 3, 2, size)
    out, pullback = vjp(ConvolutionTranspose(W, np.zeros(2), stride, pad), x)
    assert out.shape == (2, length * stride)
    back, to_out = vjp(Convolution(W, np.zeros(3), stride, pad), out)
    assert np.array_equal(pullback(out)[0], back)
    assert np.array_equal(to_out(x)[0], out)


# Edges


@pytest.mark.parametrize("heard", [1.0, np.inf, np.nan])
def test_the_end_that_no_window_reaches_hears_0_whatever_dout_is(heard):
    _, pullback = vjp(Convolution(np.ones((1, 1, 2)), [0.0], stride=3), np.ones((1, 7)))
    dx, _, _ = pullback(np.full((1, 2), heard))
    assert np.array_equal(dx, [[heard, heard, 0.0, heard, heard, 0.0, 0.0]], equal_nan=True)


@pytest.mark.parametrize("held", [np.inf, np.nan])
def test_what_no_window_sees_may_hold_anything(held):
    x = np.array([[1.0, 2.0, held, 3.0, 4.0, held, held]])
    out, pullback = vjp(Convolution([[[1.0, 10.0]]], [0.0], stride=3), x)
    assert out.tolist() == [[21.0, 43.0]]
    assert pullback(np.ones((1, 2)))[1].tolist() == [[[4.0, 6.0]]]


@pytest.mark.parametrize("held", [np.inf, np.nan])
def test_padding_does_not_hear_what_is_not_finite(held):
    # the middle tap alone sees an entry
    _, pullback = vjp(Convolution([[[1.0, 1.0, 1.0]]], [0.0], pad=1), [[5.0]])
    assert np.array_equal(pullback([[held]])[1], [[[0.0, held, 0.0]]], equal_nan=True)
    _, pullback = vjp(ConvolutionTranspose([[[1.0, 1.0, 1.0]]], [0.0], pad=1), [[held]])
    assert np.array_equal(pullback([[5.0]])[1], [[[0.0, held, 0.0]]], equal_nan=True)


@each_layer
def test_without_channels_out_is_the_bias(layer):
    W = np.ones((2, 0, 3)) if layer is Convolution else np.ones((0, 2, 3))
    out, pullback = vjp(layer(W, [5.0, 7.0], pad=1), np.ones((4, 0, 6)))
    assert np.array_equal(out, np.broadcast_to([[5.0], [7.0]], (4, 2, 6)))
    dx, dW, db = pullback(out)
    assert (dx.shape, dW.shape) == ((4, 0, 6), W.shape)
    assert db.tolist() == [120.0, 168.0]


def test_numbers_behind_the_last_window_of_a_transposed_one_get_the_bias_alone():
    layer = ConvolutionTranspose(np.ones((1, 1, 1)), [5.0], stride=3, out_pad=2)
    assert layer.forward([[1.0, 2.0]]).tolist() == [[6.0, 5.0, 5.0, 7.0, 5.0, 5.0]]


# Dtypes, range and memory


def test_float16_overflows_in_its_result_alone_and_not_on_the_way():
    W = np.full((2, 100, 3), 16, np.float16)
    W[:, ::2] *= -1
    x = np.full((100, 50), 100, np.float16)
    out, pullback = vjp(Convolution(W, np.ones(2, np.float16)), x)
    assert out.dtype == np.float16
    assert np.all(out == 1)
    with np.errstate(all="raise"):
        dx, _, db = pullback(np.full(out.shape, 900, np.float16))
    assert dx.dtype == db.dtype == np.float16
    assert np.all(np.abs(dx[:, 5:-5]) == np.inf)
    assert np.all(db == 43200)


@each_layer
def test_dtypes_are_those_of_what_they_are_gradients_of(layer):
    convolution = layer(np.ones((2, 2, 3), np.float32), np.ones(2, np.float16))
    assert convolution.forward(np.ones((2, 5), np.float64)).dtype == np.float64
    assert convolution.backward(np.ones(convolution.out_shape, np.float32)).dtype == np.float64
    assert (convolution.dW.dtype, convolution.db.dtype) == (np.float32, np.float16)
    assert layer(np.ones((2, 2, 3), np.float32), np.ones(2)).forward(np.ones((2, 5), np.float32)).dtype == np.float64


@each_layer
def test_a_bias_in_float64_keeps_its_digits_beside_float32(layer):
    out = layer(np.zeros((1, 1, 1), np.float32), [1 + 1e-12]).forward(np.ones((1, 1), np.float32))
    assert out == 1 + 1e-12


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_gradients_that_many_places_add_to_do_not_stagnate(dtype):
    places = {np.float16: 4096, np.float32: 2**24}[dtype] + 8
    _, pullback = vjp(Convolution(np.ones((1, 1, 1), dtype), np.zeros(1, dtype)), np.ones((4, 1, places // 4), dtype))
    _, dW, db = pullback(np.ones((4, 1, places // 4), dtype))
    assert dW == db == places


def test_a_bias_hears_from_many_samples_of_few_places_without_stagnating():
    # added one by one in float32, ones would be lost beside 2²⁴
    dout = np.ones((9, 2, 1), np.float32)
    dout[0] = 2**24
    convolution = Convolution(np.ones((2, 1, 1), np.float32), np.zeros(2, np.float32))
    convolution.forward(np.ones((9, 1, 1), np.float32))
    convolution.backward(dout)
    assert convolution.db.tolist() == [2**24 + 8] * 2


def test_what_blocks_of_samples_add_to_weights_is_rounded_once():
    x = np.random.default_rng(0).integers(0, 128, (2**20, 1, 1)).astype(np.float32)
    _, pullback = vjp(Convolution(np.ones((1, 1, 1), np.float32), np.zeros(1, np.float32)), x)
    # the sum of a block is exact in float32, and that of all blocks is not
    assert pullback(np.ones_like(x))[1] == np.float32(x.sum(dtype=np.float64))


@each_layer
def test_windows_are_not_made_of_all_samples_at_once(layer):
    x, dout, W = np.ones((64, 8, 32, 32)), np.ones((64, 8, 32, 32)), np.ones((8, 8, 5, 5))
    convolution = layer(W, np.ones(8), pad="same")
    tracemalloc.start()
    try:
        convolution.forward(x)
        convolution.backward(dout)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # out and dx are as large as x; the windows of all would take 25 times as much
    assert peak < 3.5 * x.nbytes


# Errors


@pytest.mark.parametrize("shape", [(2, 5), (3, 4), (5,), (), (1, 2, 4, 5)])
def test_x_that_does_not_fit_w_is_named_with_both_shapes(shape):
    expected = "expected (..., 4, any, any), because W.shape is (6, 2, 3, 2) and groups is 2"
    with raises(ValueError, f"Convolution.forward: x.shape is {shape}; {expected}"):
        Convolution(np.ones((6, 2, 3, 2)), np.ones(6), groups=2).forward(np.ones(shape))


def test_x_of_a_transposed_one_has_as_many_channels_as_w_is_long():
    message = "x.shape is (2, 5); expected (..., 4, any), because W.shape is (4, 2, 3)"
    with raises(ValueError, f"ConvolutionTranspose.forward: {message}"):
        ConvolutionTranspose(np.ones((4, 2, 3)), np.ones(2)).forward(np.ones((2, 5)))


@pytest.mark.parametrize(("pad", "dilation"), [("valid", 1), (0, 1), ([(0, 1)], 2)])
def test_a_window_longer_than_x_with_its_padding_is_named_with_the_lengths(pad, dilation):
    low, high = (0, 1) if dilation == 2 else (0, 0)
    expected = f"expected {3 + high} at most, because x is 3 long there, with {low} and {high} of padding"
    layer = Convolution(np.ones((1, 1, 2, 4))[:, :, 0], [0.0], 1, pad, dilation)
    with raises(ValueError, f"Convolution.forward: a window spans {3 * dilation + 1} numbers of axis -1; {expected}"):
        layer.forward(np.ones((1, 3)))
    assert not hasattr(layer, "x")


@pytest.mark.parametrize("W", [np.ones((2, 3)), np.ones(4), np.ones((2, 3, 0)), np.ones((2, 3, 4, 0))])
@each_layer
def test_weights_without_taps_are_refused(layer, W):
    expected = "two axes of channels, and one or more of space that are not empty"
    message = f"W.shape is {W.shape}; expected {expected}, because there is a weight for each tap of a window"
    with raises(ValueError, f"{layer.__name__}: {message}"):
        layer(W, np.ones(2))


@pytest.mark.parametrize("groups", [0, -1, 4, 12])
@each_layer
def test_groups_that_do_not_cut_into_equal_parts_are_refused(layer, groups):
    because = "it cuts the 6 channels of W.shape (6, 2, 3) into equal parts"
    with raises(ValueError, f"{layer.__name__}: groups is {groups}; expected a divisor, because {because}"):
        layer(np.ones((6, 2, 3)), np.ones(6), groups=groups)


@pytest.mark.parametrize(("layer", "channels"), [(Convolution, 6), (ConvolutionTranspose, 4)])
def test_a_bias_that_would_be_broadcast_is_refused(layer, channels):
    message = f"b.shape is (1,); expected ({channels},), because W.shape is (6, 2, 3) and groups is 2"
    with raises(ValueError, f"{layer.__name__}: {message}"):
        layer(np.ones((6, 2, 3)), np.ones(1), groups=2)
    replaced = layer(np.ones((6, 2, 3)), np.ones(channels), groups=2)
    replaced.b = np.ones(1)
    with raises(ValueError, f"{layer.__name__}.forward: {message}"):
        replaced.forward(np.ones((4 if layer is Convolution else 6, 5)))


@pytest.mark.parametrize(
    ("option", "wrong", "least"),
    [("stride", 0, 1), ("stride", (1,), 1), ("stride", [1, -1], 1), ("dilation", 0, 1), ("dilation", (1, 2, 3), 1)],
)
@each_layer
def test_an_option_of_other_numbers_than_there_may_be_is_named(layer, option, wrong, least):
    expected = f"{least} or more, or 2 such numbers, one for each axis of space"
    with raises(ValueError, f"{layer.__name__}.forward: {option} is {wrong}; expected {expected}"):
        layer(np.ones((1, 1, 2, 2)), [0.0], **{option: wrong}).forward(np.ones((1, 5, 5)))


@pytest.mark.parametrize("wrong", [-1, (1,), [0, -1]])
def test_numbers_behind_the_last_window_are_0_or_more_on_each_axis(wrong):
    expected = "0 or more, or 2 such numbers, one for each axis of space"
    with raises(ValueError, f"ConvolutionTranspose.forward: out_pad is {wrong}; expected {expected}"):
        ConvolutionTranspose(np.ones((1, 1, 2, 2)), [0.0], stride=2, out_pad=wrong).forward(np.ones((1, 5, 5)))


@pytest.mark.parametrize("pad", [-1, (1,), (1, -1), ((0, 1),), ((0, 1, 2), 0), ((0, -1), 0)])
def test_padding_of_other_numbers_than_there_may_be_is_named(pad):
    expected = "0 or more, or 2 such numbers or pairs (before, after), one for each axis of space"
    with raises(ValueError, f"Convolution.forward: pad is {pad}; expected {expected}"):
        Convolution(np.ones((1, 1, 2, 2)), [0.0], pad=pad).forward(np.ones((1, 5, 5)))


def test_padding_of_another_name_is_told_which_there_are():
    message = "pad is 'SAME'; expected numbers, or one of valid, same, causal"
    with raises(ValueError, f"Convolution.forward: {message}"):
        Convolution(np.ones((1, 1, 2)), [0.0], pad="SAME").forward(np.ones((1, 5)))


@pytest.mark.parametrize("option", ["stride", "pad", "dilation", "groups"])
def test_options_are_whole_numbers(option):
    with pytest.raises(TypeError, match=rf"^Convolution.*: {option} is 1\.5; expected a whole number"):
        Convolution(np.ones((2, 2, 2)), np.zeros(2), **{option: 1.5}).forward(np.ones((2, 5)))


@pytest.mark.parametrize(
    ("changed", "length"), [({"out_pad": 2}, 7), ({"pad": 3}, -1), ({"pad": "same", "out_pad": 1}, 5)]
)
def test_a_transposed_one_that_no_convolution_goes_back_from_is_named_with_the_lengths(changed, length):
    layer = ConvolutionTranspose(np.ones((1, 1, 3)), [0.0], **{"stride": 2} | changed)
    found = f"out is {length} long on axis -1; expected one from 0 with room for 2 windows, because x is 2 long there"
    with pytest.raises(ValueError, match=f"^{re.escape(f'ConvolutionTranspose.forward: {found}')}, with stride 2"):
        layer.forward(np.ones((1, 2)))


def test_a_dout_that_repeats_one_number_in_memory_is_summed_as_accurately():
    convolution = Convolution(np.ones((1, 1, 1), np.float32), np.zeros(1, np.float32))
    out = convolution.forward(np.full((1, 40_000), 0.1, np.float32))
    convolution.backward(np.broadcast_to(np.float32(0.1), out.shape))
    np.testing.assert_allclose(convolution.dW.ravel(), 400, rtol=2e-5)
