import math
import re
import warnings

import hypothesis.strategies as st
import mpmath
import numpy as np
import pytest
from hypothesis import given

import handgrad.functions
from handgrad import Add, Divide, Exp, LogSoftmax, LogSumExp, Multiply, Sigmoid, Softmax, Sum, vjp
from tests.drawn import masks, numbers, whole_numbers
from tests.graph import Graph

EPS = np.finfo(np.float64).eps
LAYERS = [Softmax, LogSoftmax, LogSumExp]
NOTHING = {Softmax: 0, LogSoftmax: -np.inf, LogSumExp: -np.inf}
N, C = 4, 3
POISON = st.sampled_from([np.nan, np.inf, -np.inf, 1e300])
AXES = st.sampled_from([0, 1, -1, (0, 1), (1, -3), (2, 0), (0, 1, 2), None, ()])

each_layer = pytest.mark.parametrize("layer", LAYERS)


def run(layer, x, dout=None, **options):
    """Give the output, and the gradient for a dout of both signs."""
    out = layer.forward(x, **options)
    return out, layer.backward(np.cos(np.arange(out.size)).reshape(out.shape) if dout is None else dout)


# What they are made of


@given(numbers((N, C), size=3.0), numbers((N, C), size=3.0))
def test_softmax_equals_its_graph_of_nodes(x, dout):
    graph = Graph()
    exps = graph(Exp(), x)
    y = graph(Divide(), exps, graph(Sum(axis=-1, keepdims=True), exps))
    (dx,) = graph.gradients(y, dout, x)

    out, got = run(Softmax(), x, dout)
    np.testing.assert_allclose(out, y, rtol=16 * EPS)
    # both terms are at most as large as dout, and either is off by some eps
    np.testing.assert_allclose(got, dx, rtol=0, atol=16 * EPS * 3)


@given(numbers((N, C), size=3.0), numbers((N, C), size=3.0))
def test_log_softmax_is_x_less_log_sum_exp(x, dout):
    total, to_total = vjp(LogSumExp(keepdims=True), x)
    minus_total, to_minus = vjp(Multiply(), total, -1.0)
    out, to_terms = vjp(Add(), x, minus_total)
    direct, dminus = to_terms(dout)
    dtotal, _ = to_minus(dminus)
    (through_total,) = to_total(dtotal)

    got, dx = run(LogSoftmax(), x, dout)
    np.testing.assert_allclose(got, out, rtol=0, atol=16 * EPS * 3)
    np.testing.assert_allclose(dx, direct + through_total, rtol=0, atol=16 * EPS * 3 * C)


@given(numbers((N, C)), numbers((N, C), size=3.0))
def test_softmax_is_the_exponential_of_log_softmax(x, dout):
    logs, to_x = vjp(LogSoftmax(), x)
    y, to_logs = vjp(Exp(), logs)
    (dx,) = to_x(*to_logs(dout))
    out, got = run(Softmax(), x, dout)
    # a logarithm of up to 60 is off by 60 eps, by which factor its exponential is
    np.testing.assert_allclose(out, y, rtol=64 * EPS)
    np.testing.assert_allclose(got, dx, rtol=0, atol=64 * EPS * 3)


def test_the_layers_compute_the_functions_of_their_names():
    x = np.linspace(-40, 40, 12).reshape(3, 4)
    assert np.array_equal(Softmax().forward(x), handgrad.functions.softmax(x))
    assert np.array_equal(LogSoftmax().forward(x), handgrad.functions.log_softmax(x))


# Closed forms


@given(st.floats(-30, 30))
def test_softmax_of_two_scores_is_sigmoid_of_their_difference(x):
    sigmoid = Sigmoid()
    out, dx = run(Softmax(), [0.0, x], [0.0, 1.0])
    # an exponential, a sum and a quotient on either side
    np.testing.assert_allclose(out[1], sigmoid.forward(x), rtol=8 * EPS)
    # the slope is y (1 - y), and 1 - y is off by the rounding of y
    np.testing.assert_allclose(dx[1], sigmoid.backward(1.0), rtol=16 * EPS, atol=EPS)


@pytest.mark.parametrize("size", [1, 2, 10, 1000])
def test_scores_that_tie_share_evenly(size):
    # log is rounded twice, here and there
    np.testing.assert_allclose(Softmax().forward(np.full(size, 7.0)), np.full(size, 1 / size), rtol=EPS)
    np.testing.assert_allclose(LogSoftmax().forward(np.full(size, 7.0)), -math.log(size), rtol=2 * EPS)
    np.testing.assert_allclose(LogSumExp().forward(np.zeros(size)), math.log(size), rtol=2 * EPS)


