import re
import warnings

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from handgrad import (
    Add,
    BatchNorm,
    Divide,
    GroupNorm,
    LayerNorm,
    Mean,
    Multiply,
    Power,
    Sqrt,
    Statistics,
    Subtract,
    vjp,
)
from tests.drawn import masks, numbers, whole_numbers
from tests.graph import Graph

EPS = np.finfo(np.float64).eps
N, C = 5, 4
SHAPE = (3, C, 2, 2)
GAMMA, BETA = np.array([0.5, 1.0, -2.0, 1.5]), np.array([0.0, 1.0, -1.0, 3.0])
GIVEN = Statistics(np.array([0.5, -1.0, 3.0, 0.0]), np.array([1.0, 4.0, 0.25, 0.0]))
IMAGES, ROWS = numbers(SHAPE), numbers((N, C))
POISON = st.sampled_from([np.nan, np.inf, -np.inf, 1e300])
LAYERS = {
    "BatchNorm": lambda **options: BatchNorm(GAMMA, BETA, **options),
    "of given statistics": lambda **options: BatchNorm(GAMMA, BETA, GIVEN, **options),
    "GroupNorm": lambda **options: GroupNorm(GAMMA, BETA, 2, **options),
}

BATCH_NORMS = [name for name in LAYERS if name != "GroupNorm"]

each_layer = pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
each_batch_norm = pytest.mark.parametrize("make", [LAYERS[name] for name in BATCH_NORMS], ids=BATCH_NORMS)


def close(got, want, size):
    """Compare results that differ by some roundings of numbers of a size."""
    np.testing.assert_allclose(got, want, rtol=0, atol=128 * EPS * size)


def run(layer, x, dout, mask=None):
    """Give the output and all gradients."""
    return layer.forward(x, mask), layer.backward(dout), layer.dgamma, layer.dbeta


# What they are made of


@given(ROWS, numbers(C, size=3.0), numbers(C, size=3.0), numbers((N, C), size=3.0))
def test_batch_norm_equals_its_graph_of_nodes(x, gamma, beta, dout):
    eps = 0.25
    graph = Graph()
    c = graph(Subtract(), x, graph(Mean(0), x))
    std = graph(Sqrt(), graph(Add(), graph(Mean(0), graph(Power(2), c)), eps))
    want = graph(Add(), graph(Multiply(), graph(Divide(), c, std), gamma), beta)
    out, pullback = vjp(BatchNorm(gamma, beta, eps=eps), x)
    close(out, want, 10)
    for got, expected in zip(pullback(dout), graph.gradients(want, dout, x, gamma, beta), strict=True):
        close(got, expected, 9 * N / np.sqrt(eps))


@given(IMAGES, numbers(SHAPE, size=3.0))
def test_group_norm_equals_its_graph_of_nodes(x, dout):
    eps = 0.25
    x, dout = (each.reshape(3, 2, 2, 4) for each in (x, dout))  # batch, groups, channels of a group, space
    gamma, beta = (each.reshape(2, 2, 1) for each in (GAMMA, BETA))
    graph = Graph()
    c = graph(Subtract(), x, graph(Mean((2, 3), keepdims=True), x))
    std = graph(Sqrt(), graph(Add(), graph(Mean((2, 3), keepdims=True), graph(Power(2), c)), eps))
    want = graph(Add(), graph(Multiply(), graph(Divide(), c, std), gamma), beta)
    layer = GroupNorm(GAMMA, BETA, 2, eps=eps)
    got = run(layer, x.reshape(SHAPE), dout.reshape(SHAPE))
    for each, expected in zip(got, (want, *graph.gradients(want, dout, x, gamma, beta)), strict=True):
        close(each, expected.reshape(each.shape), 9 * 8 / np.sqrt(eps))


@given(ROWS, numbers((N, C), size=3.0))
def test_batch_norm_is_layer_norm_of_the_transpose_but_for_gamma_and_beta(x, dout):
    norm, transposed = BatchNorm(np.ones(C), np.zeros(C)), LayerNorm(np.ones(N), np.zeros(N))
    out, dx, dgamma, dbeta = run(norm, x, dout)
    close(out, transposed.forward(x.T).T, 3)
    close(dx, transposed.backward(dout.T).T, 6 * N / np.sqrt(1e-5))
    close(dgamma, (dout * out).sum(axis=0), 9 * N)
    close(dbeta, dout.sum(axis=0), 3 * N)


