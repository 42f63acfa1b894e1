import re

import numpy as np
import pytest
from hypothesis import given

from handgrad import GeGlu, Gelu, Glu, Multiply, Sigmoid, Silu, SwiGlu, vjp
from tests.drawn import numbers

EPS = np.finfo(np.float64).eps
HALF, OTHER, DOUT = numbers((2, 3)), numbers((2, 3)), numbers((2, 3), 3.0)

UNITS = {"SwiGlu": SwiGlu, "GeGlu": GeGlu, "GeGlu tanh": lambda: GeGlu("tanh")}
ACTIVATIONS = {"SwiGlu": Silu, "GeGlu": Gelu, "GeGlu tanh": lambda: Gelu("tanh")}

each_unit = pytest.mark.parametrize("make", UNITS.values(), ids=UNITS)


def graph(activation, gate, value, dout):
    """Put an activation of the gate and a product together; return the output, dgate and dvalue."""
    opened, to_gate = vjp(activation(), gate)
    out, to_both = vjp(Multiply(), opened, value)
    dopened, dvalue = to_both(dout)
    return out, *to_gate(dopened), dvalue


@given(HALF, OTHER, DOUT)
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_glu_equals_its_graph_of_nodes(axis, a, b, dout):
    glu = Glu(axis)
    out = glu.forward(np.concatenate([a, b], axis))
    da, db = np.split(glu.backward(dout), 2, axis)
    want, want_db, want_da = graph(Sigmoid, b, a, dout)
    np.testing.assert_allclose(out, want, rtol=8 * EPS)
    np.testing.assert_allclose(da, want_da, rtol=8 * EPS)
    # the graph's slope of the sigmoid is off by an eps, which is multiplied by a and dout
    np.testing.assert_allclose(db, want_db, rtol=16 * EPS, atol=200 * EPS)


def test_the_second_half_is_the_gate():
    glu = Glu()
    assert glu.forward([1.0, 2.0, 0.0, 1000.0]).tolist() == [0.5, 2.0]
    assert glu.backward([1.0, 1.0]).tolist() == [0.5, 1.0, 0.25, 0.0]


def test_the_slope_of_a_wide_open_gate_keeps_its_digits():
    glu = Glu()
    glu.forward([1.0, 40.0])
    np.testing.assert_allclose(glu.backward([1.0])[1], np.exp(-40.0), rtol=6 * EPS)


@pytest.mark.parametrize(("shape", "axis", "place"), [((2, 3), -1, 1), ((2, 3), 1, 1), ((3, 2), 0, 0)])
def test_glu_names_an_axis_that_has_no_halves(shape, axis, place):
    because = f"expected an even length of axis {place}, because it is halved"
    with pytest.raises(ValueError, match=re.escape(f"Glu.forward: x.shape is {shape}; {because}")):
        Glu(axis).forward(np.ones(shape))


@pytest.mark.parametrize(("shape", "axis"), [((2, 4), 2), ((2, 4), -3), ((), 0)])
def test_glu_names_an_axis_that_is_not_there(shape, axis):
    with pytest.raises(ValueError, match=rf"^Glu\.forward: axis is {axis}; expected "):
        Glu(axis).forward(np.ones(shape))


def test_halves_of_nothing_are_nothing():
    glu = Glu()
    assert glu.forward(np.ones((2, 0))).shape == (2, 0)
    assert glu.backward(np.ones((2, 0))).shape == (2, 0)


@pytest.mark.parametrize("name", UNITS)
@given(HALF, OTHER, DOUT)
def test_a_gated_unit_equals_its_graph_of_its_activation_and_a_product(name, gate, up, dout):
    unit = UNITS[name]()
    want, want_dgate, want_dup = graph(ACTIVATIONS[name], gate, up, dout)
    assert np.array_equal(unit.forward(gate, up), want)
    dgate, dup = unit.backward(dout)
    assert np.array_equal(dup, want_dup)
    assert np.array_equal(dgate, want_dgate)


@each_unit
def test_the_first_input_is_the_gate(make):
    unit = make()
    assert unit.forward([-np.inf, 0.0, 2000.0], [5.0, 5.0, 5.0]).tolist() == [0, 0, 10_000]
    dgate, dup = unit.backward([1.0, 1.0, 1.0])
    assert dgate.tolist() == [0, 2.5, 5]
    assert dup.tolist() == [0, 0, 2000]


@each_unit
def test_each_gradient_has_the_dtype_of_its_input(make):
    unit = make()
    assert unit.forward(np.ones(2, np.float16), np.ones(2, np.float32)).dtype == np.float32
    dgate, dup = unit.backward(np.ones(2))
    assert (dgate.dtype, dup.dtype) == (np.float16, np.float32)


@each_unit
def test_a_product_of_float16_is_rounded_once(make):
    gate, up = np.random.default_rng(0).normal(0, 3, (2, 1000)).astype(np.float16)
    exact = make().forward(gate.astype(np.float64), up.astype(np.float64))
    half = np.finfo(np.float16)
    np.testing.assert_allclose(make().forward(gate, up), exact, rtol=0.51 * half.eps, atol=half.smallest_subnormal)


@pytest.mark.parametrize("unit", [SwiGlu, GeGlu])
@pytest.mark.parametrize("shape", [(3,), (2, 1), (), (3, 2)])
def test_gates_are_not_broadcast(unit, shape):
    message = f"^{unit.__name__}.forward: up.shape is {shape}; expected (2, 3), because that is the shape of gate$"
    with pytest.raises(ValueError, match=message.replace("(", r"\(").replace(")", r"\)")):
        unit().forward(np.ones((2, 3)), np.ones(shape))


def test_an_approximation_of_geglu_that_does_not_exist_is_named():
    with pytest.raises(ValueError, match=r"^Gelu: approximate is 'erf'; expected 'none' or 'tanh'$"):
        GeGlu("erf")
