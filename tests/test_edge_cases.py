import warnings
from functools import partial

import jax
import numpy as np
import pytest

from handgrad import (
    Abs,
    Add,
    Affine,
    Clip,
    Divide,
    Elu,
    Exp,
    Gelu,
    Glu,
    HardSwish,
    IdentityWithLoss,
    LeakyRelu,
    Log,
    LogSigmoid,
    LogSumExp,
    MatMul,
    Max,
    Maximum,
    Mean,
    Min,
    Minimum,
    Multiply,
    Power,
    Reciprocal,
    Relu,
    Reshape,
    Sigmoid,
    Silu,
    Slice,
    SoftmaxWithLoss,
    Softplus,
    Sqrt,
    Stack,
    Subtract,
    Sum,
    Take,
    Tanh,
    Transpose,
    Where,
    vjp,
)
from handgrad.layer import in_order
from tests.layers import each_example, each_loss, gradients, run

cube, inverse_root = partial(Power, 3), partial(Power, -0.5)
ACTIVATIONS = [Relu, LeakyRelu, Clip, Abs, Sigmoid, Tanh, Softplus, LogSigmoid, Elu, HardSwish, Silu, Gelu]
ELEMENTWISE = [*ACTIVATIONS, Exp, Log, Reciprocal, Sqrt, cube, inverse_root]
REDUCTIONS = [Sum, Mean, Max, Min]


def slope(layer, x, dout=1.0):
    layer.forward(x)
    return layer.backward(np.full(np.shape(x), dout))


# Activations


def test_relu_at_zero_has_gradient_0():
    assert np.array_equal(slope(Relu(), [0.0, -0.0]), [0.0, 0.0])


def test_relu_at_nan_is_nan_with_gradient_0():
    assert np.isnan(Relu().forward([np.nan])).all()
    assert np.array_equal(slope(Relu(), [np.nan]), [0.0])


def test_relu_at_infinity_passes_or_blocks():
    assert np.array_equal(Relu().forward([np.inf, -np.inf]), [np.inf, 0.0])
    assert np.array_equal(slope(Relu(), [np.inf, -np.inf]), [1.0, 0.0])


@pytest.mark.parametrize("dout", [np.inf, -np.inf, np.nan])
def test_relu_blocks_also_what_is_not_finite(dout):
    assert np.array_equal(slope(Relu(), [-1.0, 0.0, -np.inf, np.nan], dout), [0.0, 0.0, 0.0, 0.0])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_sigmoid_far_out_is_0_or_1_with_gradient_0_and_no_warning(dtype):
    x = np.array([-np.inf, -1e4, 1e4, np.inf], dtype)
    with np.errstate(all="raise"):
        assert np.array_equal(Sigmoid().forward(x), [0.0, 0.0, 1.0, 1.0])
        assert np.array_equal(slope(Sigmoid(), x), [0.0, 0.0, 0.0, 0.0])


def test_sigmoid_of_large_negative_numbers_keeps_its_relative_accuracy():
    # an exponential, a sum and a quotient
    rtol = 4 * np.finfo(np.float64).eps
    np.testing.assert_allclose(Sigmoid().forward(-100.0), 3.7200759760208356e-44, rtol=rtol)
    np.testing.assert_allclose(slope(Sigmoid(), -100.0), 3.7200759760208356e-44, rtol=rtol)
    rtol = 4 * np.finfo(np.float32).eps
    np.testing.assert_allclose(Sigmoid().forward(np.float32(-80)), 1.8048513878454153e-35, rtol=rtol)


@pytest.mark.parametrize(("dtype", "vanishes"), [(np.float32, 18), (np.float64, 37)])
def test_slope_of_sigmoid_is_exactly_0_from_where_its_value_rounds_to_1(dtype, vanishes):
    assert slope(Sigmoid(), np.array(vanishes, dtype)) == 0
    assert slope(Sigmoid(), np.array(vanishes - 1, dtype)) > 0


# Batches