@given(IMAGES, numbers(SHAPE, size=3.0))
def test_group_norm_of_one_group_is_layer_norm_of_all_of_a_sample_with_params_of_each_channel(x, dout):
    copied = [np.repeat(each, 4) for each in (GAMMA, BETA)]
    out, dx, dgamma, dbeta = run(GroupNorm(GAMMA, BETA, 1), x, dout)
    want, want_dx, want_dgamma, want_dbeta = run(LayerNorm(*copied), x.reshape(3, -1), dout.reshape(3, -1))
    close(out, want.reshape(SHAPE), 12)
    close(dx, want_dx.reshape(SHAPE), 6 * 16 / np.sqrt(1e-5))
    close(dgamma, want_dgamma.reshape(C, 4).sum(axis=1), 12 * 12)
    close(dbeta, want_dbeta.reshape(C, 4).sum(axis=1), 3 * 12)


@given(IMAGES, numbers(SHAPE, size=3.0))
def test_group_norm_of_as_many_groups_as_channels_is_batch_norm_of_each_sample(x, dout):
    out, dx, *_ = run(GroupNorm(GAMMA, BETA, C), x, dout)
    for n in range(3):
        alone, dx_alone, *_ = run(BatchNorm(GAMMA, BETA), x[n : n + 1], dout[n : n + 1])
        close(out[n], alone[0], 12)
        close(dx[n], dx_alone[0], 6 * 4 / np.sqrt(1e-5))


# The channels


@each_batch_norm
@pytest.mark.parametrize("axis", [0, 2, -1, -3])
@given(x=numbers((3, C, 2)), dout=numbers((3, C, 2), size=3.0), mask=masks((3, 2)))
def test_batch_norm_is_the_same_wherever_the_channels_are(make, axis, x, dout, mask):
    want = run(make(), x, dout, mask)
    out, dx, *dparams = run(make(axis=axis), *(np.moveaxis(each, 1, axis) for each in (x, dout)), mask)
    # sums over the same numbers may go in another order
    for got, expected in zip((np.moveaxis(out, axis, 1), np.moveaxis(dx, axis, 1), *dparams), want, strict=True):
        close(got, expected, 12 * 12 / np.sqrt(1e-5))


@pytest.mark.parametrize(
    ("axis", "shape", "same"), [(-1, (3, 2, C), (6, C)), (0, (C, 3, 2), (1, C, 6)), (-2, (2, 3, C, 5), (6, C, 5))]
)
def test_to_group_norm_what_is_before_the_channels_is_the_batch_and_what_is_behind_them_space(axis, shape, same):
    x = np.random.default_rng(0).standard_normal(shape)
    mask = x.take(0, axis) > -1
    want = run(LAYERS["GroupNorm"](), x.reshape(same), np.cos(x).reshape(same), mask.reshape(same[:1] + same[2:]))
    for got, expected in zip(run(LAYERS["GroupNorm"](axis=axis), x, np.cos(x), mask), want, strict=True):
        assert np.array_equal(got, expected.reshape(got.shape))


@pytest.mark.parametrize("shape", [(200, 1024), (3, 2, 2**16)], ids=str)
def test_a_batch_of_many_blocks_has_its_statistics_and_its_gradients(shape):
    x = np.random.default_rng(0).standard_normal(shape)
    ones, axes = np.ones(shape[1]), (0, *range(2, x.ndim))
    norm = BatchNorm(ones, 0 * ones)
    out, dx, dgamma, dbeta = run(norm, x, np.cos(x))
    np.testing.assert_allclose(norm.batch_statistics.mean, x.mean(axis=axes), rtol=0, atol=64 * EPS)
    np.testing.assert_allclose(norm.batch_statistics.var, x.var(axis=axes), rtol=64 * EPS)
    centred = x - x.mean(axis=axes, keepdims=True)
    close(out, centred / np.sqrt(x.var(axis=axes, keepdims=True) + 1e-5), 5)
    n = x.size // shape[1]
    along = (np.cos(x) * out).mean(axis=axes, keepdims=True)
    close(
        dx * np.sqrt(x.var(axis=axes, keepdims=True) + 1e-5),
        np.cos(x) - np.cos(x).mean(axis=axes, keepdims=True) - out * along,
        9,
    )
    close(dgamma, n * along.ravel(), 5 * n)
    close(dbeta, np.cos(x).sum(axis=axes), n)


