import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import mpmath
import numpy as np
import pytest
from hypothesis import given

import handgrad.functions
from handgrad import Add, Exp, Reciprocal, Relu, Sigmoid, Subtract
from tests.graph import Graph

EPS = np.finfo(np.float64).eps

SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
ANY_NUMBER = st.floats(allow_nan=False, allow_subnormal=False)


def arrays(elements, shape=SHAPES):
    return hnp.arrays(np.float64, shape, elements=elements, fill=st.nothing())


def between(low, high):
    return arrays(st.floats(low, high, allow_subnormal=False))


def sigmoid_of_nodes(x):
    """Put 1 / (1 + exp(-x)) together from nodes; return its value and its pullback."""
    graph = Graph()
    e = graph(Exp(), graph(Subtract(), 0.0, x))
    y = graph(Reciprocal(), graph(Add(), 1.0, e))
    return y, lambda dy: graph.gradients(y, dy, x)[0]


@given(arrays(ANY_NUMBER))
def test_relu_of_x_less_relu_of_minus_x_is_x(x):
    relu = Relu()
    assert np.array_equal(relu.forward(x) - relu.forward(-x), x)


@given(arrays(ANY_NUMBER))
def test_relu_twice_is_relu_once(x):
    once = Relu().forward(x)
    assert np.array_equal(Relu().forward(once), once)


@given(arrays(ANY_NUMBER, 6), arrays(ANY_NUMBER, 6))
def test_relu_hands_on_dout_where_x_is_positive_and_zero_elsewhere(x, dout):
    relu = Relu()
    relu.forward(x)
    assert relu.backward(dout).tolist() == [d if number > 0 else 0 for number, d in zip(x, dout, strict=True)]


def test_mask_of_relu_is_true_where_the_gradient_is_0():
    relu = Relu()
    relu.forward([-np.inf, -2.0, -0.0, 0.0, 1e-300, np.inf, np.nan])
    assert relu.mask.tolist() == [True, True, True, True, False, False, True]
    assert np.array_equal(relu.backward(np.ones(7)) == 0, relu.mask)


@given(between(-1e3, 1e3))
def test_relu_treats_every_element_alone(x):
    relu = Relu()
    out = relu.forward(x)
    dx = relu.backward(x)
    for i in np.ndindex(x.shape):
        assert out[i] == relu.forward(x[i])
        assert dx[i] == relu.backward(x[i])


@given(between(-700, 700))
def test_sigmoid_equals_its_graph_of_nodes(x):
    y, _ = sigmoid_of_nodes(x)
    # four nodes, each right to a unit of its last bit or, for exp, to two
    np.testing.assert_allclose(Sigmoid().forward(x), y, rtol=8 * EPS)


@given(between(-150, 0))
def test_gradient_of_sigmoid_below_zero_equals_that_of_its_graph_of_nodes(x):
    sigmoid = Sigmoid()
    sigmoid.forward(x)
    _, pullback = sigmoid_of_nodes(x)
    dout = np.cos(x)
    # the graph squares its output, which doubles what it is off by
    np.testing.assert_allclose(sigmoid.backward(dout), pullback(dout), rtol=16 * EPS)


@given(between(0, 700))
def test_gradient_of_sigmoid_above_zero_equals_that_of_its_graph_of_nodes_to_an_eps_of_dout(x):
    sigmoid = Sigmoid()
    sigmoid.forward(x)
    _, pullback = sigmoid_of_nodes(x)
    dout = np.cos(x)
    # 1 - y is off by the rounding of y, which is half an eps and no smaller where 1 - y is
    np.testing.assert_allclose(sigmoid.backward(dout), pullback(dout), rtol=16 * EPS, atol=EPS)


@pytest.mark.parametrize("x", [-708.0, -100.0, -37.5, -1.0, -1e-9, 0.0, 1e-9, 0.7, 5.0, 37.5, 700.0])
def test_sigmoid_equals_mpmath(x):
    with mpmath.workdps(50):
        y = 1 / (1 + mpmath.exp(-x))
    # exp, a sum and a quotient
    np.testing.assert_allclose(Sigmoid().forward(x), float(y), rtol=4 * EPS)


