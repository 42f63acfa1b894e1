import re
import warnings

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from handgrad import (
    Add,
    Divide,
    L2Normalize,
    LayerNorm,
    Mean,
    Multiply,
    Power,
    RmsNorm,
    Sqrt,
    Subtract,
    Sum,
    vjp,
)
from tests.drawn import masks, numbers, whole_numbers
from tests.graph import Graph

EPS = np.finfo(np.float64).eps
N, D = 3, 5
ROWS = numbers((N, D))
DTYPES = [np.float16, np.float32, np.float64]
POISON = st.sampled_from([np.nan, np.inf, -np.inf, 1e300])
LAYERS = {
    "LayerNorm": lambda D, eps=1e-5: LayerNorm(np.linspace(0.5, 2, D), np.linspace(-1, 1, D), eps),
    "RmsNorm": lambda D, eps=1e-5: RmsNorm(np.linspace(0.5, 2, D), eps),
    "L2Normalize": lambda D, eps=1e-12: L2Normalize(eps=eps),
}
MASKED = [LAYERS["LayerNorm"], LAYERS["RmsNorm"]]

each_layer = pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
each_with_a_mask = pytest.mark.parametrize("make", MASKED, ids=["LayerNorm", "RmsNorm"])


def close(got, want, size):
    """Compare results that differ by some roundings of numbers of a size."""
    np.testing.assert_allclose(got, want, rtol=0, atol=64 * EPS * size)


# What they are made of


@given(ROWS, numbers(D, size=3.0), numbers(D, size=3.0), numbers((N, D), size=3.0))
def test_layer_norm_equals_its_graph_of_nodes(x, gamma, beta, dout):
    eps = 0.25
    graph = Graph()
    c = graph(Subtract(), x, graph(Mean(-1, keepdims=True), x))
    std = graph(Sqrt(), graph(Add(), graph(Mean(-1, keepdims=True), graph(Power(2), c)), eps))
    want = graph(Add(), graph(Multiply(), graph(Divide(), c, std), gamma), beta)
    out, pullback = vjp(LayerNorm(gamma, beta, eps), x)
    close(out, want, 10)
    for got, expected in zip(pullback(dout), graph.gradients(want, dout, x, gamma, beta), strict=True):
        close(got, expected, 9 * D / np.sqrt(eps))


@given(ROWS, numbers(D, size=3.0), numbers((N, D), size=3.0))
def test_rms_norm_equals_its_graph_of_nodes(x, gamma, dout):
    eps = 0.25
    graph = Graph()
    root = graph(Sqrt(), graph(Add(), graph(Mean(-1, keepdims=True), graph(Power(2), x)), eps))
    want = graph(Multiply(), graph(Divide(), x, root), gamma)
    out, pullback = vjp(RmsNorm(gamma, eps), x)
    close(out, want, 10)
    for got, expected in zip(pullback(dout), graph.gradients(want, dout, x, gamma), strict=True):
        close(got, expected, 9 * D / np.sqrt(eps))


@pytest.mark.parametrize("axis", [-1, 0, (1, 0), None])
@given(x=ROWS, dout=numbers((N, D), size=3.0))
def test_l2_normalize_equals_its_graph_of_nodes(axis, x, dout):
    eps = 0.25
    graph = Graph()
    length = graph(Sqrt(), graph(Add(), graph(Sum(axis, keepdims=True), graph(Power(2), x)), eps))
    want = graph(Divide(), x, length)
    out, pullback = vjp(L2Normalize(axis, eps), x)
    close(out, want, 1)
    close(pullback(dout)[0], graph.gradients(want, dout, x)[0], 3 * N * D / np.sqrt(eps))


@given(ROWS, numbers((N, D), size=3.0))
def test_layer_norm_is_rms_norm_of_what_is_centred(x, dout):
    ones = np.ones(D)
    mean, to_mean = vjp(Mean(-1, keepdims=True), x)
    c, to_both = vjp(Subtract(), x, mean)
    want, to_c = vjp(RmsNorm(ones, 0.25), c)
    dc, _ = to_c(dout)
    dx, dmean = to_both(dc)
    out, pullback = vjp(LayerNorm(ones, np.zeros(D), 0.25), x)
    close(out, want, 3)
    close(pullback(dout)[0], dx + to_mean(dmean)[0], 6 * D)