@pytest.mark.parametrize("x", [[1.0, 2.0, 3.0], [-5.0, 0.5, 2.5], [700.0, -700.0, 3.0], [-1e4, -1e4, 7e3]])
def test_log_sum_exp_and_its_slope_equal_mpmath(x):
    with mpmath.workdps(5000):
        exps = [mpmath.exp(each) for each in x]
        want, slope = float(mpmath.log(mpmath.fsum(exps))), [float(each / mpmath.fsum(exps)) for each in exps]
    out, dx = run(LogSumExp(), x, 1.0)
    np.testing.assert_allclose(out, want, rtol=4 * EPS)
    np.testing.assert_allclose(dx, slope, rtol=8 * EPS, atol=1e-300)


@given(numbers((N, C)))
def test_log_sum_exp_is_a_maximum_that_is_smooth(x):
    out = LogSumExp().forward(x)
    assert np.all(out >= x.max(axis=-1))
    assert np.all(out <= x.max(axis=-1) + math.log(C) + 100 * EPS)


# Shifts and sums


@each_layer
@given(data=st.data())
def test_a_shift_of_all_scores_changes_no_gradient_and_the_logarithm_of_the_sum_alone(layer, data):
    x, shift = data.draw(whole_numbers((N, C))), data.draw(whole_numbers((N, 1), -(2**40), 2**40))
    out, dx = run(layer(), x)
    shifted, shifted_dx = run(layer(), x + shift)
    assert np.array_equal(dx, shifted_dx)
    if layer is LogSumExp:
        # as far as the rounding of a sum as large as the shift
        np.testing.assert_allclose(shifted, out + shift[:, 0], rtol=2 * EPS, atol=16 * EPS)
    else:
        assert np.array_equal(out, shifted)


@each_layer
@given(data=st.data())
def test_a_shift_of_all_scores_cannot_be_felt_so_gradients_sum_to_0_or_to_dout(layer, data):
    x, dout = data.draw(numbers((N, C))), data.draw(whole_numbers(N if layer is LogSumExp else (N, C)))
    _, dx = run(layer(), x, dout)
    want = dout if layer is LogSumExp else np.zeros(N)
    # y is rounded in C places, each at most 1, and multiplied by sums of C numbers up to 9
    np.testing.assert_allclose(dx.sum(axis=-1), want, rtol=0, atol=16 * C * 9 * EPS)


# Axes


def signed(out):
    """Give each output a dout of its own, of either sign, also where the output is infinite."""
    return np.tanh(out) - 0.5


def by_rows(layer, axis, x, mask):
    """Take the axes to the end, make them one, run the layer over the last axis, and put everything back."""
    axes = range(x.ndim) if axis is None else np.atleast_1d(np.array(axis, int)) % x.ndim
    rest = [each for each in range(x.ndim) if each not in axes]
    order = [*rest, *axes]
    lengths = [x.shape[each] for each in rest]
    made = layer()
    out = made.forward(*(each.transpose(order).reshape(*lengths, -1) for each in (x, mask)))
    dx = made.backward(signed(out))
    back = np.argsort(order)
    shape = [x.shape[each] for each in order]
    return (out if layer is LogSumExp else out.reshape(shape).transpose(back)), dx.reshape(shape).transpose(back)


@each_layer
@given(data=st.data())
def test_over_any_axes_a_row_is_what_it_is_over_the_last(layer, data):
    x, mask, axis = data.draw(numbers((2, 3, 4))), data.draw(masks((2, 3, 4))), data.draw(AXES)
    want, want_dx = by_rows(layer, axis, x, mask)
    made = layer(axis)
    out = made.forward(x, mask)
    # 24 numbers at most, summed in another order; a logarithm is off by an eps of scores up to 30
    np.testing.assert_allclose(out, want, rtol=24 * EPS, atol=60 * EPS if layer is not Softmax else 0)
    np.testing.assert_allclose(made.backward(signed(out)), want_dx, rtol=24 * EPS, atol=48 * EPS)


