import re

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from handgrad import (
    Add,
    Affine,
    Exp,
    LogSumExp,
    MatMul,
    MultiHeadAttention,
    Multiply,
    Relu,
    Residual,
    RmsNorm,
    Sequential,
    Sigmoid,
    Softmax,
    SoftmaxWithLoss,
    TransformerBlock,
    parameters,
    vjp,
)
from tests.drawn import masks, numbers, whole_numbers

X = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]])
W = np.array([[1.0, 2.0, 0.0], [0.0, -1.0, 3.0], [4.0, 0.0, 1.0]])
DOUT = np.array([[1.0, -1.0, 2.0], [0.0, 3.0, 0.5]])


def affine(scale=1.0):
    return Affine(scale * W, np.full(3, scale))


def network():
    return Sequential(affine(), Sigmoid(), Residual(Sequential(affine(0.5), Relu())), affine(2.0))


def run(layer, *inputs, dout=DOUT, **options):
    return layer.forward(*inputs, **options), layer.backward(dout)


def assert_same(got, want):
    assert len(got) == len(want)
    for one, other in zip(got, want, strict=True):
        assert np.array_equal(one, other)


# The chain rule


@given(numbers((2, 3), size=5.0), numbers((2, 3), size=5.0))
def test_the_pullback_of_a_chain_is_the_chain_of_pullbacks(x, dout):
    parts = [affine(), Sigmoid(), affine(2.0), Softmax()]
    out, pullback = vjp(Sequential(*parts), x)
    h, pullbacks = x, []
    for part in parts:
        h, to_part = vjp(part, h)
        pullbacks.append(to_part)
    grads, dh = [], dout
    for to_part in reversed(pullbacks):
        dh, *dparams = to_part(dh)
        grads = [*dparams, *grads]
    assert np.array_equal(out, h)
    assert_same(pullback(dout), [dh, *grads])


@given(numbers((2, 3), size=5.0), numbers((2, 3), size=5.0))
def test_a_residual_is_its_graph_of_nodes(x, dout):
    f = Sequential(affine(), Sigmoid())
    out, pullback = vjp(Residual(f), x)
    beside, to_f = vjp(f, x)
    total, to_terms = vjp(Add(), x, beside)
    straight, dbeside = to_terms(dout)
    around, *dparams = to_f(dbeside)
    assert np.array_equal(out, total)
    assert_same(pullback(dout), [straight + around, *dparams])


@given(numbers((2, 3), size=5.0))
def test_how_a_chain_is_put_in_brackets_does_not_matter(x):
    flat = Sequential(affine(), Relu(), affine(2.0), Sigmoid())
    nested = Sequential(Sequential(affine(), Relu()), Sequential(Sequential(affine(2.0)), Sigmoid()))
    assert_same(run(flat, x), run(nested, x))
    assert_same([each.grad for each in parameters(flat)], [each.grad for each in parameters(nested)])


def test_a_chain_of_one_is_that_layer():
    assert_same(run(Sequential(affine()), X), run(affine(), X))


@given(whole_numbers((2, 3)), whole_numbers((2, 3)))
def test_a_residual_of_what_gives_0_is_the_identity(x, dout):
    layer = Residual(Affine(np.zeros((3, 3)), np.zeros(3)))
    assert_same(run(layer, x, dout=dout), (x, dout))


def test_a_residual_twice_is_a_sum_over_the_four_ways():
    # (1 + a) (1 + b) = 1 + a + b + ab, for a = 3 and b = 5
    layer = Sequential(Residual(Affine([[3.0]], [0.0])), Residual(Affine([[5.0]], [0.0])))
    out, dx = run(layer, [1.0], dout=[2.0])
    assert (out, dx) == (1 + 3 + 5 + 15, 2 * (1 + 3 + 5 + 15))


# Who gets what


