import numpy as np
import pytest
from hypothesis import given

from handgrad import Add, Affine, MatMul, Rnn, Slice, Stack, Tanh, vjp
from tests.drawn import numbers
from tests.graph import Graph
from tests.recurrence import assert_close, signed

T, D, H = 3, 2, 2


@given(numbers((T, D), size=2.0), numbers(H, size=1.0), numbers((T, H), size=2.0))
def test_it_equals_its_graph_of_nodes(x, h0, dhs):
    Wx, Wh, b = signed(D, H), signed(H, H), signed(H)
    graph, h, shown = Graph(), h0, []
    for t in range(T):
        a = graph(Add(), graph(Add(), graph(MatMul(), graph(Slice(t), x), Wx), graph(MatMul(), h, Wh)), b)
        h = graph(Tanh(), a)
        shown.append(h)
    hs = graph(Stack(), *shown)
    (ours, last), pullback = vjp(Rnn(Wx, Wh, b), x, h0)
    assert_close([ours, last], [hs, h])
    assert_close(pullback((dhs,)), graph.gradients(hs, dhs, x, h0, Wx, Wh, b))


@given(numbers((T, D), size=2.0), numbers((T, H), size=2.0))
def test_without_a_way_from_step_to_step_it_is_an_affine_map_and_tanh(x, dhs):
    affine, tanh = Affine(signed(D, H), signed(H)), Tanh()
    (hs, _), pullback = vjp(Rnn(affine.W, np.zeros((H, H)), affine.b), x)
    assert_close([hs], [tanh.forward(affine.forward(x))])
    dx, dWx, _, db = pullback((dhs,))
    assert_close([dx, dWx, db], [affine.backward(tanh.backward(dhs)), affine.dW, affine.db])


@pytest.mark.parametrize("w", [0.5, 2.0])
def test_around_0_the_first_state_hears_by_powers_of_the_matrix(w):
    # gradients vanish, or explode
    _, pullback = vjp(Rnn([[0.0]], [[w]], [0.0]), np.zeros((20, 1)), [0.0])
    _, dh0, *_ = pullback((np.zeros((20, 1)), [1.0]))
    assert dh0 == w**20


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_where_tanh_is_saturated_nothing_is_heard_and_nothing_warns(dtype):
    rnn = Rnn(np.full((1, 1), 1e4, dtype), np.full((1, 1), 1e4, dtype), np.zeros(1, dtype))
    with np.errstate(all="raise"):
        hs, _ = rnn.forward(np.array([[1.0], [-3.0], [3.0]], dtype))
        dx = rnn.backward(np.ones((3, 1), dtype))
    assert hs.tolist() == [[1], [-1], [1]]
    assert not dx.any()
    assert not rnn.dWh.any()


def test_weights_of_pytorch_are_converted_as_the_docstring_says():
    # torch.nn.RNN(2, 2) of PyTorch 2.13 in float64
    weight_ih, weight_hh, biases = signed(H, D), signed(H, H, start=1), signed(H) + signed(H, start=2)
    rnn = Rnn(weight_ih.T, weight_hh.T, biases)
    (hs, h), pullback = vjp(rnn, signed(T, D), signed(H, start=1))
    dx, dh0, dWx, dWh, db = pullback((signed(T, H, start=1), -signed(H, start=1)))
    said = [
        [[0.94279910, -0.97307829], [-0.63860797, -0.84227759], [-0.39089255, -0.98588876]],
        [-0.39089255, -0.98588876],
        [[0.03593693, 0.05690186], [0.10666159, 0.43269410], [-0.42798232, -0.97463598]],
        [0.05690186, 0.02555149],
        np.transpose([[1.24501856, 0.69256362], [-0.03442383, 0.06084372]]),
        np.transpose([[-0.99303460, -0.37544613], [0.08311849, -0.09924648]]),
        [0.52015586, 0.10544368],
    ]
    for got, want in zip([hs, h, dx, dh0, dWx, dWh, db], said, strict=True):
        np.testing.assert_allclose(got, want, rtol=0, atol=0.51e-8)
