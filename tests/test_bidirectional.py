import re

import numpy as np
import pytest
from hypothesis import given

from handgrad import Bidirectional, Gru, Lstm, Rnn, Tanh, parameters, vjp
from tests.drawn import masks, numbers
from tests.recurrence import assert_close, assert_same, signed

N, T, D, H, K = 2, 4, 3, 2, 3
X, MASK = numbers((N, T, D), size=2.0), masks((N, T))


def params(parts, width, start=0):
    columns = parts * width
    return signed(D, columns, start=start), signed(width, columns, start=start), signed(columns, start=start)


def lstm(width=H, start=0):
    return Lstm(*params(4, width, start))


def states(number, width=H, start=0):
    return [signed(N, width, start=start + 3 * each) for each in range(number)]


def run(layer, x, *first, mask=None, dout):
    """Give the outputs, and the gradients."""
    out, pullback = vjp(layer, x, *first, mask=mask)
    return [*out], [*pullback(dout)]


@given(X, MASK)
def test_it_is_one_layer_over_x_and_one_over_x_reversed(x, mask):
    f, g = lstm(), Gru(*params(3, K))
    dhs, df, dg = signed(N, T, H + K, start=5), states(2, start=7), states(1, K, start=9)
    found = run(Bidirectional(f, g), x, mask=mask, dout=(dhs, *df, *dg))
    (hs, *last), (dx, *grads) = run(f, x, mask=mask, dout=(dhs[..., :H], *df))
    (back, *first), (reverse, *others) = run(g, x[:, ::-1], mask=mask[:, ::-1], dout=(dhs[:, ::-1, H:], *dg))
    both = np.concatenate([hs, back[:, ::-1]], axis=-1)
    assert_close(found, [both, last, first, dx + reverse[:, ::-1], grads, others])


@given(X, MASK)
def test_of_a_reversed_sequence_both_halves_are_reversed_and_exchanged(x, mask):
    f, g, first, others = lstm(), lstm(start=1), states(2), states(2, start=5)
    dhs, df, dg = signed(N, T, 2 * H, start=5), states(2, start=7), states(2, start=9)
    dother = np.roll(dhs[:, ::-1], H, axis=-1)
    (hs, *last), (dx, *grads) = run(Bidirectional(f, g), x, *first, *others, mask=mask, dout=(dhs, *df, *dg))
    (other_hs, *other_last), (other_dx, *other_grads) = run(
        Bidirectional(g, f), x[:, ::-1], *others, *first, mask=mask[:, ::-1], dout=(dother, *dg, *df)
    )
    assert_same(other_hs, np.roll(hs[:, ::-1], H, axis=-1))
    assert_same(other_last, [*last[2:], *last[:2]])
    assert_close(other_dx, dx[:, ::-1])
    assert_same(other_grads, [*grads[2:4], *grads[:2], *grads[7:], *grads[4:7]])


@given(numbers((T, D), size=2.0), masks(T))
def test_hidden_steps_are_as_good_as_left_out_in_both_directions(x, mask):
    layer, dhs = Bidirectional(lstm(), lstm(K)), signed(T, H + K, start=5)
    (hs, *last), (dx, *grads) = run(layer, x, mask=mask, dout=(dhs,))
    assert_close([hs[mask], last, dx[mask], grads], run(layer, x[mask], dout=(dhs[mask],)))
    assert not hs[~mask].any()
    assert not dx[~mask].any()


def test_the_last_state_of_the_second_layer_is_that_at_the_first_step():
    hs, _, k = Bidirectional(Rnn(*params(1, H)), Rnn(*params(1, K))).forward(signed(N, T, D))
    assert np.array_equal(hs[:, 0, H:], k)


def test_layers_that_have_no_states_do_as_well():
    (hs,), (dx,) = run(Bidirectional(Tanh(), Tanh()), signed(T, D), dout=(np.ones((T, 2 * D)),))
    assert np.array_equal(hs, np.tile(np.tanh(signed(T, D)), 2))
    assert_close(dx, 2 * (1 - np.tanh(signed(T, D)) ** 2))