# Closed forms


def test_two_numbers_are_minus_1_and_1_and_a_single_one_is_0():
    norm = LayerNorm(gamma=[1.0, 3.0], beta=[0.0, 10.0], eps=1e-30)
    assert norm.forward([[5.0, 9.0], [3.0, -3.0]]).tolist() == [[-1.0, 13.0], [1.0, 7.0]]
    assert not norm.backward([[1.0, 2.0], [-5.0, 0.5]]).any()
    single = LayerNorm(gamma=[2.0], beta=[7.0])
    assert single.forward([[3.0], [-1e30]]).tolist() == [[7.0], [7.0]]
    assert single.backward([[1.0], [5.0]]).tolist() == [[0.0], [0.0]]
    assert (single.dgamma.tolist(), single.dbeta.tolist()) == ([0.0], [6.0])


def test_a_vector_of_zeros_stays_and_its_slope_is_that_of_eps():
    for layer in (RmsNorm(np.ones(4), eps=2.0**-20), L2Normalize(eps=2.0**-20)):
        assert not layer.forward(np.zeros(4)).any()
        assert layer.backward([1.0, -2.0, 0.0, 3.0]).tolist() == [1024.0, -2048.0, 0.0, 3072.0]
    norm = LayerNorm(np.ones(4), np.zeros(4), eps=2.0**-20)
    assert not norm.forward(np.full(4, 7.0)).any()
    assert norm.backward([1.0, -1.0, 2.0, -2.0]).tolist() == [1024.0, -1024.0, 2048.0, -2048.0]


def test_three_and_four_make_a_vector_of_length_1():
    normalize = L2Normalize(axis=0, eps=1e-30)
    assert normalize.forward([[3.0], [4.0]]).tolist() == [[0.6000000000000001], [0.8]]
    # across y, (0.8, -0.6), and 1/5 as long
    np.testing.assert_allclose(normalize.backward([[0.8], [-0.6]]), [[0.16], [-0.12]], rtol=4 * EPS)


# What they cannot hear


@given(whole_numbers((N, D)), st.sampled_from([0.5, 1.0, 4.0, 2.0**40]), whole_numbers((N, 1), -(2**20), 2**20))
def test_layer_norm_hears_neither_shift_nor_scale_as_eps_goes_to_0(x, scale, shift):
    x[:, 0] += 100  # no row is of equal numbers
    norm = LayerNorm(np.ones(D), np.zeros(D), eps=1e-37)
    close(norm.forward(scale * (x + shift)), norm.forward(x), 3)


@given(ROWS, numbers((N, D), size=3.0))
def test_dx_of_layer_norm_sums_to_0_and_is_across_z(x, dout):
    norm = LAYERS["LayerNorm"](D, 1e-30)
    norm.forward(x)
    dx = norm.backward(dout)
    size = (norm.r * 6).max()
    close(dx.sum(axis=-1), 0, D * size)
    close((dx * norm.z).sum(axis=-1), 0, 3 * D * size)


@pytest.mark.parametrize("make", [LAYERS["RmsNorm"], LAYERS["L2Normalize"]], ids=["RmsNorm", "L2Normalize"])
@given(x=ROWS, scale=st.sampled_from([0.5, 1.0, 4.0, 2.0**40]), dout=numbers((N, D), size=3.0))
def test_what_is_not_centred_hears_no_scale(make, x, scale, dout):
    x[:, 0] += 100  # no row is 0
    layer = make(D, 1e-37)
    out = layer.forward(scale * x)
    close((x * layer.backward(dout)).sum(axis=-1), 0, 200 * D)
    close(out, layer.forward(x), 3)


# Rows


@each_layer
@given(x=ROWS, dout=numbers((N, D), size=3.0))
def test_each_row_is_on_its_own_and_params_hear_from_all(make, x, dout):
    out, pullback = vjp(make(D), x)
    alone = [vjp(make(D), row) for row in x]
    assert np.array_equal(out, [row for row, _ in alone])
    dx, *dparams = pullback(dout)
    each = [back(row) for (_, back), row in zip(alone, dout, strict=True)]
    assert np.array_equal(dx, [row for row, *_ in each])
    for place, got in enumerate(dparams, start=1):
        close(got, np.sum([grads[place] for grads in each], axis=0), 9 * N)