@each_layer
def test_a_sample_without_a_batch_is_taken_where_axis_is_counted_from_the_end(make):
    x = np.random.default_rng(0).standard_normal(SHAPE)
    alone = run(make(axis=-3), x[0], np.cos(x[0]))
    for got, expected in zip(alone, run(make(), x[:1], np.cos(x[:1])), strict=True):
        assert np.array_equal(got, expected.reshape(got.shape))


def test_statistics_of_images_are_those_of_a_channel_over_batch_and_space():
    x = np.random.default_rng(0).standard_normal(SHAPE)
    norm = BatchNorm(GAMMA, BETA)
    norm.forward(x)
    np.testing.assert_allclose(norm.batch_statistics.mean, x.mean(axis=(0, 2, 3)), rtol=8 * EPS, atol=8 * EPS)
    np.testing.assert_allclose(norm.batch_statistics.var, x.var(axis=(0, 2, 3)), rtol=8 * EPS)


# Closed forms


def test_two_rows_are_minus_1_and_1_and_a_single_one_is_0():
    norm = BatchNorm([1.0, 3.0], [0.0, 10.0], eps=1e-30)
    out, dx, *_ = run(norm, [[5.0, 9.0], [3.0, 11.0]], [[1.0, 2.0], [-5.0, 0.5]])
    assert out.tolist() == [[1.0, 7.0], [-1.0, 13.0]]
    assert not dx.any()
    out, dx, dgamma, dbeta = run(norm, [[5.0, -1e30]], [[1.0, 2.0]])
    assert out.tolist() == [[0.0, 10.0]]
    assert (dx.tolist(), dgamma.tolist(), dbeta.tolist()) == ([[0.0, 0.0]], [0.0, 0.0], [1.0, 2.0])


def test_a_channel_of_equal_numbers_is_beta_and_its_slope_that_of_eps():
    norm = BatchNorm([2.0], [7.0], eps=2.0**-20)
    out, dx, *_ = run(norm, np.full((4, 1), 1000.1), [[1.0], [-1.0], [2.0], [-2.0]])
    assert out.tolist() == [[7.0]] * 4
    assert dx.tolist() == [[2048.0], [-2048.0], [4096.0], [-4096.0]]


def test_given_statistics_are_constants():
    norm = BatchNorm([2.0, 1.0], [0.0, 5.0], Statistics(np.array([1.0, 0.0]), np.array([0.25, 4.0])), eps=1e-30)
    out, dx, dgamma, dbeta = run(norm, [[3.0, 4.0], [1.0, 0.0]], [[1.0, 1.0], [10.0, 100.0]])
    assert out.tolist() == [[8.0, 7.0], [0.0, 5.0]]
    assert dx.tolist() == [[4.0, 0.5], [40.0, 50.0]]
    assert (dgamma.tolist(), dbeta.tolist()) == ([4.0, 2.0], [11.0, 101.0])
    assert norm.batch_statistics is None


@pytest.mark.parametrize("x", [np.inf, np.nan])
def test_with_given_statistics_dx_does_not_depend_on_x(x):
    norm = BatchNorm([2.0], [0.0], Statistics(np.array([1.0]), np.array([0.25])), eps=1e-30)
    assert run(norm, [[x], [1.0]], [[3.0], [5.0]])[1].tolist() == [[12.0], [20.0]]


@given(ROWS, numbers((N, C), size=3.0))
def test_the_statistics_of_a_batch_given_back_have_its_output_but_not_its_dx(x, dout):
    x[0] += 100  # no channel is of equal numbers
    norm = BatchNorm(GAMMA, BETA)
    out, dx, dgamma, dbeta = run(norm, x, dout)
    given_back = BatchNorm(GAMMA, BETA, norm.batch_statistics)
    again, dx_again, dgamma_again, dbeta_again = run(given_back, x, dout)
    close(again, out, 12 * 100)
    close(dgamma_again, dgamma, 12 * 100)
    assert np.array_equal(dbeta_again, dbeta)
    # what a constant is taken for is what the three terms take away
    z = norm.z[..., 0]
    close(dx_again - dx, GAMMA * norm.r[:, 0] * (dout.mean(axis=0) + z * (dout * z).mean(axis=0)), 12 * 100)