def test_a_first_layer_of_two_inputs_gets_both_and_gives_both_gradients():
    layer = Sequential(MatMul(), Exp())
    out, pullback = vjp(layer, X, W)
    exponent, to_inputs = vjp(MatMul(), X, W)
    y, to_exponent = vjp(Exp(), exponent)
    assert np.array_equal(out, y)
    assert_same(pullback(DOUT), to_inputs(*to_exponent(DOUT)))


@given(numbers((2, 3)), masks((2, 3)))
def test_options_are_for_the_first_layer(x, mask):
    out, _ = run(Sequential(Softmax(), Sigmoid()), x, mask=mask)
    assert np.array_equal(out, Sigmoid().forward(Softmax().forward(x, mask)))
    out, dx = run(Residual(Softmax()), x, mask=mask)
    assert np.array_equal(out, x + Softmax().forward(x, mask))
    assert np.array_equal(dx[~mask], DOUT[~mask])


def test_several_outputs_are_the_next_layers_inputs():
    class Halves:
        """Gives the first half and the second."""

        def forward(self, x):
            return tuple(each.copy() for each in np.split(x, 2))

        def backward(self, first, second):
            return np.concatenate([first, second])

    x = np.array([2.0, 3.0, 5.0, 7.0])
    out, dx = run(Sequential(Halves(), Multiply()), x, dout=np.ones(2))
    assert out.tolist() == [10, 21]
    assert dx.tolist() == [5, 7, 2, 3]
    halves = Sequential(Multiply(), Halves())
    assert [each.tolist() for each in halves.forward(x, x)] == [[4, 9], [25, 49]]
    assert_same(halves.backward(np.ones(2), np.zeros(2)), [[2, 3, 0, 0], [2, 3, 0, 0]])


def test_other_inputs_of_a_residual_are_for_its_layer_and_have_their_gradients():
    layer = Residual(MatMul())
    out, grads = run(layer, X, W)
    dx, dW = MatMul(), None
    dx.forward(X, W)
    dx, dW = dx.backward(DOUT)
    assert np.array_equal(out, X + X @ W)
    assert_same(grads, [DOUT + dx, dW])


def test_a_loss_stands_behind_the_chain_and_gives_it_its_dout():
    chain, loss = network(), SoftmaxWithLoss()
    x, t, mask = np.concatenate([X, X + 1]), [0, 2, 1, -1], [True, True, True, False]
    loss.forward(chain.forward(x), t, mask)
    dx = chain.backward(loss.backward())
    assert dx.any(axis=-1).tolist() == mask
    loss.forward(chain.forward(x[:3]), t[:3])
    assert np.allclose(chain.backward(loss.backward()), dx[:3], rtol=1e-12)


# Parameters


def test_parameters_are_listed_with_their_places_from_the_first_layer_to_the_last():
    layer = network()
    assert [each.path for each in parameters(layer)] == ["0.W", "0.b", "2.0.0.W", "2.0.0.b", "3.W", "3.b"]
    inner = layer.layers[2].layers[0].layers[0]
    assert [each.value for each in parameters(layer)][2] is inner.W
    assert [path for path, _, _ in parameters(affine())] == ["W", "b"]
    assert list(parameters(Residual(Relu()))) == []


def test_gradients_are_those_that_the_layers_have_and_none_before_backward():
    layer = network()
    assert all(grad is None for _, _, grad in parameters(layer))
    run(layer, X)
    for path, value, grad in parameters(layer):
        *places, name = path.split(".")
        owner = layer
        for place in places:
            owner = owner.layers[int(place)]
        assert grad is getattr(owner, f"d{name}")
        assert grad.shape == value.shape


def test_the_pullback_gives_gradients_in_the_order_of_the_parameters():
    layer = network()
    _, pullback = vjp(layer, X)
    assert all(grad is None for _, _, grad in parameters(layer))
    run(layer, X)
    assert_same(pullback(DOUT)[1:], [grad for _, _, grad in parameters(layer)])


def test_pullbacks_of_one_chain_are_independent():
    shared = network()
    once, to_x = vjp(shared, X)
    want = to_x(DOUT)
    _, to_once = vjp(shared, once)
    to_once(7 * DOUT)
    assert_same(to_x(DOUT), want)