@each_with_a_mask
@pytest.mark.parametrize("shape", [(200, 1024), (3, 2**16 + 1)], ids=str)
def test_a_batch_of_many_blocks_is_normalised_row_by_row(make, shape):
    x = np.random.default_rng(0).standard_normal(shape)
    layer, alone = make(shape[1]), make(shape[1])
    out, dx = layer.forward(x), layer.backward(np.cos(x))
    dgamma = np.zeros(shape[1])
    for row in (0, len(x) // 2, len(x) - 1):
        assert np.array_equal(out[row], alone.forward(x[row]))
        assert np.array_equal(dx[row], alone.backward(np.cos(x[row])))
    for row in x:
        alone.forward(row)
        alone.backward(np.cos(row))
        dgamma += alone.dgamma
    close(layer.dgamma, dgamma, len(x))


@pytest.mark.parametrize("shape", [(0, D), (2, 0, D), (0,), (3, 0)])
@each_layer
def test_without_rows_or_numbers_there_is_nothing_and_params_hear_0(make, shape):
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        layer = make(shape[-1])
        out = layer.forward(np.zeros(shape))
        dx = layer.backward(np.zeros(shape))
    assert out.shape == dx.shape == shape
    for name in getattr(layer, "params", ()):
        assert getattr(layer, f"d{name}").tolist() == [0.0] * shape[-1]


@each_with_a_mask
@given(x=ROWS, mask=masks(N), held=POISON, dout=numbers((N, D), size=3.0))
def test_rows_that_do_not_count_are_inert_and_may_as_well_not_be_there(make, x, mask, held, dout):
    hidden = ~mask[:, np.newaxis]
    layer, alone = make(D), make(D)
    with np.errstate(all="raise"):
        out = layer.forward(np.where(hidden, held, x), mask)
        dx = layer.backward(np.where(hidden, held, dout))
    assert np.array_equal(out[mask], alone.forward(x[mask]))
    assert np.array_equal(dx[mask], alone.backward(dout[mask]))
    assert not out[~mask].any()
    assert not dx[~mask].any()
    for name in layer.params:
        close(getattr(layer, f"d{name}"), getattr(alone, f"d{name}"), 9 * N)


@each_with_a_mask
def test_an_infinite_gamma_does_not_reach_what_is_hidden(make):
    layer = make(2)
    layer.gamma = np.array([np.inf, 1.0])
    assert layer.forward([[1.0, 2.0]], mask=[False]).tolist() == [[0.0, 0.0]]
    assert layer.backward([[1.0, 2.0]]).tolist() == [[0.0, 0.0]]


@each_layer
@pytest.mark.parametrize("held", [np.nan, np.inf])
def test_a_nan_or_an_infinity_spoils_its_row_alone(make, held):
    layer = make(3)
    out = layer.forward([[1.0, held, 2.0], [1.0, 2.0, 4.0]])
    dx = layer.backward(np.ones((2, 3)))
    assert np.isnan(out[0]).any()
    assert np.isfinite(out[1]).all()
    assert np.isfinite(dx[1]).all()


# Range and rounding


@each_layer
@pytest.mark.parametrize("dtype", DTYPES)
def test_numbers_of_any_size_are_normalised_without_a_warning(make, dtype):
    x = np.array([[1.0, -2.0, 4.0, 0.5]]) * np.array([[1.0], [256.0], [1e4]])
    largest = {np.float16: 1e4, np.float32: 1e37, np.float64: 1e150}[dtype]
    x = np.concatenate([x, x[:1] * largest]).astype(dtype)
    layer, exact = make(4), make(4)
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        out = layer.forward(x)
        layer.backward(np.ones_like(x))
    want = exact.forward(x.astype(np.longdouble))
    np.testing.assert_allclose(out.astype(dtype), want.astype(dtype), rtol=8 * np.finfo(dtype).eps, atol=1e-7)


@each_layer
def test_float16_is_computed_in_float32(make):
    x = np.random.default_rng(0).normal(3, 1, (4, 64)).astype(np.float16)
    layer, wide = make(64), make(64)
    for each in (layer, wide):
        for name in getattr(each, "params", ()):
            setattr(each, name, getattr(each, name).astype(np.float16))
    out = layer.forward(x)
    dx = layer.backward(np.ones(x.shape, np.float16))
    assert (out.dtype, dx.dtype) == (np.float16, np.float16)
    assert np.array_equal(out, wide.forward(x.astype(np.float32)).astype(np.float16))
    assert np.array_equal(dx, wide.backward(np.ones(x.shape, np.float32)).astype(np.float16))


@each_layer
def test_whole_numbers_and_booleans_are_normalised_as_float64(make):
    for x in (np.array([[1, 2, 5]]), np.array([[True, False, False]])):
        out = make(3).forward(x)
        assert out.dtype == np.float64
        assert np.array_equal(out, make(3).forward(x.astype(np.float64)))


def test_params_hear_from_many_rows_without_stagnation():
    norm = LayerNorm(np.ones(2, np.float32), np.zeros(2, np.float32))
    norm.forward(np.zeros((2**17, 2), np.float32))
    norm.backward(np.full((2**17, 2), 0.1, np.float32))
    assert norm.dbeta.tolist() == [np.float32(2**17 * np.float64(np.float32(0.1)))] * 2


def test_gradients_are_those_at_gamma_as_forward_used_it():
    norm = LAYERS["LayerNorm"](3)
    norm.forward([[1.0, 2.0, 4.0]])
    want = norm.backward([[1.0, 0.0, 2.0]])
    norm.gamma, norm.eps = np.zeros(3), 1.0
    assert np.array_equal(norm.backward([[1.0, 0.0, 2.0]]), want)


# Errors


def raises(message, error=ValueError):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


@each_with_a_mask
@pytest.mark.parametrize("shape", [(), (3,), (4, 1), (2, 5, 3)])
def test_rows_of_another_length_than_gamma_are_named_with_both_shapes(make, shape):
    layer = make(4)
    name = type(layer).__name__
    with raises(f"{name}.forward: x.shape is {shape}; expected (..., 4), because gamma.shape is (4,)"):
        layer.forward(np.ones(shape))
    assert not hasattr(layer, "out_shape")


def test_gamma_and_beta_have_one_axis_of_one_length():
    with raises("LayerNorm: gamma.shape is (); expected (D,), because it has a number for each that it stretches"):
        LayerNorm(1.0, 0.0)
    with raises("RmsNorm: gamma.shape is (2, 1); expected (D,), because it has a number for each that it stretches"):
        RmsNorm(np.ones((2, 1)))
    with raises("LayerNorm: beta.shape is (1,); expected (3,), because gamma.shape is (3,)"):
        LayerNorm(np.ones(3), np.zeros(1))


@each_with_a_mask
def test_a_mask_of_another_shape_than_the_rows_names_both(make):
    layer = make(3)
    name = type(layer).__name__
    with raises(f"{name}.forward: mask.shape is (3,); expected (2,), because the batch has the shape (2, 3)"):
        layer.forward(np.ones((2, 3)), np.ones(3, bool))
    with raises(f"{name}.forward: mask.dtype is float64; expected bool, True where a row counts", TypeError):
        layer.forward(np.ones((2, 3)), np.ones(2))


@each_layer
@pytest.mark.parametrize("eps", [0.0, -1.0, np.nan, np.inf, 1e-39])
def test_an_eps_that_would_divide_by_0_is_refused_also_if_it_is_changed(make, eps):
    because = "expected 1.2e-38 or more, because equal numbers are divided by its root, also in float32"
    layer = make(2)
    name = type(layer).__name__
    with raises(f"{name}: eps is {eps}; {because}"):
        make(2, eps)
    layer.eps = eps
    with raises(f"{name}.forward: eps is {eps}; {because}"):
        layer.forward([1.0, 2.0])


def test_the_smallest_eps_is_one_that_float32_has():
    norm = LayerNorm(np.ones(2, np.float32), np.zeros(2, np.float32), eps=float(np.finfo(np.float32).tiny))
    assert norm.forward(np.full((1, 2), 3.0, np.float32)).tolist() == [[0.0, 0.0]]


def test_an_axis_that_x_does_not_have_is_named():
    with raises("L2Normalize.forward: axis is 2; expected different ones from -2 to 1, because x.shape is (2, 3)"):
        L2Normalize(axis=2).forward(np.ones((2, 3)))