def test_backward_takes_the_formula_of_the_last_forward():
    x, dout = np.random.default_rng(0).standard_normal((2, N, C))
    norm = BatchNorm(GAMMA, BETA)
    norm.forward(x)
    norm.statistics = GIVEN
    norm.forward(x)
    norm.statistics = None
    assert np.array_equal(norm.backward(dout), run(LAYERS["of given statistics"](), x, dout)[1])


# What they cannot hear


@given(whole_numbers((N, C)), st.sampled_from([0.5, 4.0, 2.0**40]), whole_numbers(C, -(2**20), 2**20))
def test_batch_norm_hears_neither_shift_nor_scale_of_a_channel_as_eps_goes_to_0(x, scale, shift):
    x[0] += 100  # no channel is of equal numbers
    norm = BatchNorm(GAMMA, BETA, eps=1e-37)
    close(norm.forward(scale * (x + shift)), norm.forward(x), 12)


@given(ROWS, numbers((N, C), size=3.0))
def test_dx_of_batch_norm_sums_to_0_and_is_across_z(x, dout):
    x[0] += 100
    norm = BatchNorm(GAMMA, BETA, eps=1e-37)
    _, dx, *_ = run(norm, x, dout)
    close(dx.sum(axis=0), 0, 6 * N)
    close((dx * norm.z[..., 0]).sum(axis=0), 0, 12 * N)


# Masks


@each_layer
@given(x=IMAGES, dout=numbers(SHAPE, size=3.0), mask=masks((3, 2, 2)), held=POISON)
def test_what_does_not_count_is_inert_whatever_it_holds(make, x, dout, mask, held):
    hidden = ~mask[:, np.newaxis]
    want = run(make(), np.where(hidden, 0, x), np.where(hidden, 0, dout), mask)
    with np.errstate(all="raise"):
        got = run(make(), np.where(hidden, held, x), np.where(hidden, held, dout), mask)
    for each, expected in zip(got, want, strict=True):
        assert np.array_equal(each, expected)
    assert not got[0][np.broadcast_to(hidden, SHAPE)].any()
    assert not got[1][np.broadcast_to(hidden, SHAPE)].any()


@each_batch_norm
@given(x=IMAGES, dout=numbers(SHAPE, size=3.0), mask=masks((3, 2, 2)))
def test_a_masked_batch_is_that_of_what_counts(make, x, dout, mask):
    masked, alone = make(), make(axis=-1)
    out, dx, *dparams = run(masked, x, dout, mask)
    rows, drows = (np.moveaxis(each, 1, -1)[mask] for each in (x, dout))
    want, want_dx, *want_dparams = run(alone, rows, drows)
    close(np.moveaxis(out, 1, -1)[mask], want, 12)
    close(np.moveaxis(dx, 1, -1)[mask], want_dx, 12 * 12 / np.sqrt(1e-5))
    for got, expected in zip(dparams, want_dparams, strict=True):
        close(got, expected, 12 * 12)
    if alone.batch_statistics is not None:
        close(masked.batch_statistics, alone.batch_statistics, 900)


@given(IMAGES, numbers(SHAPE, size=3.0), masks((2, 2)))
def test_a_masked_sample_of_group_norm_is_that_of_the_space_that_counts(x, dout, mask):
    out, dx, *dparams = run(LAYERS["GroupNorm"](), x, dout, np.broadcast_to(mask, (3, 2, 2)))
    want, want_dx, *want_dparams = run(LAYERS["GroupNorm"](), x[:, :, mask], dout[:, :, mask])
    close(out[:, :, mask], want, 12)
    close(dx[:, :, mask], want_dx, 6 * 8 / np.sqrt(1e-5))
    for got, expected in zip(dparams, want_dparams, strict=True):
        close(got, expected, 12 * 12)


@each_layer
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_where_nothing_counts_all_is_0_without_a_warning(make, dtype):
    x = np.full(SHAPE, np.nan, dtype)
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        got = run(make(), x, x, np.zeros((3, 2, 2), bool))
    assert not any(each.any() for each in got)