def test_affine_of_no_rows_is_empty_with_gradients_of_zeros():
    affine = Affine(np.ones((2, 3)), np.ones(3))
    assert affine.forward(np.zeros((0, 2))).shape == (0, 3)
    assert affine.backward(np.zeros((0, 3))).shape == (0, 2)
    assert np.array_equal(affine.dW, np.zeros((2, 3)))
    assert np.array_equal(affine.db, np.zeros(3))


def test_matmul_of_no_rows_has_gradients_of_zeros():
    _, pullback = vjp(MatMul(), np.zeros((0, 2)), np.ones((2, 3)))
    da, db = pullback(np.zeros((0, 3)))
    assert da.shape == (0, 2)
    assert np.array_equal(db, np.zeros((2, 3)))


@each_loss
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_loss_of_no_rows_is_0_with_an_empty_gradient(loss, dtype):
    value, dx = run(loss(), np.zeros((0, 3), dtype), np.zeros((0, 3), dtype))
    assert value == 0
    assert (value.dtype, dx.dtype, dx.shape) == (dtype, dtype, (0, 3))


def test_a_loss_of_no_rows_takes_no_class_indices():
    value, dx = run(SoftmaxWithLoss(), np.zeros((0, 3)), np.zeros(0, np.int64))
    assert value == 0
    assert dx.shape == (0, 3)


def test_affine_of_one_sample_through_a_square_matrix_has_an_outer_product_for_its_weights():
    affine = Affine(np.eye(2), np.zeros(2))
    affine.forward([2.0, 5.0])
    affine.backward([1.0, 3.0])
    assert np.array_equal(affine.dW, [[2.0, 6.0], [5.0, 15.0]])
    assert np.array_equal(affine.db, [1.0, 3.0])


@pytest.mark.parametrize(
    ("make", "inputs"),
    [
        *((make, [2.0]) for make in [*ELEMENTWISE, *REDUCTIONS, Transpose]),
        *((make, [2.0, 3.0]) for make in [Add, Subtract, Multiply, Divide, Maximum, Minimum, partial(Where, True)]),
        (MatMul, [[2.0], [3.0]]),
        (partial(Reshape, ()), [[2.0]]),
        (partial(Slice, 0), [[2.0]]),
        (partial(Take, 0), [[2.0]]),
    ],
)
def test_results_that_are_single_numbers_are_arrays_too(make, inputs):
    layer = make()
    out = layer.forward(*inputs)
    for result in (out, *gradients(layer, np.ones(()))):
        assert type(result) is np.ndarray


@pytest.mark.parametrize("t", [1, [0.0, 1.0, 0.0]])
def test_loss_of_one_sample_is_not_divided_by_the_number_of_classes(t):
    value, dx = run(SoftmaxWithLoss(), [0.0, 0.0, 0.0], t)
    # log and a third are rounded once each
    np.testing.assert_allclose(value, np.log(3), rtol=np.finfo(np.float64).eps)
    np.testing.assert_allclose(dx, [1 / 3, -2 / 3, 1 / 3], rtol=np.finfo(np.float64).eps)


def test_squared_error_of_one_sample_is_not_divided_by_its_length():
    value, dx = run(IdentityWithLoss(), [3.0, 4.0], [0.0, 0.0])
    assert value == 12.5
    assert np.array_equal(dx, [3.0, 4.0])


# Targets


def test_labels_are_told_from_one_hot_rows_by_their_axes_where_there_is_one_class():
    as_indices, dx_of_indices = run(SoftmaxWithLoss(), [[5.0], [7.0]], [0, 0])
    as_rows, dx_of_rows = run(SoftmaxWithLoss(), [[5.0], [7.0]], [[1], [1]])
    assert as_indices == as_rows == 0
    assert not dx_of_indices.any()
    assert not dx_of_rows.any()


def test_as_many_labels_as_classes_are_still_labels():
    value, dx = run(SoftmaxWithLoss(), np.zeros((2, 2)), [1, 1])
    assert value == np.log(2)
    assert np.array_equal(dx, [[0.25, -0.25], [0.25, -0.25]])