def test_what_is_trained_is_what_the_layers_were_given():
    given_W, given_b = np.array([[1.0], [1.0]]), np.array([0.0])
    layer = Sequential(Affine(given_W, given_b), LogSumExp())
    for _ in range(200):
        out = layer.forward([[2.0, 1.0]])
        layer.backward(out - 3)
        for _, value, grad in parameters(layer):
            value -= 0.1 * grad
    np.testing.assert_allclose(2 * given_W[0] + given_W[1] + given_b, 3, rtol=1e-12)


def test_anybodys_layer_of_layers_is_walked_through():
    class Twice:
        """Two layers, in the place that is its own."""

        params = ("g",)

        def __init__(self):
            self.g, self.layers = np.ones(1), (affine(), Sequential(affine()))

        def forward(self, x):
            return self.layers[1].forward(self.layers[0].forward(x)) * self.g

        def backward(self, dout):
            self.dg = np.zeros(1)
            return self.layers[0].backward(self.layers[1].backward(dout * self.g))

    layer = Sequential(Twice())
    run(layer, X)
    assert [path for path, _, _ in parameters(layer)] == ["0.g", "0.0.W", "0.0.b", "0.1.0.W", "0.1.0.b"]
    assert len(vjp(layer, X)[1](DOUT)) == 6


# One object in two places


SHARED = Relu()
TWICE = {
    "in a row": (lambda: Sequential(SHARED, affine(), SHARED), "Sequential: the same Relu is at 0 and at 2;"),
    "in a residual": (lambda: Sequential(SHARED, Residual(SHARED)), "Sequential: the same Relu is at 0 and at 1.0;"),
    "deep in both": (
        lambda: Sequential(Residual(Sequential(affine(), SHARED)), Sequential(affine(), Residual(SHARED))),
        "Sequential: the same Relu is at 0.0.1 and at 1.1.0;",
    ),
    "in a chain in a residual": (
        lambda: Residual(Sequential(SHARED, Residual(SHARED))),
        "Sequential: the same Relu is at 0 and at 1.0;",
    ),
}


@pytest.mark.parametrize(("make", "message"), TWICE.values(), ids=TWICE)
def test_one_layer_in_two_places_names_both(make, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)} expected one for each place"):
        make()


def test_a_chain_in_two_places_is_named_itself():
    chain = Sequential(affine())
    with pytest.raises(ValueError, match=r"^Sequential: the same Sequential is at 0 and at 1\.0;"):
        Sequential(chain, Residual(chain))


def test_layers_that_are_alike_or_hold_the_same_arrays_are_not_one_layer():
    layer = Sequential(Affine(W, W[0]), Relu(), Affine(W, W[0]), Relu())
    run(layer, X)
    first, _, second, _ = (grad for _, _, grad in parameters(layer))
    assert not np.array_equal(first, second)


# Errors


class Halfway:
    """Goes forward, and not back."""

    def forward(self, x):
        return x.copy()


class Stuck(Halfway):
    """Does not get back."""

    def backward(self, dout):
        raise NotImplementedError


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Sequential([affine(), Relu()]), "Sequential: 0 is of type list; expected layers, one by one"),
        (lambda: Sequential(affine(), Relu), "Sequential: 1 is of type type; expected layers, one by one"),
        (lambda: Sequential(affine(), np.tanh), "Sequential: 1 is of type ufunc; expected layers, one by one"),
        (lambda: Sequential(Halfway()), "Sequential: 0 is of type Halfway; expected layers, one by one"),
        (lambda: block(attention=Relu), "TransformerBlock: 1 is of type type; expected layers, one by one"),
        (lambda: Residual(None), "Residual: 0 is of type NoneType; expected layers, one by one"),
    ],
)
def test_what_is_no_layer_is_named_with_its_place(make, message):
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        make()


def test_a_chain_of_no_layers_is_refused():
    with pytest.raises(ValueError, match=r"^Sequential: there are no layers; expected one or more"):
        Sequential()