@pytest.mark.parametrize("axis", [0, 1, -1, None])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_long_axes_lose_no_more_than_the_last_one(axis, dtype):
    x = np.random.default_rng(0).standard_normal((4099, 1, 3) if axis == 0 else (3, 4099, 2)).astype(dtype)
    if axis == -1:
        x = x.swapaxes(1, 2)
    exps = np.exp(x.astype(np.longdouble))
    total = exps.sum(axis=axis, keepdims=True)
    out, dx = run(LogSumExp(axis, keepdims=True), x, np.log(total).astype(dtype))
    # an exponential, of up to 2.5 units in float32; a sum in pairs of 12 levels and 32 terms, of errors of both signs
    np.testing.assert_allclose(out, np.log(total).astype(np.float64), rtol=4 * np.finfo(dtype).eps)
    np.testing.assert_allclose(dx, (np.log(total) * exps / total).astype(np.float64), rtol=8 * np.finfo(dtype).eps)


@pytest.mark.parametrize(
    ("axis", "shape"), [(0, (1, 3, 4)), (-1, (2, 3, 1)), ((0, 2), (1, 3, 1)), (None, (1, 1, 1)), ((), (2, 3, 4))]
)
def test_keepdims_leaves_a_length_of_1_and_changes_no_number(axis, shape):
    x = np.cos(np.arange(24.0)).reshape(2, 3, 4)
    kept, squeezed = LogSumExp(axis, keepdims=True), LogSumExp(axis)
    out, flat = kept.forward(x), squeezed.forward(x)
    assert out.shape == shape
    assert flat.shape == (shape if axis == () else tuple(length for length in shape if length > 1))
    assert np.array_equal(out.ravel(), flat.ravel())
    assert np.array_equal(kept.backward(2 * out), squeezed.backward(2 * flat))


def test_over_no_axis_every_score_is_alone():
    x = np.array([[1.0, -2.0], [0.0, 800.0]])
    for layer, want, slope in [(Softmax, 1, 0), (LogSoftmax, 0, 0), (LogSumExp, x, 1)]:
        out, dx = run(layer(()), x, np.ones((2, 2)))
        assert np.array_equal(out, np.broadcast_to(want, (2, 2)))
        assert np.array_equal(dx, np.full((2, 2), slope))


@each_layer
@pytest.mark.parametrize("axis", [3, -4, (0, 3), (1, 1), (1, -2)])
def test_an_axis_that_x_does_not_have_or_that_is_named_twice_is_refused(layer, axis):
    message = f"{layer.__name__}.forward: axis is {axis}; expected different ones from -3 to 2, because x.shape is"
    with pytest.raises(ValueError, match=re.escape(message)):
        layer(axis).forward(np.zeros((2, 3, 4)))


@each_layer
@pytest.mark.parametrize("axis", [-1, None, ()])
def test_a_single_number_is_refused(layer, axis):
    because = r"expected one axis or more, because a single number has no other beside it"
    with pytest.raises(ValueError, match=rf"^{layer.__name__}\.forward: x\.shape is \(\); {because}$"):
        layer(axis).forward(3.0)


@each_layer
@pytest.mark.parametrize("axis", [1.0, "0", (0, None)])
def test_an_axis_that_is_no_whole_number_is_refused(layer, axis):
    with pytest.raises(
        TypeError, match=r"axis is .*; expected different ones from -2 to 1, because x\.shape is \(2, 3\)$"
    ):
        layer(axis).forward(np.zeros((2, 3)))


# Masks


@each_layer
@given(data=st.data())
def test_hidden_entries_may_hold_anything_and_have_a_gradient_of_0(layer, data):
    x, mask, axis = data.draw(numbers((2, 3, 4))), data.draw(masks((2, 3, 4))), data.draw(AXES)
    want, want_dx = run(layer(axis), x, mask=mask)
    x[~mask] = data.draw(POISON)
    out, dx = run(layer(axis), x, mask=mask)
    assert np.array_equal(out, want)
    assert np.array_equal(dx, want_dx)
    assert not dx[~mask].any()


@pytest.mark.parametrize("layer", [Softmax, LogSoftmax])
@given(data=st.data())
def test_the_dout_of_hidden_entries_is_ignored(layer, data):
    x, mask, dout = (data.draw(each) for each in (numbers((N, C)), masks((N, C)), numbers((N, C))))
    made = layer()
    made.forward(x, mask)
    want = made.backward(dout)
    dout[~mask] = data.draw(POISON)
    assert np.array_equal(made.backward(dout), want)


