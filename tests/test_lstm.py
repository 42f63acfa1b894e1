import numpy as np
import pytest
from hypothesis import given

from handgrad import Add, Lstm, MatMul, Multiply, Sigmoid, Slice, Stack, Tanh, vjp
from tests.drawn import numbers
from tests.graph import Graph
from tests.recurrence import CLOSE, assert_close, signed

T, D, H = 3, 2, 2
OPEN, SHUT = 50.0, -800.0  # σ is exactly 1 and 0 there


def gated(f, i, o, steps):
    """Run an LSTM whose gates are shut or open, and whatever comes in is new to it."""
    b = np.repeat([f, 0.0, i, o], H)
    Wx = np.zeros((D, 4, H))
    Wx[:, 1] = signed(D, H)
    return vjp(Lstm(Wx.reshape(D, 4 * H), np.zeros((H, 4 * H)), b), signed(steps, D), signed(H), signed(H, start=7))


@given(
    numbers((T, D), size=2.0),
    numbers(H, size=1.0),
    numbers(H, size=2.0),
    numbers((T, H), size=2.0),
    numbers(H, size=2.0),
)
def test_it_equals_its_graph_of_nodes(x, h0, c0, dhs, dc):
    Wx, Wh, b = signed(D, 4 * H), signed(H, 4 * H), signed(4 * H)
    graph, h, c, shown = Graph(), h0, c0, []
    for t in range(T):
        a = graph(Add(), graph(Add(), graph(MatMul(), graph(Slice(t), x), Wx), graph(MatMul(), h, Wh)), b)
        a_f, a_g, a_i, a_o = (graph(Slice(slice(k * H, (k + 1) * H)), a) for k in range(4))
        f, g, i, o = graph(Sigmoid(), a_f), graph(Tanh(), a_g), graph(Sigmoid(), a_i), graph(Sigmoid(), a_o)
        c = graph(Add(), graph(Multiply(), f, c), graph(Multiply(), i, g))
        h = graph(Multiply(), o, graph(Tanh(), c))
        shown.append(h)
    # both in one array, as a graph goes back from one
    both = graph(Stack(), *shown, c)
    (hs, last, cell), pullback = vjp(Lstm(Wx, Wh, b), x, h0, c0)
    assert_close([hs, last, cell], [np.stack(shown), h, c])
    want = graph.gradients(both, np.concatenate([dhs, dc[np.newaxis]]), x, h0, c0, Wx, Wh, b)
    assert_close(pullback((dhs, np.zeros(H), dc)), want)


def test_a_cell_behind_open_gates_is_carried_as_it_is_and_so_is_its_gradient():
    (_, _, c), pullback = gated(OPEN, SHUT, SHUT, steps=40)
    dhs, dc = np.zeros((40, H)), signed(H, start=3)
    dx, _, dc0, *_ = pullback((dhs, np.zeros(H), dc))
    assert np.array_equal(c, signed(H, start=7))
    assert np.array_equal(dc0, dc)
    assert not dx.any()


def test_a_cell_that_is_forgotten_does_not_hear():
    (_, _, c), pullback = gated(SHUT, OPEN, OPEN, steps=3)
    _, _, dc0, *_ = pullback((signed(3, H), signed(H), signed(H)))
    np.testing.assert_allclose(c, np.tanh(signed(3, D)[-1] @ signed(D, H)), **CLOSE)
    assert not dc0.any()


def test_a_cell_that_forgets_nothing_and_lets_everything_in_is_a_sum():
    (hs, _, c), pullback = gated(OPEN, OPEN, OPEN, steps=4)
    news = np.tanh(signed(4, D) @ signed(D, H))
    cells = signed(H, start=7) + np.cumsum(news, axis=0)
    assert_close([hs, c], [np.tanh(cells), cells[-1]])
    dx, *_ = pullback((np.zeros((4, H)), np.zeros(H), np.ones(H)))
    assert_close([dx], [(1 - news**2) @ signed(D, H).T])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("size", [1e4, -1e4])
def test_where_all_gates_are_saturated_nothing_warns_and_no_gate_hears(dtype, size):
    lstm = Lstm(np.full((1, 4), size, dtype), np.zeros((1, 4), dtype), np.zeros(4, dtype))
    with np.errstate(all="raise"):
        hs, _, c = lstm.forward(np.ones((3, 1), dtype), c0=np.full(1, 2, dtype))
        dx, dc0 = lstm.backward(np.zeros((3, 1), dtype), np.zeros(1, dtype), np.ones(1, dtype))
    assert (c, dc0) == ((5, 1) if size > 0 else (0, 0))
    assert hs.any() == (size > 0)
    assert not dx.any()
    assert not lstm.dWx.any()


def test_weights_of_pytorch_are_converted_as_the_docstring_says():
    # torch.nn.LSTM(2, 2) of PyTorch 2.13 in float64
    def converted(weights):
        I, F, G, O = np.split(np.asarray(weights).T, 4, axis=-1)  # noqa: E741
        return np.concatenate([F, G, I, O], axis=-1)

    weight_ih, weight_hh = signed(4 * H, D), signed(4 * H, H, start=1)
    lstm = Lstm(converted(weight_ih), converted(weight_hh), converted(signed(4 * H) + signed(4 * H, start=2)))
    (hs, h, c), pullback = vjp(lstm, signed(T, D), signed(H, start=1), signed(H, start=8))
    dx, dh0, dc0, dWx, dWh, db = pullback((signed(T, H, start=1), -signed(H, start=1), -signed(H, start=8)))
    said = [
        [[0.26378300, -0.20674344], [0.15001683, -0.07869344], [0.10658238, 0.00932845]],
        [0.10658238, 0.00932845],
        [0.31851452, 0.09419845],
        [[0.18380579, 0.07128915], [0.05595355, 0.13434872], [-0.14239726, 0.07743574]],
        [0.07128915, -0.10677040],
        [-0.04278270, 0.26147120],
        converted(
            [
                [-0.10077535, 0.10329362],
                [0.07184211, 0.14866411],
                [0.04467537, 0.06594038],
                [0.05914025, -0.06348065],
                [0.23239830, 0.40035016],
                [-0.09641730, 0.03196409],
                [0.06988110, 0.10257275],
                [0.01279494, -0.09302269],
            ]
        ),
        converted(
            [
                [0.06907574, -0.02313173],
                [0.05449916, -0.01169533],
                [0.01954760, -0.05645384],
                [-0.04043979, 0.05211405],
                [0.14731090, 0.20164333],
                [0.03374707, -0.04397165],
                [0.03431117, 0.01834015],
                [-0.04913881, -0.06889663],
            ]
        ),
        converted([0.21542579, 0.21386648, 0.20911840, -0.21829997, 0.03533507, 0.16479938, 0.08288367, 0.02767149]),
    ]
    for got, want in zip([hs, h, c, dx, dh0, dc0, dWx, dWh, db], said, strict=True):
        np.testing.assert_allclose(got, want, rtol=0, atol=0.51e-8)
