import mpmath
import numpy as np
import pytest
from hypothesis import given

from handgrad import Add, Clip, Gelu, HardSwish, Multiply, Power, Sigmoid, Silu, Tanh, vjp
from handgrad.numerics import BLOCK
from tests.drawn import numbers
from tests.elementwise import close_to_mpmath, run
from tests.graph import Graph

EPS = np.finfo(np.float64).eps
X, DOUT = numbers((2, 3)), numbers((2, 3), 3.0)
POINTS = [-700.0, -37.5, -8.3, -1.0, -1e-9, 0.0, 1e-9, 0.7, 5.0, 30.0]

GATED = [Silu, Gelu, lambda: Gelu("tanh")]
each_gated = pytest.mark.parametrize("make", GATED, ids=["Silu", "Gelu", "Gelu tanh"])


# HardSwish


@given(X, DOUT)
def test_hard_swish_equals_its_graph_of_x_times_a_clipped_gate(x, dout):
    shifted, _ = vjp(Add(), x, 3.0)
    clipped, to_shifted = vjp(Clip(0, 6), shifted)
    gate, to_clipped = vjp(Multiply(), clipped, 1 / 6)
    want, to_x_and_gate = vjp(Multiply(), x, gate)
    direct, dgate = to_x_and_gate(dout)
    (through,) = to_shifted(to_clipped(dgate)[0])
    out, dx = run(HardSwish(), x, dout)
    # a sum, two products and a quotient
    np.testing.assert_allclose(out, want, rtol=4 * EPS)
    # two terms of up to 3/2 and 1/2 cancel
    np.testing.assert_allclose(dx, direct + through, rtol=8 * EPS, atol=30 * EPS)


def test_hard_swish_takes_the_outer_slopes_at_its_kinks():
    below, above = np.nextafter([-3.0, 3.0], 0)
    assert run(HardSwish(), [-3.0, 0.0, 3.0])[1].tolist() == [0, 0.5, 1]
    np.testing.assert_allclose(run(HardSwish(), [below, above])[1], [-0.5, 1.5], rtol=4 * EPS)


def test_hard_swish_at_infinity_is_shut_or_open():
    out, dx = run(HardSwish(), [-np.inf, -1e308, 1e308, np.inf, np.nan])
    assert np.array_equal(out, [0, 0, 1e308, np.inf, np.nan], equal_nan=True)
    assert dx[:4].tolist() == [0, 0, 1, 1]


# Silu and Gelu


def sigmoid(x):
    return 1 / (1 + mpmath.exp(-x))


@pytest.mark.parametrize("x", POINTS)
def test_silu_equals_mpmath(x):
    close_to_mpmath(Silu(), lambda x: x * sigmoid(x), x, 6 * EPS)


@pytest.mark.parametrize("x", [x for x in POINTS if x > -37])
def test_gelu_equals_mpmath(x):
    # 6 units for the distribution, and two terms of different signs
    close_to_mpmath(Gelu(), lambda x: x * mpmath.ncdf(x), x, 16 * EPS)


@pytest.mark.parametrize("x", [x for x in POINTS if x > -37])
def test_gelu_by_tanh_equals_mpmath_in_its_tails_too(x):
    def function(x):
        return x * (1 + mpmath.tanh(mpmath.sqrt(2 / mpmath.pi) * (x + 0.044715 * x**3))) / 2

    # the exponential of -50 is off by 50 times what its argument is off by
    close_to_mpmath(Gelu("tanh"), function, x, 200 * EPS)


@given(X, DOUT)
def test_silu_equals_its_graph_of_x_times_its_sigmoid(x, dout):
    gate, to_x = vjp(Sigmoid(), x)
    want, to_both = vjp(Multiply(), x, gate)
    direct, dgate = to_both(dout)
    out, dx = run(Silu(), x, dout)
    np.testing.assert_allclose(out, want, rtol=6 * EPS)
    # the graph's slope of the gate is off by an eps of dout, which is multiplied by x
    np.testing.assert_allclose(dx, direct + to_x(dgate)[0], rtol=0, atol=100 * EPS)


