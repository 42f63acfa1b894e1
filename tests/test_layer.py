import tracemalloc

import jax
import numpy as np
import pytest

import handgrad
from handgrad import Affine, IdentityWithLoss
from handgrad.layer import in_order
from tests.layers import EXAMPLES, X, each_example, gradients

W = np.array([[1.0, 2.0, 0.0], [0.0, -1.0, 3.0], [4.0, 0.0, 1.0]])
DOUT = np.array([[1.0, -1.0, 2.0], [0.0, 3.0, 0.5]])
SEVERAL = {name: example for name, example in EXAMPLES.items() if isinstance(example.dout, tuple)}
COLUMNS = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])


def assert_same(got, want):
    assert len(got) == len(want)
    for one, other in zip(got, want, strict=True):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)


@each_example
def test_output_and_pullback_are_forward_and_backward(example):
    out, pullback = example.vjp(example.make())
    own = example.make()
    assert_same(in_order(out), in_order(example.forward(own)))
    assert_same(pullback(example.dout), gradients(own, example.dout))


@each_example
def test_nothing_is_stored_on_the_callers_layer(example):
    layer = example.make()
    before = dict(vars(layer))
    _, pullback = example.vjp(layer)
    pullback(example.dout)
    assert vars(layer).keys() == before.keys()
    assert all(vars(layer)[name] is value for name, value in before.items())


@each_example
def test_a_pullback_called_twice_says_the_same_twice(example):
    _, pullback = example.vjp(example.make())
    first = pullback(example.dout)
    kept = [grad.copy() for grad in first]
    again = pullback(example.dout)
    assert_same(again, kept)
    assert not any(np.shares_memory(one, other) for one in first for other in again)


@each_example
def test_a_pullback_called_with_another_dout_in_between_says_the_same(example):
    _, pullback = example.vjp(example.make())
    first = pullback(example.dout)
    kept = [grad.copy() for grad in first]
    pullback(jax.tree.map(lambda dout: 7 * dout, example.dout))
    assert_same(first, kept)
    assert_same(pullback(example.dout), kept)


@each_example
def test_pullbacks_of_one_layer_are_independent(example):
    layer = example.make()
    _, pullback = example.vjp(layer)
    want = pullback(example.dout)
    _, other = example.vjp(layer, **another_input(example))
    other(example.dout)
    assert_same(pullback(example.dout), want)


@each_example
def test_a_forward_of_the_layer_itself_does_not_touch_a_pullback(example):
    layer = example.make()
    _, pullback = example.vjp(layer)
    want = pullback(example.dout)
    example.forward(layer, **another_input(example))
    gradients(layer, example.dout)
    assert_same(pullback(example.dout), want)


def another_input(example):
    name, first = next(iter(example.inputs.items()))
    return {name: first[::-1] * (2 if first.dtype.kind == "f" else 1)}  # twice an index may be none


def test_gradients_of_the_inputs_come_first_and_those_of_the_params_follow():
    _, pullback = handgrad.vjp(Affine(COLUMNS, np.zeros(2)), X)
    dx, dW, db = pullback(np.ones((2, 2)))
    assert (dx.shape, dW.shape, db.shape) == (X.shape, COLUMNS.shape, (2,))


def test_options_are_handed_to_forward():
    loss, pullback = handgrad.vjp(IdentityWithLoss(), X, DOUT, mask=[False, True])
    assert loss == IdentityWithLoss().forward(X[1], DOUT[1])
    (dx,) = pullback(1.0)
    assert not dx[0].any()


def test_one_layer_unrolled_in_time_equals_a_layer_for_every_step():
    shared = Affine(W, np.ones(3))
    h, pullbacks, steps = X, [], []
    for _ in range(3):
        h, pullback = handgrad.vjp(shared, h)
        pullbacks.append(pullback)
    unrolled = X
    for _ in range(3):
        steps.append(Affine(W, np.ones(3)))
        unrolled = steps[-1].forward(unrolled)
    assert np.array_equal(h, unrolled)

    dh = dunrolled = DOUT
    for pullback, step in zip(reversed(pullbacks), reversed(steps), strict=True):
        dh, dW, db = pullback(dh)
        dunrolled = step.backward(dunrolled)
        assert_same([dh, dW, db], [dunrolled, step.dW, step.db])


