import re
from functools import partial

import numpy as np
import pytest
from hypothesis import given

from handgrad import Add, Gru, MatMul, Multiply, Sigmoid, Slice, Stack, Subtract, Tanh, parameters, vjp
from tests.drawn import numbers
from tests.graph import Graph
from tests.recurrence import CLOSE, assert_close, assert_same, signed

T, D, H = 3, 2, 2
OPEN, SHUT = 50.0, -800.0  # σ is exactly 1 and 0 there
Wx, Wh, B, BH = signed(D, 3 * H), signed(H, 3 * H), signed(3 * H), signed(H, start=3)

after = partial(Gru, reset="after")
each_reset = pytest.mark.parametrize("make", [Gru, after], ids=["before", "after"])


def reset_before(graph, h, r, W, _):
    return graph(MatMul(), graph(Multiply(), r, h), W)


def reset_after(graph, h, r, W, bh):
    return graph(Multiply(), r, graph(Add(), graph(MatMul(), h, W), bh))


@pytest.mark.parametrize(("make", "reset"), [(Gru, reset_before), (after, reset_after)], ids=["before", "after"])
@given(numbers((T, D), size=2.0), numbers(H, size=1.0), numbers((T, H), size=2.0))
def test_it_equals_its_graph_of_nodes(make, reset, x, h0, dhs):
    graph, h, shown = Graph(), h0, []
    columns = [Slice((..., slice(k * H, (k + 1) * H))) for k in range(3)]
    W_z, W_r, W_n = (graph(each, Wh) for each in columns)
    for t in range(T):
        a = graph(Add(), graph(MatMul(), graph(Slice(t), x), Wx), B)
        x_z, x_r, x_n = (graph(each, a) for each in columns)
        z, r = (graph(Sigmoid(), graph(Add(), at, graph(MatMul(), h, W))) for at, W in ((x_z, W_z), (x_r, W_r)))
        n = graph(Tanh(), graph(Add(), x_n, reset(graph, h, r, W_n, BH)))
        kept = graph(Multiply(), graph(Subtract(), 1.0, z), h)
        h = graph(Add(), kept, graph(Multiply(), z, n))
        shown.append(h)
    hs = graph(Stack(), *shown)
    has_bias = make is after
    (ours, last), pullback = vjp(make(Wx, Wh, B, *[BH][: int(has_bias)]), x, h0)
    assert_close([ours, last], [hs, h])
    wanted = [x, h0, Wx, Wh, B, *[BH][: int(has_bias)]]
    assert_close(pullback((dhs,)), graph.gradients(hs, dhs, *wanted))


def gated(make, z, r):
    """Run a GRU whose gates are shut or open."""
    columns = np.concatenate([np.zeros((D, 2 * H)), signed(D, H)], axis=1)
    rows = np.concatenate([np.zeros((H, 2 * H)), signed(H, H)], axis=1)
    return vjp(make(columns, rows, np.repeat([z, r, 0.0], H)), signed(T, D), signed(H))


@each_reset
def test_a_state_of_which_nothing_is_replaced_is_carried_as_it_is_and_so_is_its_gradient(make):
    (hs, h), pullback = gated(make, SHUT, OPEN)
    dx, dh0, *_ = pullback((np.zeros((T, H)), signed(H, start=3)))
    assert_same([*hs, h], [signed(H)] * (T + 1))
    assert np.array_equal(dh0, signed(H, start=3))
    assert not dx.any()


@each_reset
def test_a_state_that_is_reset_and_replaced_is_forgotten(make):
    (hs, _), pullback = gated(make, OPEN, SHUT)
    np.testing.assert_allclose(hs, np.tanh(signed(T, D) @ signed(D, H)), **CLOSE)
    _, dh0, *_ = pullback((signed(T, H),))
    assert not dh0.any()


def test_behind_open_gates_both_resets_are_one():
    (out, pullback), (want, other) = gated(Gru, OPEN, OPEN), gated(after, OPEN, OPEN)
    dout = signed(T, H), signed(H)
    *_, dWx, dWh, db = pullback(dout)
    *_, dWx_after, dWh_after, db_after = other(dout)
    assert_close([out, dWx, dWh, db], [want, dWx_after, dWh_after, db_after])


@each_reset
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("size", [1e4, -1e4])
def test_where_all_gates_are_saturated_nothing_warns_and_no_gate_hears(make, dtype, size):
    gru = make(np.full((1, 3), size, dtype), np.full((1, 3), size, dtype), np.zeros(3, dtype))
    with np.errstate(all="raise"):
        hs, _ = gru.forward(np.ones((3, 1), dtype), np.full(1, 0.5, dtype))
        dx, dh0 = gru.backward(np.ones((3, 1), dtype))
    assert hs.tolist() == ([[1], [1], [1]] if size > 0 else [[0.5]] * 3)
    assert dh0 == (0 if size > 0 else 3)
    assert not dx.any()
    assert not gru.dWh.any()