@each_layer
@given(data=st.data())
def test_a_hidden_score_is_one_that_is_left_out(layer, data):
    x, at = data.draw(numbers((N, C))), data.draw(st.lists(st.integers(0, C), min_size=1, max_size=5))
    want, want_dx = run(layer(), x, np.cos(x[:, 0]) if layer is LogSumExp else np.cos(x))
    longer, mask = np.insert(x, at, np.nan, axis=1), np.insert(np.ones(C, bool), at, False)
    out, dx = run(layer(), longer, np.cos(x[:, 0]) if layer is LogSumExp else np.cos(longer), mask=mask)
    # the same numbers, summed in another order among zeros
    np.testing.assert_allclose(out if layer is LogSumExp else out[:, mask], want, rtol=8 * EPS, atol=64 * EPS)
    np.testing.assert_allclose(dx[:, mask], want_dx, rtol=8 * EPS, atol=8 * EPS)


@each_layer
@pytest.mark.parametrize("mask", [True, [True, False, True], [[True], [False]]])
def test_a_mask_broadcasts_to_the_shape_of_x(layer, mask):
    x = np.array([[1.0, 2.0, 4.0], [0.0, 7.0, -1.0]])
    out, dx = run(layer(), x, mask=mask)
    whole, whole_dx = run(layer(), x, mask=np.array(np.broadcast_to(mask, (2, 3))))
    assert np.array_equal(out, whole)
    assert np.array_equal(dx, whole_dx)


@each_layer
@pytest.mark.parametrize("mask", [[True, False], [[True], [True], [False]], [[[True, True, False]] * 2]])
def test_a_mask_that_does_not_broadcast_names_both_shapes(layer, mask):
    because = r"expected \(2, 3\) or one that broadcasts to it, because x\.shape is \(2, 3\)"
    with pytest.raises(ValueError, match=rf"^{layer.__name__}\.forward: mask\.shape is .*; {because}$"):
        layer().forward(np.zeros((2, 3)), mask)


@each_layer
@pytest.mark.parametrize("mask", [[1, 0, 1], [0.0, -np.inf, 0.0]])
def test_a_mask_of_numbers_is_refused_since_it_may_be_a_bias(layer, mask):
    expected = "expected bool, True where an entry counts"
    with pytest.raises(TypeError, match=rf"^{layer.__name__}\.forward: mask\.dtype is .*; {expected}$"):
        layer().forward(np.zeros((2, 3)), mask)


@each_layer
def test_a_mask_of_rows_of_different_lengths_is_no_array(layer):
    with pytest.raises(ValueError, match=rf"^{layer.__name__}\.forward: mask is not an array"):
        layer().forward(np.zeros((2, 2)), [[True, False], [True]])