def test_an_error_from_within_is_that_layers_with_the_way_to_it():
    wrong = Residual(Sequential(Relu(), Affine(np.ones((4, 3)), np.zeros(3))))
    layer = Sequential(affine(), wrong)
    with pytest.raises(ValueError, match=r"^Affine\.forward: x\.shape is \(2, 3\); expected \(\.\.\., 4\)") as error:
        layer.forward(X)
    assert error.value.__notes__ == [
        "at 1 of Sequential: Affine",
        "at 0 of Residual: Sequential",
        "at 1 of Sequential: Residual",
    ]


def test_an_error_on_the_way_back_has_it_too():
    layer = Sequential(affine(), Residual(affine()))
    layer.forward(X)
    with pytest.raises(ValueError, match=r"^Residual\.backward: dout\.shape is \(3,\); expected \(2, 3\)") as error:
        layer.backward(np.ones(3))
    assert error.value.__notes__ == ["at 1 of Sequential: Residual"]


@pytest.mark.parametrize("composed", [Sequential, Residual])
def test_an_error_of_the_layer_itself_on_the_way_back_has_its_place(composed):
    layer = composed(Stuck())
    layer.forward(X)
    with pytest.raises(NotImplementedError) as error:
        layer.backward(DOUT)
    assert error.value.__notes__ == [f"at 0 of {composed.__name__}: Stuck"]


def test_what_is_added_to_x_has_to_have_its_shape_and_is_not_broadcast():
    layer = Residual(Affine(np.ones((3, 1)), np.zeros(1)))
    message = r"^Residual\.forward: f\(x\)\.shape is \(2, 1\); expected \(2, 3\), because it is added to x$"
    with pytest.raises(ValueError, match=message):
        layer.forward(X)


# A forward that raises


@pytest.mark.parametrize("wrong", [np.ones((2, 4)), "nonsense"])
def test_where_the_first_layer_raises_everything_is_as_it_was(wrong):
    layer = network()
    _, want = run(layer, X)
    with pytest.raises((TypeError, ValueError)):
        layer.forward(wrong)
    assert np.array_equal(layer.backward(DOUT), want)


class Fussy:
    """Refuses negative numbers."""

    def forward(self, x):
        if (x < 0).any():
            raise ValueError("negative")
        return x.copy()

    def backward(self, dout):
        return dout.copy()


@pytest.mark.parametrize("inside", [False, True])
def test_where_a_later_layer_raises_backward_says_that_forward_has_to_be_called(inside):
    fussy = Sequential(Add(), Fussy())
    layer = Sequential(fussy, Sigmoid()) if inside else fussy
    layer.forward(1.0, np.ones(2))
    layer.backward(np.ones(2))
    with pytest.raises(ValueError, match="negative"):
        layer.forward(1.0, [-3.0, 0.0])
    with pytest.raises(RuntimeError, match=r"^Sequential\.backward: call forward first"):
        layer.backward(np.ones(2))
    layer.forward(1.0, np.ones(2))
    assert len(layer.backward(np.ones(2))) == 2


def test_where_the_sum_of_a_residual_raises_backward_says_that_forward_has_to_be_called():
    class Shape:
        """Gives ones, of whatever shape."""

        def forward(self, x):
            return np.ones(self.shape)

        def backward(self, dout):
            return 0 * dout

    f = Shape()
    layer = Residual(f)
    f.shape = (2, 3)
    assert_same(run(layer, X), (X + 1, DOUT))
    f.shape = (1, 3)
    with pytest.raises(ValueError, match=r"f\(x\)\.shape is \(1, 3\)"):
        layer.forward(X)
    with pytest.raises(RuntimeError, match=r"^Residual\.backward: call forward first"):
        layer.backward(DOUT)


@pytest.mark.parametrize("composed", [Sequential, Residual])
def test_backward_before_forward_says_so(composed):
    message = f"{composed.__name__}.backward: call forward first; there is nothing to go back through yet"
    with pytest.raises(RuntimeError, match=f"^{re.escape(message)}$"):
        composed(Relu()).backward(DOUT)