@pytest.mark.parametrize("x", [-708.0, -100.0, -37.5, -1.0, -1e-9, 0.0])
def test_slope_of_sigmoid_equals_mpmath_where_x_is_not_positive(x):
    with mpmath.workdps(50):
        e = mpmath.exp(-x)
        slope = e / (1 + e) ** 2
    sigmoid = Sigmoid()
    sigmoid.forward(x)
    # the value, which is off by 4 eps, meets 1 - value, which is off by no more
    np.testing.assert_allclose(sigmoid.backward(1.0), float(slope), rtol=8 * EPS)


@given(arrays(ANY_NUMBER))
def test_sigmoid_stays_between_0_and_1_and_its_slope_between_0_and_a_quarter(x):
    sigmoid = Sigmoid()
    out = sigmoid.forward(x)
    dx = sigmoid.backward(np.ones(x.shape))
    assert np.all((out >= 0) & (out <= 1))
    assert np.all((dx >= 0) & (dx <= 0.25))


@given(between(-700, 700))
def test_sigmoid_of_x_and_of_minus_x_sum_to_1(x):
    sigmoid = Sigmoid()
    # both are off by 4 eps at most, relative to numbers below 1
    np.testing.assert_allclose(sigmoid.forward(x) + sigmoid.forward(-x), np.ones(x.shape), rtol=4 * EPS)


@given(between(-30, 30))
def test_sigmoid_treats_every_element_alone(x):
    sigmoid = Sigmoid()
    out = sigmoid.forward(x)
    dx = sigmoid.backward(np.ones(x.shape))
    for i in np.ndindex(x.shape):
        # exp may take another route through the processor for a single number: a unit of the last bit apart
        np.testing.assert_allclose(out[i], sigmoid.forward(x[i]), rtol=2 * EPS)
        np.testing.assert_allclose(dx[i], sigmoid.backward(1.0), rtol=4 * EPS, atol=EPS)


@given(between(-1e3, 1e3), st.integers(-20, 20))
def test_gradients_are_linear_in_dout(x, exponent):
    for layer in (Relu(), Sigmoid()):
        layer.forward(x)
        # times a power of two, which is exact, and not so small that anything becomes subnormal
        once, scaled = layer.backward(np.ones(x.shape)), layer.backward(np.full(x.shape, -(2.0**exponent)))
        normal = once > 1e-290
        assert np.array_equal(scaled[normal], -(2.0**exponent) * once[normal])


def test_the_layer_computes_the_function_of_its_name():
    x = np.linspace(-40, 40, 9)
    assert np.array_equal(Sigmoid().forward(x), handgrad.functions.sigmoid(x))


def test_the_output_that_sigmoid_remembers_is_read_only():
    out = Sigmoid().forward([1.0, 2.0])
    with pytest.raises(ValueError, match="read-only"):
        out[0] = 7.0


@pytest.mark.parametrize("layer", [Relu, Sigmoid])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("upstream", [np.float16, np.float32, np.float64, np.int64])
def test_floating_dtypes_are_kept_whatever_the_dtype_of_dout(layer, dtype, upstream):
    made = layer()
    assert made.forward(np.ones(3, dtype)).dtype == dtype
    assert made.backward(np.ones(3, upstream)).dtype == dtype


@given(hnp.arrays(np.float16, 5, elements=st.floats(-16, 16, width=16, allow_subnormal=False)))
def test_sigmoid_of_float16_is_rounded_once(x):
    exact = Sigmoid().forward(x.astype(np.float64))
    # half an eps is the rounding to float16 itself, relative to the power of two below
    np.testing.assert_allclose(Sigmoid().forward(x), exact, rtol=0.51 * np.finfo(np.float16).eps, atol=2.0**-25)


def test_relu_of_long_doubles_selects_too():
    relu = Relu()
    assert relu.forward(np.array([-1, 2], np.longdouble)).tolist() == [0, 2]
    dx = relu.backward(np.array([np.inf, 3], np.longdouble))
    assert (dx.tolist(), dx.dtype) == ([0, 3], np.longdouble)