def test_a_shared_weight_has_the_gradient_of_its_square():
    # y = (x w) w moves by 2 x w for each unit of w
    shared = Affine([[3.0]], [0.0])
    once, to_x = handgrad.vjp(shared, [5.0])
    twice, to_once = handgrad.vjp(shared, once)
    donce, dW_second, _ = to_once([1.0])
    dx, dW_first, _ = to_x(donce)
    assert twice == 5.0 * 3.0**2
    assert dx == 3.0**2
    assert dW_first + dW_second == 2 * 5.0 * 3.0


def test_parameters_replaced_after_forward_do_not_reach_its_pullback():
    affine = Affine(W, np.ones(3))
    _, pullback = handgrad.vjp(affine, X)
    want = pullback(DOUT)
    affine.W, affine.b = np.zeros((3, 3)), np.zeros(3)
    assert_same(pullback(DOUT), want)


def test_a_failing_forward_leaves_the_layer_and_its_pullbacks_as_they_were():
    affine = Affine(W, np.ones(3))
    _, pullback = handgrad.vjp(affine, X)
    want = pullback(DOUT)
    with pytest.raises(ValueError, match=r"x\.shape"):
        handgrad.vjp(affine, np.ones(4))
    assert_same(pullback(DOUT), want)


def test_anybodys_layer_has_a_pullback():
    class Double:
        def forward(self, x):
            return 2 * x

        def backward(self, dout):
            return 2 * dout

    out, pullback = handgrad.vjp(Double(), np.ones(2))
    assert np.array_equal(out, [2.0, 2.0])
    assert_same(pullback(np.array([1.0, 3.0])), [np.array([2.0, 6.0])])


def test_a_layer_that_has_only_params_has_a_pullback_to_them():
    class Embedding:
        params = ("W",)

        def __init__(self, W):
            self.W = W

        def forward(self, index):
            self.index = index
            return self.W[index]

        def backward(self, dout):
            self.dW = np.zeros_like(self.W)
            np.add.at(self.dW, self.index, dout)

    _, pullback = handgrad.vjp(Embedding(np.ones((2, 1))), np.array([1, 1]))
    assert_same(pullback(np.array([[3.0], [4.0]])), [np.array([[0.0], [7.0]])])


class Chain:
    """Layers put behind one another, in a list or whatever holds them."""

    def __init__(self, layers):
        self.layers = layers

    def in_order(self):
        return list(self.layers.values() if isinstance(self.layers, dict) else self.layers)

    def forward(self, x):
        for layer in self.in_order():
            x = layer.forward(x)
        return x

    def backward(self, dout):
        for layer in reversed(self.in_order()):
            dout = layer.backward(dout)
        return dout


def in_dict(layers):
    return dict(enumerate(layers))


def in_array(layers):
    return np.array(layers, object)


@pytest.mark.parametrize("holder", [list, tuple, in_dict, in_array])
def test_layers_are_found_wherever_a_layer_holds_them(holder):
    layers = [Affine(W, np.ones(3)), handgrad.Relu(), Affine(W.T, np.zeros(3))]
    before = [dict(vars(layer)) for layer in layers]
    out, pullback = handgrad.vjp(Chain(holder(layers)), X)
    dx, *_ = pullback(DOUT)
    assert [vars(layer) for layer in layers] == before
    own = Chain(layers)
    assert_same([out, dx], [own.forward(X), own.backward(DOUT)])


@pytest.mark.parametrize("holder", [list, tuple, in_dict])
def test_no_array_of_a_layer_is_copied(holder):
    def forward_and_backward():
        layer = chain()
        return layer.forward(x), layer.backward(x)

    def forward_and_pullback():
        out, pullback = handgrad.vjp(chain(), x)
        return out, pullback(x)

    def chain():
        return Chain(holder([Affine(large, large[0]), Affine(large, large[0])]))

    x, large = np.ones((2, 512)), np.ones((512, 512))
    # the copies of a layer take a few kilobytes, and of a matrix 2 MB
    assert peak_of_memory(forward_and_pullback) < peak_of_memory(forward_and_backward) + large.nbytes / 100