@each_layer
def test_what_is_infinite_in_gamma_or_beta_does_not_reach_what_is_hidden(make):
    layer = make()
    layer.gamma = layer.beta = np.full(C, np.inf)
    out, dx, *_ = run(layer, np.ones((2, C)), np.ones((2, C)), [True, False])
    assert not out[1].any()
    assert not dx[1].any()


@each_layer
@pytest.mark.parametrize("shape", [(0, C), (0, C, 3), (2, C, 0)])
def test_without_numbers_there_is_nothing_and_params_hear_0(make, shape):
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        out, dx, dgamma, dbeta = run(make(), np.zeros(shape), np.zeros(shape))
    assert out.shape == dx.shape == shape
    assert (dgamma.tolist(), dbeta.tolist()) == ([0.0] * C, [0.0] * C)


def test_a_nan_spoils_its_channel_or_its_group_alone():
    x = np.random.default_rng(0).standard_normal(SHAPE)
    x[1, 2, 0, 1] = np.nan
    assert np.isnan(BatchNorm(GAMMA, BETA).forward(x)).all(axis=(0, 2, 3)).tolist() == [False, False, True, False]
    assert np.isfinite(np.delete(BatchNorm(GAMMA, BETA).forward(x), 2, axis=1)).all()
    spoilt = np.isnan(GroupNorm(GAMMA, BETA, 2).forward(x))
    assert spoilt[1, 2:].all()
    assert spoilt.sum() == 8


# Range and rounding