def test_soft_targets_are_followed_by_forward_and_backward_alike():
    value, dx = run(SoftmaxWithLoss(), [0.0, 0.0], [0.25, 0.75])
    assert value == np.log(2)
    assert np.array_equal(dx, [0.25, -0.25])


def test_soft_targets_that_do_not_sum_to_1_have_the_gradient_of_what_forward_computes():
    value, dx = run(SoftmaxWithLoss(), [0.0, 0.0], [3.0, 1.0])
    # log 2 times 4 is exact, twice log 2 and three times it are rounded
    np.testing.assert_allclose(value, 4 * np.log(2), rtol=np.finfo(np.float64).eps)
    assert np.array_equal(dx, [-1.0, 1.0])


# Scores


@pytest.mark.parametrize("t", [0, [1.0, 0.0]])
def test_loss_of_a_target_whose_probability_underflows_is_exact(t):
    value, dx = run(SoftmaxWithLoss(), [0.0, 100.0], t)
    assert value == 100.0
    assert np.array_equal(dx, [-1.0, 1.0])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_large_scores_give_a_finite_loss_and_a_gradient_that_sums_to_0(dtype):
    x = np.array([[1e4, -1e4, 0.0], [-1e4, 1e4, 1e4]], dtype)
    value, dx = run(SoftmaxWithLoss(), x, [1, 0])
    # log 2 of the second row, half of which is all but lost beside 2e4
    np.testing.assert_allclose(value, 2e4 + np.log(2) / 2, rtol=np.finfo(dtype).eps)
    assert np.array_equal(dx, [[0.5, -0.5, 0.0], [-0.5, 0.25, 0.25]])
    assert np.array_equal(dx.sum(axis=-1), [0.0, 0.0])


@pytest.mark.parametrize("t", [0, [1.0, 0.0, 0.0]])
def test_a_class_that_is_ruled_out_has_probability_0_and_gradient_0(t):
    layer = SoftmaxWithLoss()
    value, dx = run(layer, [0.0, -np.inf, 0.0], t)
    assert value == np.log(2)
    assert np.array_equal(layer.y, [0.5, 0.0, 0.5])
    assert np.array_equal(dx, [-0.5, 0.0, 0.5])


@pytest.mark.parametrize("t", [1, [0.0, 1.0, 0.0]])
def test_a_target_that_is_ruled_out_costs_infinitely_much(t):
    value, dx = run(SoftmaxWithLoss(), [0.0, -np.inf, 0.0], t)
    assert value == np.inf
    assert np.array_equal(dx, [0.5, -1.0, 0.5])


# Masks


@each_loss
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("held", [0.0, np.nan, np.inf, -np.inf])
def test_everything_masked_gives_loss_0_and_zero_gradients_without_warning(loss, dtype, held):
    x = np.full((2, 3), held, dtype)
    with np.errstate(all="raise"):
        value, dx = run(loss(), x, x, mask=[False, False])
    assert value == 0
    assert np.array_equal(dx, np.zeros((2, 3)))
    assert (value.dtype, dx.dtype) == (dtype, dtype)