def test_weights_of_pytorch_are_converted_as_the_docstring_says():
    # torch.nn.GRU(2, 2) of PyTorch 2.13 in float64
    def converted(weights):
        R, Z, N = np.split(np.asarray(weights).T, 3, axis=-1)
        return np.concatenate([-Z, R, N], axis=-1)

    bias_ih, bias_hh = signed(3 * H), signed(3 * H, start=2)
    b = converted(bias_ih + np.where(np.arange(3 * H) < 2 * H, bias_hh, 0))
    gru = after(converted(signed(3 * H, D)), converted(signed(3 * H, H, start=1)), b, bias_hh[2 * H :])
    (hs, h), pullback = vjp(gru, signed(T, D), signed(H, start=1))
    dx, dh0, dWx, dWh, db, dbh = pullback((signed(T, H, start=1), -signed(H, start=1)))
    said = [
        [[0.39817027, -0.93999945], [0.58100004, -0.38552295], [0.36009217, 0.53929124]],
        [0.36009217, 0.53929124],
        [[0.06282152, 0.09606514], [-0.21642568, 0.70460025], [0.06539726, 0.38925104]],
        [0.04421641, 0.89581909],
        converted(
            [
                [0.01303379, 0.00601064],
                [-0.00087212, 0.00574079],
                [0.25728678, 0.12496055],
                [0.10590160, -0.29358830],
                [-0.17512022, 0.31867786],
                [-0.23179380, 0.04344978],
            ]
        ),
        converted(
            [
                [0.00368137, 0.00113554],
                [0.00392029, -0.00085852],
                [0.07895056, 0.01291471],
                [-0.33254799, 0.61901104],
                [0.11589208, -0.24717747],
                [0.02608418, -0.07243618],
            ]
        ),
        converted([0.00467195, 0.00150462, 0.10550612, -0.80645016, 0.77930336, 0.41472780]),
        [0.27860227, 0.07808103],
    ]
    for got, want in zip([hs, h, dx, dh0, dWx, dWh, db, dbh], said, strict=True):
        np.testing.assert_allclose(got, want, rtol=0, atol=0.51e-8)


# Params


def test_the_bias_behind_the_reset_is_a_parameter_only_if_it_is_given():
    without, given_zeros = after(Wx, Wh, B), after(Wx, Wh, B, np.zeros(H))
    assert [each.path for each in parameters(without)] == ["Wx", "Wh", "b"]
    assert [each.path for each in parameters(given_zeros)] == ["Wx", "Wh", "b", "bh"]
    assert_same(without.forward(signed(T, D)), given_zeros.forward(signed(T, D)))
    without.backward(signed(T, H))
    assert not hasattr(without, "dbh")


@pytest.mark.parametrize("held", [1.0, np.nan])
def test_the_bias_behind_the_reset_does_not_hear_of_hidden_steps(held):
    gru, mask = after(Wx, Wh, B, BH), np.array([True, False, True])
    gru.forward(signed(T, D)[mask])
    gru.backward(signed(T, H)[mask])
    want = gru.dbh
    x = np.where(mask[:, np.newaxis], signed(T, D), held)
    gru.forward(x, mask=mask)
    gru.backward(signed(T, H))
    assert_close([gru.dbh], [want])


def raises(error, message):
    """Expect an error that says exactly this."""
    return pytest.raises(error, match=f"^{re.escape(f'Gru{message}')}$")


def test_a_reset_of_another_name_and_a_bias_that_has_no_place_are_refused():
    with raises(ValueError, ": reset is 'behind'; expected 'before' or 'after', where the product with Wh is"):
        Gru(Wx, Wh, B, reset="behind")
    expected = "expected none, because reset is 'before', and b has all biases then"
    with raises(ValueError, f": bh is given; {expected}"):
        Gru(Wx, Wh, B, BH)
    with raises(ValueError, ": bh.shape is (3,); expected (2,), because Wh.shape is (2, 6)"):
        after(Wx, Wh, B, np.ones(3))


def test_a_bias_that_is_no_real_number_is_named_when_it_is_given_and_when_it_was_replaced():
    expected = "expected floating, integer or boolean, because layers compute with real numbers"
    with raises(TypeError, f": bh.dtype is complex128; {expected}"):
        after(Wx, Wh, B, BH + 1j)
    gru = after(Wx, Wh, B, BH)
    gru.bh = BH + 1j
    with raises(TypeError, f".forward: bh.dtype is complex128; {expected}"):
        gru.forward(signed(T, D))


def test_a_reset_that_was_replaced_is_checked_before_anything_changes():
    gru = after(Wx, Wh, B, BH)
    gru.forward(signed(T, D))
    want = gru.backward(signed(T, H))
    gru.reset = "before"
    with raises(
        ValueError, ".forward: bh is given; expected none, because reset is 'before', and b has all biases then"
    ):
        gru.forward(2 * signed(T, D))
    assert np.array_equal(gru.backward(signed(T, H)), want)