@given(X, DOUT)
def test_gelu_by_tanh_equals_its_graph_of_nodes(x, dout):
    graph = Graph()
    cube = graph(Multiply(), graph(Power(3), x), 0.044715)
    u = graph(Multiply(), graph(Add(), x, cube), np.sqrt(2 / np.pi))
    gate = graph(Multiply(), graph(Add(), graph(Tanh(), u), 1.0), 0.5)
    want = graph(Multiply(), x, gate)
    (want_dx,) = graph.gradients(want, dout, x)
    out, dx = run(Gelu("tanh"), x, dout)
    # in the left tail, the graph's 1 + tanh cancels: it is off by some eps of 1, which is multiplied by x
    np.testing.assert_allclose(out, want, rtol=0, atol=8 * EPS * 30)
    # and the slope of u grows like x²
    np.testing.assert_allclose(dx, want_dx, rtol=0, atol=8 * EPS * 30**3)


@given(X)
@each_gated
def test_a_gate_and_that_of_minus_x_are_open_together(make, x):
    difference = make().forward(x) - make().forward(-x)
    # each gate is off by 6 eps at most, of numbers up to 30
    np.testing.assert_allclose(difference, np.abs(x) * np.sign(x), rtol=0, atol=200 * EPS)


@given(numbers((50,), 6.0))
def test_the_two_gelus_differ_by_less_than_5e_4(x):
    np.testing.assert_allclose(Gelu().forward(x), Gelu("tanh").forward(x), rtol=0, atol=5e-4)


@each_gated
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_gate_far_out_is_shut_or_open(make, dtype):
    largest = np.finfo(dtype).max
    x = np.array([-np.inf, -largest, -2000, 2000, largest, np.inf], dtype)
    with np.errstate(all="raise"):
        out, dx = run(make(), x)
    assert out.tolist() == [0, 0, 0, 2000, largest, np.inf]
    assert dx.tolist() == [0, 0, 0, 1, 1, 1]


@each_gated
def test_a_gate_of_nan_is_nan(make):
    out, dx = run(make(), [np.nan, 1.0])
    assert np.isnan(out).tolist() == np.isnan(dx).tolist() == [True, False]


@each_gated
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_a_gate_is_computed_in_float64_and_rounded_once(make, dtype):
    x = np.linspace(-12, 12, 1000, dtype=dtype)
    out, dx = run(make(), x)
    want, want_dx = run(make(), x.astype(np.float64))
    assert out.dtype == dx.dtype == dtype
    assert np.array_equal(out, want.astype(dtype))
    # the slope is rounded, and its product with dout
    np.testing.assert_allclose(dx, want_dx, rtol=np.finfo(dtype).eps, atol=np.finfo(dtype).smallest_subnormal)


@each_gated
@pytest.mark.parametrize("shape", [(0,), (3, 0), (), (BLOCK,), (2, BLOCK + 5)])
def test_blocks_are_put_together_in_order(make, shape):
    x = np.random.default_rng(0).standard_normal(shape)
    out, dx = run(make(), x)
    assert (out.shape, dx.shape) == (shape, shape)
    for some in [np.s_[..., :5], np.s_[..., -5:]] if shape else [()]:
        for got, want in zip((out, dx), run(make(), x[some]), strict=True):
            # an exponential may take another route through the processor for few numbers
            np.testing.assert_allclose(got[some], want, rtol=8 * EPS)


@each_gated
def test_numbers_of_any_layout_are_taken_in_their_order(make):
    x = np.random.default_rng(0).standard_normal((4, 6))
    for got, want in zip(run(make(), x.T), run(make(), x.T.copy()), strict=True):
        assert np.array_equal(got, want)


def test_an_approximation_that_does_not_exist_is_named():
    with pytest.raises(ValueError, match=r"^Gelu: approximate is 'erf'; expected 'none' or 'tanh'$"):
        Gelu("erf")


def test_without_an_approximation_gelu_is_exact():
    assert Gelu().forward(-1.0) == Gelu("none").forward(-1.0) != Gelu("tanh").forward(-1.0)