@each_loss
@pytest.mark.parametrize("held", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dout", [1.0, -3.0, np.inf, np.nan])
def test_masked_entries_have_no_influence_whatever_they_hold(loss, held, dout):
    x, t, mask = np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([[1.0, 0.0], [0.0, 1.0]]), [True, False]
    clean, poisoned = loss(), loss()
    want = clean.forward(x, t, mask)
    x, t = x.copy(), t.copy()
    x[1], t[1] = held, held
    assert poisoned.forward(x, t, mask) == want
    assert np.array_equal(poisoned.backward(dout), clean.backward(dout), equal_nan=True)
    assert np.array_equal(poisoned.backward(dout)[1], [0.0, 0.0])


def test_masked_labels_need_not_exist_where_there_are_no_classes():
    value, dx = run(SoftmaxWithLoss(), np.zeros((2, 0)), [0, -1], [False, False])
    assert value == 0
    assert dx.shape == (2, 0)


# Dtypes


@pytest.mark.parametrize("dtype", [np.bool_, np.int8, np.uint8, np.int64, np.uint64])
@each_example
def test_integers_and_booleans_are_computed_in_float64(example, dtype):
    whole = example.changed(lambda each: (each > 0).astype(dtype))
    floating = example.changed(lambda each: (each > 0).astype(np.float64))
    out, pullback = whole.vjp(whole.make())
    want, want_pullback = floating.vjp(floating.make())
    results, expected = [*in_order(out), *pullback(example.dout)], [*in_order(want), *want_pullback(example.dout)]
    for got, wanted in zip(results, expected, strict=True):
        assert got.dtype == np.float64
        assert np.array_equal(got, wanted, equal_nan=True)


@each_example
def test_results_are_in_native_byte_order_whatever_that_of_the_inputs(example):
    def swapped(array):
        return array.astype(array.dtype.newbyteorder("S"))

    foreign = example.changed(swapped, "fib")
    out, pullback = foreign.vjp(foreign.make())
    want, want_pullback = example.vjp(example.make())
    results = [*in_order(out), *pullback(jax.tree.map(swapped, example.dout))]
    expected = [*in_order(want), *want_pullback(example.dout)]
    for got, native in zip(results, expected, strict=True):
        assert got.dtype.isnative
        assert got.dtype == native.dtype
        assert np.array_equal(got, native, equal_nan=True)


def test_targets_of_float16_may_sum_to_more_than_it_holds():
    layer = SoftmaxWithLoss()
    layer.forward(np.zeros(2, np.float16), np.full(2, 60_000, np.float16))
    assert layer.backward().tolist() == [0, 0]


def test_softmax_with_loss_of_float16_takes_a_dout_as_large_as_loss_scaling_has_it():
    x, exact = [5.0, 0.0, -3.0], SoftmaxWithLoss()
    exact.forward(x, 0)
    layer = SoftmaxWithLoss()
    layer.forward(np.array(x, np.float16), 0)
    np.testing.assert_allclose(layer.backward(1e5), exact.backward(1e5), rtol=float(np.finfo(np.float16).eps))


@pytest.mark.parametrize(("loss", "t"), [(SoftmaxWithLoss, 0), (IdentityWithLoss, [200.0, 0.0, -3.0])])
def test_a_dout_beyond_the_dtype_does_not_make_nan_of_a_gradient_of_0(loss, t):
    layer = loss()
    layer.forward(np.array([200.0, 0.0, -3.0], np.float32), t)
    assert layer.backward(1e39).tolist() == [0, 0, 0]


def test_bias_of_float32_hears_from_all_of_very_many_rows():
    affine = Affine(np.zeros((1, 2), np.float32), np.zeros(2, np.float32))
    affine.forward(np.zeros((2**20, 1), np.float32))
    affine.backward(np.full((2**20, 2), 0.1, np.float32))  # of two columns NumPy adds row by row
    np.testing.assert_allclose(affine.db, 2**20 * np.float32(0.1), rtol=1e-6)


def test_long_rows_of_scores_are_summed_as_well_in_fortran_order():
    x = np.random.default_rng(0).standard_normal((2, 2**17), np.float32)  # sums of equal numbers may be exact
    assert SoftmaxWithLoss().forward(np.asfortranarray(x), [0, 1]) == SoftmaxWithLoss().forward(x, [0, 1])


def test_bias_of_float16_hears_from_all_of_very_many_rows():
    affine = Affine(np.zeros((1, 2), np.float16), np.zeros(2, np.float16))
    affine.forward(np.zeros((2**17, 1), np.float16))
    affine.backward(np.full((2**17, 2), 0.25, np.float16))
    assert np.array_equal(affine.db, [2.0**15, 2.0**15])


def test_weights_of_float16_hear_from_all_of_very_many_rows():
    affine = Affine(np.zeros((1, 1), np.float16), np.zeros(1, np.float16))
    affine.forward(np.full((2**17, 1), 0.5, np.float16))
    affine.backward(np.full((2**17, 1), 0.5, np.float16))
    assert np.array_equal(affine.dW, [[2.0**15]])


def test_sums_of_float16_may_leave_its_range_on_the_way():
    add = Add()
    add.forward(np.zeros(4, np.float16), np.float16(0))
    _, db = add.backward(np.array([6e4, 6e4, -6e4, -6e4], np.float16))
    assert db == 0


def test_losses_of_float16_neither_overflow_nor_stagnate_over_very_many_rows():
    value, dx = run(IdentityWithLoss(), np.full((70_000, 2), 2, np.float16), np.zeros((70_000, 2), np.float16))
    assert value == 4
    # 2 / 70000, to half an eps, and on the grid of what is below float16's smallest normal number
    np.testing.assert_allclose(dx, 2 / 70_000, rtol=0, atol=0.51 * np.finfo(np.float16).smallest_subnormal)
    value, _ = run(SoftmaxWithLoss(), np.zeros((70_000, 2), np.float16), np.zeros(70_000, np.int64))
    # to half an eps
    np.testing.assert_allclose(value, np.log(2), rtol=0.51 * np.finfo(np.float16).eps)


def test_the_number_of_rows_may_be_beyond_float16():
    _, dx = run(SoftmaxWithLoss(), np.zeros((2**17, 2), np.float16), np.zeros(2**17, np.int64))
    assert np.all(dx == [-(2.0**-18), 2.0**-18])


# Single numbers


@pytest.mark.parametrize("make", ELEMENTWISE)
@pytest.mark.parametrize("x", [2.0, 2, np.float32(2), np.array(2.0), np.array(2, np.int8)])
def test_elementwise_layers_take_numbers_and_arrays_of_no_axes(make, x):
    layer, of_row = make(), make()
    assert layer.forward(x) == of_row.forward(np.array([x]))[0]
    dx = layer.backward(3)
    assert dx.shape == ()
    assert dx == of_row.backward([3])[0]
    assert dx.dtype == (np.float32 if isinstance(x, np.float32) else np.float64)


@pytest.mark.parametrize(
    ("node", "result", "slopes"),
    [
        (Add, 5.0, (1.0, 1.0)),
        (Subtract, -1.0, (1.0, -1.0)),
        (Multiply, 6.0, (3.0, 2.0)),
        (Maximum, 3.0, (0.0, 1.0)),
        (Minimum, 2.0, (1.0, 0.0)),
    ],
)
def test_nodes_of_two_inputs_take_numbers(node, result, slopes):
    layer = node()
    assert layer.forward(2.0, 3) == result
    grads = layer.backward(1.0)
    assert grads == slopes
    assert [grad.shape for grad in grads] == [(), ()]


# Warnings


@pytest.mark.parametrize("make", ELEMENTWISE)
def test_no_finite_number_causes_a_warning(make):
    extremes = np.array([np.finfo(np.float64).max, np.finfo(np.float64).tiny, 1e300, 710.0, 0.0])
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        layer = make()
        layer.forward(np.concatenate([extremes, -extremes]))
        layer.backward(np.full(10, 1e300))


@each_loss
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_no_finite_scores_cause_a_warning(loss, dtype):
    largest = np.finfo(dtype).max
    x = np.array([[largest, -largest, 0.0], [0.0, 0.0, largest]], dtype)
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        layer = loss()
        layer.forward(x, np.eye(3, dtype=dtype)[:2])
        layer.backward(1e300)


def test_affine_of_numbers_that_overflow_causes_no_warning():
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        affine = Affine([[1e300]], [0.0])
        assert affine.forward([1e300]) == np.inf
        assert affine.backward([1e300]) == np.inf


@each_example
def test_a_finite_dout_too_large_for_the_dtype_of_a_gradient_causes_no_warning(example):
    small = example.changed(lambda each: each.astype(np.float32))
    layer = small.make()
    out = small.forward(layer)
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        grads = gradients(layer, jax.tree.map(lambda each: np.full(np.shape(each), 1e300), out))
    assert any(np.isinf(grad).any() for grad in grads)


@pytest.mark.parametrize(
    ("layer", "option", "x"),
    [
        (LeakyRelu(0.25), "slope", [[-1.0, 2.0]]),
        (Elu(0.5), "alpha", [[-1.0, 2.0]]),
        (Softplus(2.0), "beta", [[-1.0, 2.0]]),
        (Glu(-1), "axis", [[-1.0, 2.0], [3.0, 4.0]]),
        (LogSumExp(-1), "keepdims", [[-1.0, 2.0]]),
        (Sum(-1), "axis", [[-1.0, 2.0], [3.0, 4.0]]),
    ],
    ids=lambda each: type(each).__name__ if hasattr(each, "backward") else None,
)
def test_an_option_that_is_changed_after_forward_does_not_reach_its_backward(layer, option, x):
    dout = np.ones_like(layer.forward(x))
    want = layer.backward(dout)
    setattr(layer, option, 1 - getattr(layer, option) or 3)
    assert np.array_equal(layer.backward(dout), want)


@pytest.mark.parametrize(
    ("layer", "option"), [(LeakyRelu(), "slope"), (Elu(), "alpha"), (Softplus(), "beta"), (Glu(), "axis")]
)
def test_a_forward_with_an_option_that_is_none_leaves_the_layer_as_it_was(layer, option):
    x = np.array([[-1.0, 2.0], [3.0, 4.0]])
    dout = np.ones_like(layer.forward(x))
    want = layer.backward(dout)
    setattr(layer, option, "nonsense")
    with pytest.raises(TypeError, match=rf"^{type(layer).__name__}\.forward: {option}"):
        layer.forward(x[:1])
    assert np.array_equal(layer.backward(dout), want)


@pytest.mark.parametrize(
    ("layer", "inputs"),
    [
        (Where([True, False]), (np.array([1, 2], np.float16), -1e9)),
        (Maximum(), (np.array([1, 2], np.float16), 1e9)),
        (Minimum(), (np.array([1, 2], np.float32), -1e300)),
        (Stack(), (np.array(1, np.float32), 1e300)),
    ],
    ids=lambda each: type(each).__name__ if hasattr(each, "backward") else None,
)
def test_a_python_number_too_large_for_the_dtype_beside_it_is_infinite_in_silence(layer, inputs):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isinf(layer.forward(*inputs)).any()


def test_a_mean_of_many_numbers_of_float16_with_an_infinite_one_is_infinite():
    x = np.ones(70_000, np.float16)
    x[0] = np.inf
    assert Mean().forward(x) == np.inf
    assert Mean().forward(-x) == -np.inf


@pytest.mark.parametrize(("axis", "total"), [(0, [0, 0]), (1, [np.inf, -np.inf]), (None, 0)])
def test_a_sum_that_overflows_on_the_way_alone_is_as_large_as_it_is(axis, total):
    x = np.array([[3e38, 3e38], [-3e38, -3e38]], np.float32)
    assert np.array_equal(Sum(axis).forward(x), total)


@pytest.mark.parametrize(
    ("a", "b", "dout", "db"),
    [(1e200, 1e100, 1e250, -1e250), (1e300, 1e10, 1e20, -1e300), (1e-200, 1e-100, 1e-250, -1e-250)],
)
def test_the_gradient_of_a_divisor_does_not_overflow_or_vanish_on_the_way(a, b, dout, db):
    divide = Divide()
    divide.forward(a, b)
    np.testing.assert_allclose(divide.backward(dout)[1], db, rtol=4 * np.finfo(np.float64).eps)


def test_a_largest_number_that_keeps_its_axes_is_an_array_also_where_there_are_none():
    for layer in (Max(keepdims=True), Min(keepdims=True)):
        assert type(layer.forward(3.0)) is np.ndarray