# Dtypes


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_residual_keeps_the_dtype_of_x(dtype):
    layer = Residual(Affine(W.astype(dtype), np.zeros(3, dtype)))
    out, dx = run(layer, X.astype(dtype))
    assert (out.dtype, dx.dtype) == (dtype, dtype)
    layer = Residual(affine())
    out, dx = run(layer, X.astype(dtype))
    assert (out.dtype, dx.dtype) == (np.float64, dtype)


@given(st.integers(-9, 9))
def test_a_residual_takes_integers(number):
    out, dx = run(Residual(Relu()), number, dout=1)
    assert (out, dx) == (number + max(number, 0), 1 + (number > 0))
    assert (out.dtype, dx.dtype) == (np.float64, np.float64)


@pytest.mark.parametrize("wrong", [None, [Relu()], Relu])
def test_parameters_of_what_is_no_layer_are_refused(wrong):
    with pytest.raises(TypeError, match=r"^parameters: got .*; expected a layer, because it has a forward"):
        list(parameters(wrong))


# A block of a Transformer


def block(attention=None, feed_forward=None):
    heads = MultiHeadAttention(W, W.T, W, W.T, heads=3)
    return TransformerBlock(RmsNorm([1.0, 2.0, 3.0]), attention or heads, RmsNorm(W[0]), feed_forward or affine(0.5))


@given(numbers((4, 2, 3), size=2.0), numbers((4, 2, 3), size=2.0))
def test_without_a_mask_a_block_is_two_residuals_one_behind_the_other(x, dout):
    norm, attention, second, feed_forward = block().layers
    want = Sequential(Residual(Sequential(norm, attention)), Residual(Sequential(second, feed_forward)))
    out, pullback = vjp(block(), x)
    same, to_same = vjp(want, x)
    assert np.array_equal(out, same)
    assert_same(pullback(dout), to_same(dout))


@given(numbers((2, 4, 3), size=2.0), masks((2, 4)), st.sampled_from([np.nan, np.inf, -1e300]))
def test_padding_is_inert_in_a_block_whatever_it_holds(x, mask, poison):
    dout = np.cos(x)
    out, pullback = vjp(block(), x, mask=mask)
    want = pullback(dout)
    poisoned, dpoisoned = x.copy(), dout.copy()
    poisoned[~mask], dpoisoned[~mask] = poison, poison
    got, to_got = vjp(block(), poisoned, mask=mask)
    assert_same([got, *to_got(dpoisoned)], [out, *want])
    assert not out[~mask].any()
    assert not want[0][~mask].any()


@given(numbers((4, 3), size=2.0), st.integers(1, 3))
def test_padding_adds_nothing_to_a_block(x, length):
    dout, mask = np.cos(x), np.arange(4) < length
    out, pullback = vjp(block(), x, mask=mask)
    short, to_short = vjp(block(), x[:length])
    for got, want in zip([out, *pullback(dout)], [short, *to_short(dout[:length])], strict=True):
        # sums in another order, of numbers up to a few thousand
        np.testing.assert_allclose(got[:length] if got.shape == x.shape else got, want, rtol=1e-10, atol=1e-10)


@given(numbers((4, 2, 3), size=2.0), numbers((4, 2, 3), size=2.0))
def test_a_block_whose_last_matrices_are_0_is_the_identity(x, dout):
    zero = np.zeros((3, 3))
    made = block(MultiHeadAttention(W, W, W, zero, heads=1), Affine(zero, np.zeros(3)))
    assert_same(run(made, x, dout=dout), [x, dout])


def test_options_of_a_block_are_for_attention_which_may_give_more_gradients():
    bias, x = np.cos(np.arange(12.0)).reshape(3, 2, 2), X
    out, (dx, dbias) = run(block(), x, bias=bias)
    assert dbias.shape == bias.shape
    normed = block().layers[0].forward(x)
    h = x + block().layers[1].forward(normed, bias=bias)
    assert np.array_equal(out, h + block().layers[3].forward(block().layers[2].forward(h)))
    assert dx.shape == x.shape