def test_its_layers_keep_their_params_and_gradients():
    layer = Bidirectional(lstm(), lstm(K))
    layer.forward(signed(T, D))
    layer.backward(np.ones((T, H + K)))
    found = {each.path: each.grad.shape for each in parameters(layer)}
    assert list(found) == ["0.Wx", "0.Wh", "0.b", "1.Wx", "1.Wh", "1.b"]
    assert found["1.Wh"] == (K, 4 * K)


def test_there_may_be_no_steps_and_no_sequences():
    for shape in ((0, D), (0, T, D)):
        hs, *last = Bidirectional(lstm(), lstm(K)).forward(np.zeros(shape))
        assert hs.shape == (*shape[:-1], H + K)
        assert [each.shape[-1] for each in last] == [H, H, K, K]


# Errors


def test_first_states_are_for_both_layers_or_for_none():
    expected = "expected as many for one layer as for the other, or none"
    with pytest.raises(TypeError, match=f"^Bidirectional.forward: got 3 first states; {expected}$"):
        Bidirectional(lstm(), lstm()).forward(signed(N, T, D), *states(3))


def test_without_steps_there_is_nothing_to_reverse():
    message = "Bidirectional.forward: x.shape is (3,); expected (..., T, D), because the order of steps is reversed"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Bidirectional(Tanh(), Tanh()).forward(np.ones(D))


def test_one_layer_cannot_go_in_both_directions():
    layer = lstm()
    with pytest.raises(
        ValueError, match=r"^Bidirectional: the same Lstm is at 0 and at 1; expected one for each place"
    ):
        Bidirectional(layer, layer)
    with pytest.raises(TypeError, match=r"^Bidirectional: 1 is of type int; expected layers"):
        Bidirectional(layer, 3)


def test_an_error_from_within_names_the_layer_and_asks_for_another_forward():
    layer = Bidirectional(lstm(), lstm())
    layer.forward(signed(T, D))
    layer.layers[1].Wx, layer.layers[1].Wh, layer.layers[1].b = np.ones((2, 4)), np.ones((1, 4)), np.ones(4)
    message = "Lstm.forward: x.shape is (4, 3); expected (..., T, 2), because Wx.shape is (2, 4)"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}") as error:
        layer.forward(signed(T, D))
    assert error.value.__notes__ == ["at 1 of Bidirectional: Lstm"]
    with pytest.raises(RuntimeError, match=r"^Bidirectional\.backward: call forward first"):
        layer.backward(np.ones((T, 2 * H)))


class Stubborn(Tanh):
    def backward(self, dout):
        raise ValueError("no")


@pytest.mark.parametrize("place", [0, 1])
def test_an_error_on_the_way_back_names_the_layer(place):
    layers = [Tanh(), Tanh()]
    layers[place] = Stubborn()
    layer = Bidirectional(*layers)
    layer.forward(signed(T, D))
    with pytest.raises(ValueError, match=r"^no") as error:
        layer.backward(np.ones((T, 2 * D)))
    assert error.value.__notes__ == [f"at {place} of Bidirectional: Stubborn"]


def test_what_is_no_real_number_is_named():
    expected = "expected floating, integer or boolean, because layers compute with real numbers"
    with pytest.raises(TypeError, match=rf"^Bidirectional\.forward: x\.dtype is complex128; {expected}$"):
        Bidirectional(Tanh(), Tanh()).forward(signed(T, D) + 1j)


def test_what_the_first_layer_refuses_changes_nothing():
    layer = Bidirectional(lstm(), lstm(K))
    layer.forward(signed(T, D))
    want = layer.backward(np.ones((T, H + K)))
    with pytest.raises(ValueError, match=r"x\.shape is \(4, 2\)") as error:
        layer.forward(np.ones((T, 2)))
    assert error.value.__notes__ == ["at 0 of Bidirectional: Lstm"]
    assert np.array_equal(layer.backward(np.ones((T, H + K))), want)