def peak_of_memory(compute):
    """Count the bytes that are allocated at most while something is computed."""
    tracemalloc.start()
    try:
        compute()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_layer_that_writes_into_arrays_of_its_own_writes_into_copies():
    class MatMul:
        """As the second book has it."""

        def __init__(self, W):
            self.W, self.grads = W, [np.zeros_like(W)]

        def forward(self, x):
            self.x = x
            return x @ self.W

        def backward(self, dout):
            self.grads[0][...] = self.x.T @ dout
            self.W += 1  # which nothing should
            return dout @ self.W.T

    layer = MatMul(W.copy())
    _, pullback = handgrad.vjp(layer, X)
    want = DOUT @ (W + 1).T
    assert_same(pullback(DOUT), [want])
    assert_same(pullback(DOUT), [want])
    assert_same([layer.W, *layer.grads], [W, np.zeros_like(W)])
    assert layer.W.flags.writeable


def test_a_backward_that_drops_what_forward_remembered_drops_it_for_one_call():
    class Dropping(handgrad.Exp):
        def backward(self, dout):
            dx = super().backward(dout)
            del self.out, self.out_shape
            return dx

    _, pullback = handgrad.vjp(Dropping(), X)
    assert_same(pullback(DOUT), pullback(DOUT))


def test_a_random_generator_of_a_layer_is_copied():
    class Noise:
        def __init__(self, random):
            self.random = random

        def forward(self, x):
            self.factors = self.random.random(x.shape)
            return self.factors * x

        def backward(self, dout):
            return self.factors * dout

    layer, x = Noise(np.random.default_rng(0)), np.ones(3)
    for _ in range(2):
        out, pullback = handgrad.vjp(layer, x)
        assert_same([out, *pullback(x)], [np.random.default_rng(0).random(3)] * 2)


def test_a_layer_that_is_held_twice_is_one_layer_in_the_copy():
    class Twice:
        def __init__(self, layer):
            self.there, self.back = layer, [layer]

        def forward(self, x):
            return self.there.forward(x)

        def backward(self, dout):
            return self.back[0].backward(dout)

    _, pullback = handgrad.vjp(Twice(handgrad.Exp()), np.zeros(2))
    assert_same(pullback(np.ones(2)), [np.ones(2)])


@pytest.mark.parametrize("example", SEVERAL.values(), ids=SEVERAL)
def test_upstream_gradients_that_are_left_out_at_the_end_are_0(example):
    _, pullback = example.vjp(example.make())
    for number in range(1, len(example.dout)):
        heard, left_out = example.dout[:number], example.dout[number:]
        want = pullback((*heard, *map(np.zeros_like, left_out)))
        layer = example.make()
        example.forward(layer)
        assert_same(pullback(heard), want)
        assert_same(gradients(layer, heard), want)


def test_a_pullback_of_several_outputs_takes_a_tuple_that_may_be_shorter():
    out, pullback = handgrad.vjp(handgrad.Split(3), [1.0, 2.0, 3.0])
    assert isinstance(out, tuple)
    for douts, want in [
        (([5.0], [6.0], [7.0]), [5.0, 6.0, 7.0]),
        (([5.0], [6.0]), [5.0, 6.0, 0.0]),
        (([5.0],), [5.0, 0.0, 0.0]),
    ]:
        assert_same(pullback(douts), [np.array(want)])


def test_a_tuple_of_numbers_is_still_one_upstream_gradient_of_one_output():
    _, pullback = handgrad.vjp(handgrad.Add(), [1.0, 2.0], 3.0)
    assert_same(pullback((5.0, 6.0)), [np.array([5.0, 6.0]), np.array(11.0)])


class Squared:
    """A layer made of a layer, which keeps in a dict what backward needs beside it."""

    def __init__(self):
        self.multiply, self.kept = handgrad.Multiply(), {}

    def forward(self, x):
        self.kept["ndim"] = x.ndim
        return self.multiply.forward(x, x)

    def backward(self, dout):
        da, db = self.multiply.backward(dout)
        return (da + db) * self.kept["ndim"]


def test_pullbacks_of_a_layer_made_of_layers_are_independent():
    layer = Squared()
    _, pullback = handgrad.vjp(layer, np.array([3.0]))
    handgrad.vjp(layer, np.array([[5.0]]))
    assert pullback(np.ones(1)) == (np.array([6.0]),)
    assert vars(layer.multiply) == layer.kept == {}