def test_a_block_says_itself_what_of_padding_is_a_key():
    with pytest.raises(TypeError, match=r"^TransformerBlock\.forward: key_mask beside mask, which is both"):
        block().forward(X, [True, False], key_mask=[True, True])


def test_a_layer_of_a_block_that_gives_another_shape_is_named_and_so_is_one_that_raises():
    message = "TransformerBlock.forward: LogSumExp(...).shape is (2,); expected (2, 3), because it is added to x"
    with pytest.raises(ValueError, match=re.escape(message)):
        block(feed_forward=LogSumExp()).forward(X)
    with pytest.raises(ValueError, match=r"^Affine\.forward: x\.shape") as caught:
        block(feed_forward=Affine(np.ones((2, 3)), np.zeros(3))).forward(X)
    assert caught.value.__notes__ == ["at 3 of TransformerBlock: Affine"]


def test_backward_of_a_block_whose_forward_did_not_come_to_the_end_says_so():
    made = block(feed_forward=LogSumExp())
    with pytest.raises(RuntimeError, match=r"^TransformerBlock\.backward: call forward first"):
        made.backward(DOUT)
    with pytest.raises(ValueError, match="LogSumExp"):
        made.forward(X)
    with pytest.raises(RuntimeError, match="call forward first"):
        made.backward(DOUT)


def test_a_block_takes_rows_also_in_a_list_and_names_what_is_none():
    assert np.array_equal(block().forward(X.tolist()), block().forward(X))
    with pytest.raises(ValueError, match=r"^TransformerBlock\.forward: x\.shape is \(\)"):
        block().forward(1.0)


def test_one_norm_in_two_places_of_a_block_names_both():
    norm = RmsNorm(W[0])
    with pytest.raises(ValueError, match=r"TransformerBlock.* 0 .* 2"):
        TransformerBlock(norm, affine(), norm, affine(0.5))


@pytest.mark.parametrize("mask", [[True], [[True, True, True]] * 2])
def test_a_mask_of_a_block_is_one_of_rows(mask):
    with pytest.raises(ValueError, match=r"^TransformerBlock\.forward: mask\.shape is .*; expected \(2,\)"):
        block().forward(X, mask)


@pytest.mark.parametrize("make", [lambda: Residual(Relu()), block], ids=["Residual", "TransformerBlock"])
def test_what_is_not_made_of_real_numbers_is_named_by_the_layer_that_got_it(make):
    layer = make()
    with pytest.raises(TypeError, match=rf"^{type(layer).__name__}\.forward: x\.dtype is complex128; expected"):
        layer.forward(1j * X)


def test_backward_of_a_block_that_raised_after_it_had_come_to_the_end_says_so_too():
    made = block()
    made.forward(X)
    with pytest.raises(TypeError, match="nonsense"):
        made.forward(X, nonsense=True)
    with pytest.raises(RuntimeError, match=r"^TransformerBlock\.backward: call forward first"):
        made.backward(DOUT)


@pytest.mark.parametrize("place", range(4))
def test_an_error_of_any_layer_of_a_block_has_its_place_on_the_way_and_on_the_way_back(place):
    layers = [Relu(), Sigmoid(), Relu(), Sigmoid()]
    layers[place] = Affine(np.ones((4, 3)), np.zeros(3))
    with pytest.raises(ValueError, match=r"^Affine\.forward: x\.shape is \(2, 3\)") as error:
        TransformerBlock(*layers).forward(X)
    assert error.value.__notes__ == [f"at {place} of TransformerBlock: Affine"]
    layers[place] = Stuck()
    stuck = TransformerBlock(*layers)
    stuck.forward(X)
    with pytest.raises(NotImplementedError) as error:
        stuck.backward(DOUT)
    assert error.value.__notes__ == [f"at {place} of TransformerBlock: Stuck"]