@each_layer
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("held", [0.0, np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dout", [1.0, np.inf, np.nan])
def test_where_nothing_counts_there_is_nothing_and_no_gradient_nor_warning(layer, dtype, held, dout):
    made, x = layer(), np.full((2, 3), held, dtype)
    with np.errstate(all="raise"):
        out = made.forward(x, mask=False)
        dx = made.backward(np.full(out.shape, dout))
    assert np.all(out == NOTHING[layer])
    assert np.array_equal(dx, np.zeros((2, 3)))
    assert (out.dtype, dx.dtype) == (dtype, dtype)


@each_layer
def test_the_mask_decides_and_not_the_values(layer):
    x = np.array([[np.nan, 1.0], [-np.inf, np.nan], [np.nan, np.nan]])
    out, dx = run(layer(), x, mask=[[True, False], [True, False], [False, False]])
    # NaN counts in the first row, and -inf, alone, in the second; nothing does in the third
    assert np.isnan(out[0]).any()
    assert np.isnan(dx[0, 0])
    assert dx[0, 1] == 0
    assert np.all(out[1:] == NOTHING[layer])
    assert np.array_equal(dx[2], [0, 0])


@pytest.mark.parametrize(("layer", "one"), [(Softmax, 1), (LogSoftmax, 0)])
def test_the_only_one_that_counts_takes_all_and_feels_nothing(layer, one):
    out, dx = run(layer(), [-5.0, 3.0, np.nan], mask=[True, False, False])
    assert out.tolist() == [one, NOTHING[layer], NOTHING[layer]]
    assert dx.tolist() == [0, 0, 0]


def test_log_sum_exp_of_the_only_one_that_counts_is_that():
    out, dx = run(LogSumExp(), [-5.0, 3.0, np.nan], 2.0, mask=[True, False, False])
    assert out == -5
    assert dx.tolist() == [2, 0, 0]


# Infinities and NaN


def test_a_score_of_minus_infinity_has_probability_0():
    x, dout = [0.0, -np.inf, 0.0], [1.0, 2.0, 3.0]
    out, dx = run(Softmax(), x, dout)
    assert (out.tolist(), dx.tolist()) == ([0.5, 0, 0.5], [-0.5, 0, 0.5])
    out, dx = run(LogSoftmax(), x, dout)
    assert (out.tolist(), dx.tolist()) == ([-np.log(2), -np.inf, -np.log(2)], [-2, 2, 0])
    out, dx = run(LogSumExp(), x, 3.0)
    assert (out, dx.tolist()) == (np.log(2), [1.5, 0, 1.5])


def test_scores_of_minus_infinity_alone_leave_nothing():
    x = [-np.inf, -np.inf]
    assert [each.tolist() for each in run(Softmax(), x, [1.0, 2.0])] == [[0, 0], [0, 0]]
    assert [each.tolist() for each in run(LogSoftmax(), x, [1.0, 2.0])] == [[-np.inf, -np.inf], [1, 2]]
    assert [each.tolist() for each in run(LogSumExp(), x, 2.0)] == [-np.inf, [0, 0]]


@pytest.mark.parametrize("layer", [Softmax, LogSoftmax])
@pytest.mark.parametrize("special", [np.inf, np.nan])
def test_infinity_and_nan_make_nan_of_their_row_alone(layer, special):
    with np.errstate(all="raise"):
        out, dx = run(layer(), [[special, 0.0], [0.0, 0.0]])
    assert np.isnan(out[0]).all()
    assert np.isnan(dx[0]).all()
    assert np.isfinite(out[1]).all()
    assert np.isfinite(dx[1]).all()


@pytest.mark.parametrize(("other", "want"), [(0.0, np.inf), (-np.inf, np.inf), (np.inf, np.inf), (np.nan, np.nan)])
def test_log_sum_exp_is_infinite_where_a_score_is_and_its_slope_is_nan(other, want):
    out, dx = run(LogSumExp(), [np.inf, other], 1.0)
    assert np.array_equal(out, want, equal_nan=True)
    assert np.isnan(dx).all()


@pytest.mark.parametrize(("layer", "want"), [(LogSoftmax, [0.0, -2e4]), (LogSumExp, 1e4)])
def test_logarithms_are_finite_where_probabilities_underflow_or_exponentials_overflow(layer, want):
    assert np.array_equal(layer().forward([1e4, -1e4]), want)


# Lengths


@each_layer
@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 3), (2, 0, 3)])
def test_no_scores_and_no_rows_give_nothing(layer, shape):
    out, dx = run(layer(), np.zeros(shape))
    assert dx.shape == shape
    assert out.shape == (shape[:-1] if layer is LogSumExp else shape)
    assert np.all(out == NOTHING[layer])


# Dtypes


@each_layer
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("upstream", [np.float16, np.float64, np.int64])
def test_floating_dtypes_are_kept_whatever_the_dtype_of_dout(layer, dtype, upstream):
    made = layer()
    out = made.forward(np.ones((2, 3), dtype), [True, False, True])
    assert out.dtype == dtype
    assert made.backward(np.ones(out.shape, upstream)).dtype == dtype


@each_layer
def test_float16_is_rounded_once(layer):
    x = np.linspace(-4, 4, 2048).reshape(2, 1024).astype(np.float16)
    half = np.finfo(np.float16)
    for got, exact in zip(run(layer(), x), run(layer(), x.astype(np.float64)), strict=True):
        # half an eps is the rounding to float16 itself, and half of its grid of subnormals
        np.testing.assert_allclose(got, exact, rtol=0.51 * half.eps, atol=0.51 * half.smallest_subnormal)


def test_float16_sums_more_scores_than_it_can_count():
    x = np.zeros(70_000, np.float16)
    assert Softmax().forward(x).max() == np.float16(1 / 70_000)
    assert LogSumExp().forward(x) == np.float16(np.log(70_000))


def test_the_output_that_softmax_remembers_is_read_only():
    out = Softmax().forward([1.0, 2.0])
    with pytest.raises(ValueError, match="read-only"):
        out[0] = 7.0


@each_layer
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_no_finite_scores_cause_a_warning(layer, dtype):
    largest = np.finfo(dtype).max
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        made = layer()
        out = made.forward(np.array([[largest, -largest, 0.0], [-largest, -largest, -largest]], dtype))
        made.backward(np.full(out.shape, 1e300))