@pytest.mark.parametrize("make", [LAYERS["BatchNorm"], LAYERS["GroupNorm"]], ids=["BatchNorm", "GroupNorm"])
def test_squares_that_overflow_float32_are_normalised_without_a_warning(make):
    x = np.random.default_rng(0).standard_normal((3, C, 8)) * np.array([1e20, 1.0, 1e30, 1e37])[:, np.newaxis]
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        out = make().forward(x.astype(np.float32))
    np.testing.assert_allclose(out, make().forward(x.astype(np.float32).astype(np.float64)), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("large", [2.0**25, 1e30], ids=["squares fit", "squares overflow"])
def test_numbers_that_differ_in_their_last_place_alone_are_normalised_by_what_is_left_of_their_mean(large):
    x = np.full((3, 1), large, np.float32)
    x[2] = np.nextafter(x[2], np.float32(np.inf))
    out = BatchNorm(np.ones(1, np.float32), np.zeros(1, np.float32)).forward(x)
    np.testing.assert_allclose(out[:, 0], [-np.sqrt(0.5), -np.sqrt(0.5), np.sqrt(2)], rtol=1e-5)


@each_layer
def test_float16_is_computed_in_float32(make):
    x = np.random.default_rng(0).normal(3, 1, (4, C, 16)).astype(np.float16)
    layer, wide = make(), make()
    for each in (layer, wide):
        each.gamma, each.beta = GAMMA.astype(np.float16), BETA.astype(np.float16)
    got = run(layer, x, np.cos(x))
    want = run(wide, x.astype(np.float32), np.cos(x).astype(np.float32))
    for each, expected in zip(got, want, strict=True):
        assert each.dtype == np.float16
        assert np.array_equal(each, expected.astype(np.float16))


def test_statistics_are_float64_and_have_no_say_in_the_dtype():
    x = np.random.default_rng(0).standard_normal((4, C)).astype(np.float16)
    norm = BatchNorm(GAMMA.astype(np.float16), BETA.astype(np.float16))
    norm.forward(x)
    assert norm.batch_statistics.mean.dtype == norm.batch_statistics.var.dtype == np.float64
    assert BatchNorm(norm.gamma, norm.beta, norm.batch_statistics).forward(x).dtype == np.float16


def test_the_mean_of_a_batch_is_known_more_closely_than_its_dtype_has_it():
    x = np.full((3, 1), 2**25, np.float32)
    x[2] += 4  # one step of float32
    norm = BatchNorm(np.ones(1), np.zeros(1))
    norm.forward(x)
    np.testing.assert_allclose(norm.batch_statistics.mean, 2**25 + 4 / 3, rtol=1e-14)


def test_a_mean_of_dout_which_gamma_cannot_hear_costs_it_no_digits():
    random = np.random.default_rng(0)
    x, dout = random.standard_normal((1000, 1), np.float32), random.standard_normal((1000, 1), np.float32)
    _, pullback = vjp(BatchNorm(np.ones(1, np.float32), np.zeros(1, np.float32)), x)
    _, exact = vjp(BatchNorm(np.ones(1), np.zeros(1)), x)
    far = dout + np.float32(1e4)
    np.testing.assert_allclose(pullback(far)[1], exact(far.astype(np.float64))[1], rtol=1e-5)


def test_a_single_number_has_statistics_and_nothing_has_none():
    norm = BatchNorm([1.0], [0.0])
    norm.forward([[7.0]])
    assert norm.batch_statistics == (7.0, 0.0)
    norm.forward([[7.0]], mask=[False])
    assert norm.batch_statistics is None
    norm.forward(np.zeros((0, 1)))
    assert norm.batch_statistics is None


def test_long_batches_neither_overflow_nor_stagnate():
    x = np.full((2**17, 1), 100, np.float16)
    x[::2] = 300
    norm = BatchNorm(np.ones(1, np.float16), np.zeros(1, np.float16))
    out, _, _, dbeta = run(norm, x, np.full(x.shape, 2.0**-7, np.float16))
    assert norm.batch_statistics.mean.tolist() == [200.0]
    assert norm.batch_statistics.var.tolist() == [10000.0]
    assert np.unique(out).tolist() == [-1.0, 1.0]
    assert dbeta.tolist() == [1024.0]


# Errors


def raises(message, error=ValueError):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


@each_layer
def test_another_number_of_channels_is_named_with_both_shapes(make):
    layer = make()
    name = type(layer).__name__
    for shape, axis in [((2, 3), 1), ((C, 2, C), 1)]:
        expected = f"expected 4 channels on axis {axis}, because gamma.shape is (4,)"
        with raises(f"{name}.forward: x.shape is {shape}; {expected}"):
            layer.forward(np.ones(shape))
    with raises(f"{name}.forward: axis is 1; expected one from -1 to 0, because x.shape is (4,)"):
        layer.forward(np.ones(C))
    assert not hasattr(layer, "out_shape")


@each_layer
def test_a_mask_has_the_shape_of_x_without_the_channels(make):
    layer = make(axis=-2)
    name = type(layer).__name__
    because = "because x.shape is (3, 4, 2) and the channels are on axis 1"
    for shape in [(3,), (3, 4, 2), (2, 3), ()]:
        with raises(f"{name}.forward: mask.shape is {shape}; expected (3, 2), {because}"):
            layer.forward(np.ones((3, C, 2)), np.ones(shape, bool))
    with raises(f"{name}.forward: mask.dtype is int64; expected bool, True where what is there counts", TypeError):
        layer.forward(np.ones((3, C, 2)), np.ones((3, 2), np.int64))


@each_layer
def test_gamma_and_beta_have_a_number_for_each_channel(make):
    layer = make()
    name = type(layer).__name__
    layer.beta = np.ones(3)
    with raises(f"{name}.forward: beta.shape is (3,); expected (4,), because gamma.shape is (4,)"):
        layer.forward(np.ones((2, C)))


def test_given_statistics_have_a_number_for_each_channel():
    norm = BatchNorm(GAMMA, BETA, Statistics(np.zeros(C), np.ones(1)))
    with raises("BatchNorm.forward: var.shape is (1,); expected (4,), because gamma.shape is (4,)"):
        norm.forward(np.ones((2, C)))


@pytest.mark.parametrize("groups", [0, -2, 3, 8])
def test_groups_divide_the_channels(groups):
    with raises(f"GroupNorm.forward: groups is {groups}; expected a divisor of 4, because gamma.shape is (4,)"):
        GroupNorm(GAMMA, BETA, groups).forward(np.ones((2, C)))


def test_groups_are_a_whole_number():
    with raises("GroupNorm: groups is 2.0; expected a whole number", TypeError):
        GroupNorm(GAMMA, BETA, 2.0)


@each_layer
@pytest.mark.parametrize("eps", [0.0, -1.0, np.nan])
def test_an_eps_that_would_divide_by_0_is_refused_also_if_it_is_changed(make, eps):
    with pytest.raises(ValueError, match=r"^\w+Norm: eps is .*; expected 1\.2e-38 or more"):
        make(eps=eps)
    layer = make()
    layer.eps = eps
    with pytest.raises(ValueError, match=r"^\w+Norm\.forward: eps is"):
        layer.forward(np.ones((2, C)))
