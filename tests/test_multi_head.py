import re

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from handgrad import (
    Add,
    MatMul,
    MultiHeadAttention,
    Multiply,
    Repeat,
    Reshape,
    Rope,
    ScaledDotProductAttention,
    Transpose,
    parameters,
    vjp,
)
from tests.drawn import masks, numbers
from tests.graph import Graph

EPS = np.finfo(np.float64).eps
N, T, S, D, C, H, A, B, M = 2, 3, 4, 5, 3, 4, 2, 3, 6
X, CONTEXT, DOUT = numbers((N, T, D), size=2.0), numbers((N, S, C), size=2.0), numbers((N, T, M), size=2.0)
POISON = st.sampled_from([np.nan, np.inf, -np.inf, 1e300])
# sums of up to 12 products, four times one behind the other, of numbers up to 100
CLOSE = {"rtol": 2**8 * EPS, "atol": 2**14 * EPS}


def signed(*shape):
    return np.cos(np.arange(np.prod(shape, dtype=int)) + len(shape)).reshape(shape)


def matrices(rows=C, key_heads=H):
    return [signed(D, H * A), signed(rows, key_heads * A), signed(rows, key_heads * B), signed(H * B, M)]


def layer(*params, **options):
    return MultiHeadAttention(*(params or matrices(D)), heads=H, **options)


def run(made, *inputs, dout=None, **options):
    """Give the output, and all gradients, for a dout of both signs."""
    out, pullback = vjp(made, *inputs, **options)
    return out, *pullback(signed(*out.shape) if dout is None else dout)


def assert_close(got, want):
    assert len(got) == len(want)
    for one, other in zip(got, want, strict=True):
        np.testing.assert_allclose(one, other, **CLOSE)


def assert_same(got, want):
    assert len(got) == len(want)
    for one, other in zip(got, want, strict=True):
        assert np.array_equal(one, other)


def raises(error, message):
    """Expect an error that says exactly this."""
    return pytest.raises(error, match=f"^{re.escape(f'MultiHeadAttention{message}')}$")


class Nodes(Graph):
    """A graph that knows how to cut rows into heads, and how to put them side by side."""

    def cut(self, rows, heads):
        cut = self(Reshape((*rows.shape[:-1], heads, rows.shape[-1] // heads)), rows)
        return self(Transpose((0, 2, 1, 3)), cut)

    def side_by_side(self, heads):
        rows = self(Transpose((0, 2, 1, 3)), heads)
        return self(Reshape((*rows.shape[:-2], rows.shape[-2] * rows.shape[-1])), rows)


class WithMask:
    """Attention with its masks as options, for a graph whose nodes take arrays alone."""

    def __init__(self, **masks):
        self.attention, self.masks = ScaledDotProductAttention(), masks

    def forward(self, *arrays):
        return self.attention.forward(*arrays, **self.masks)

    def backward(self, dout):
        return self.attention.backward(dout)


# What it is made of


@given(X, numbers((H, T, T), size=2.0), masks((N, 1, T, T)), DOUT)
def test_self_attention_equals_its_graph_of_nodes(x, bias, mask, dout):
    Wq, Wk, Wv, Wo = matrices(D)
    bq, bk, bv, bo = (signed(each.shape[1]) for each in (Wq, Wk, Wv, Wo))
    graph = Nodes()
    q, k, v = (
        graph.cut(graph(Add(), graph(MatMul(), x, W), b), H) for W, b in zip((Wq, Wk, Wv), (bq, bk, bv), strict=True)
    )
    a = graph.side_by_side(graph(WithMask(mask=mask), q, k, v, bias))
    hears = mask[:, 0].any(axis=-1, keepdims=True).astype(float)
    out = graph(Multiply(), graph(Add(), graph(MatMul(), a, Wo), bo), hears)
    params = (Wq, Wk, Wv, Wo, bq, bk, bv, bo)
    want = graph.gradients(out, dout, x, bias, *params)
    assert_close(run(layer(*params), x, None, bias, mask=mask[:, 0], dout=dout), [out, *want])


@given(X, CONTEXT, masks((N, 1, 1, S)), masks((H, T, S)), DOUT)
def test_shared_heads_are_those_of_their_graph_in_which_a_head_is_followed_by_its_copies(x, c, mask, keep, dout):
    Wq, Wk, Wv, Wo = matrices(C, key_heads=2)
    graph = Nodes()
    q = graph.cut(graph(MatMul(), x, Wq), H)
    k, v = (graph(Repeat(2, axis=1), graph.cut(graph(MatMul(), c, W), 2)) for W in (Wk, Wv))
    a = graph.side_by_side(graph(WithMask(mask=mask, keep=keep), q, k, v))
    out = graph(MatMul(), a, Wo)
    want = graph.gradients(out, dout, x, c, Wq, Wk, Wv, Wo)
    made = layer(Wq, Wk, Wv, Wo, key_heads=2)
    assert_close(run(made, x, c, key_mask=mask[:, 0, 0], keep=keep, dout=dout), [out, *want])


@given(X, DOUT)
def test_queries_and_keys_are_turned_and_values_are_not(x, dout):
    Wq, Wk, Wv, Wo = matrices(D)
    graph, rope, places = Nodes(), Rope("interleaved", base=10.0), np.arange(N * T)[::-1].reshape(N, T)
    q, k, v = (graph.cut(graph(MatMul(), x, W), H) for W in (Wq, Wk, Wv))
    q, k = (graph(rope, each, places[:, None].astype(float)) for each in (q, k))
    out = graph(MatMul(), graph.side_by_side(graph(ScaledDotProductAttention(), q, k, v)), Wo)
    want = graph.gradients(out, dout, x, Wq, Wk, Wv, Wo)
    assert_close(run(layer(rope=rope), x, positions=places, dout=dout), [out, *want])


@given(X)
def test_shared_heads_are_as_many_heads_that_are_equal_and_hear_their_sum(x):
    Wq, Wk, Wv, Wo = matrices(D, key_heads=2)
    repeated = [np.repeat(W.reshape(D, 2, W.shape[1] // 2), 2, axis=1).reshape(D, 2 * W.shape[1]) for W in (Wk, Wv)]
    out, dx, dWq, dWk, dWv, dWo = run(layer(Wq, Wk, Wv, Wo, key_heads=2), x)
    whole = run(layer(Wq, *repeated, Wo), x)
    sums = [each.reshape(D, 2, 2, each.shape[1] // 4).sum(axis=2).reshape(D, -1) for each in whole[3:5]]
    assert_close([out, dx, dWq, dWk, dWv, dWo], [*whole[:3], *sums, whole[5]])


def test_one_head_of_the_identity_is_attention():
    x, one = signed(N, T, D), np.eye(D)
    out, dx, *_ = run(MultiHeadAttention(one, one, one, one, heads=1), x)
    want, *grads = run(ScaledDotProductAttention(), x, x, x)
    assert_close([out, dx], [want, sum(grads)])


# Sequences


@given(X)
def test_self_attention_is_attention_to_itself_with_one_gradient_for_both_uses(x):
    out, dx, *dparams = run(layer(), x)
    want, dqueries, dkeys, *others = run(layer(), x, x)
    assert_close([out, dx, *dparams], [want, dqueries + dkeys, *others])


@given(X, masks((N, T)), POISON)
def test_padding_is_inert_whatever_it_holds(x, mask, poison):
    dout, biases = signed(N, T, M), [signed(each.shape[1]) for each in matrices(D)]
    made, options = layer(*matrices(D), *biases), {"key_mask": mask, "query_mask": mask}
    out, dx, *dparams = run(made, x, dout=dout, **options)
    x, dout = x.copy(), dout.copy()
    x[~mask], dout[~mask] = poison, poison
    assert_same(run(made, x, dout=dout, **options), [out, dx, *dparams])
    assert not out[~mask].any()
    assert not dx[~mask].any()


@given(X, CONTEXT, masks((N, S)), masks((N, T)), POISON)
def test_what_is_hidden_of_a_context_is_inert_whatever_it_holds(x, c, key_mask, query_mask, poison):
    made, options = layer(*matrices()), {"key_mask": key_mask, "query_mask": query_mask}
    want = run(made, x, c, **options)
    x, c = x.copy(), c.copy()
    x[~query_mask], c[~key_mask] = poison, poison
    assert_same(run(made, x, c, **options), want)
    assert not want[2][~key_mask].any()


@given(X, POISON)
def test_what_comes_after_all_queries_is_inert_where_they_are_causal(x, poison):
    made = layer(attention=ScaledDotProductAttention(causal=True, offset=-1))
    want = run(made, x)
    assert not want[0][:, 0].any()
    c = x.copy()
    c[:, -1] = poison
    got = run(made, x, c)
    assert np.array_equal(got[0], want[0])
    assert_close(got[3:], want[2:])


def test_rows_that_are_broadcast_are_in_use_where_any_copy_is():
    x, c, query_mask = signed(T, D), signed(N, S, C), np.array([[True, False, False], [True, True, False]])
    out, dx, *grads = run(layer(*matrices()), x, c, query_mask=query_mask)
    copies, dcopies, *want = run(layer(*matrices()), np.stack([x, x]), c, query_mask=query_mask)
    assert_close([out, dx, *grads], [copies, dcopies.sum(axis=0), *want])
    assert dx.any(axis=-1).tolist() == [True, True, False]


@given(CONTEXT)
def test_one_sequence_of_keys_for_all_sequences_of_queries_hears_from_all(c):
    x = signed(N, T, D)
    out, dx, dc, *dparams = run(layer(*matrices()), x, c[0])
    whole, dwhole, dcopies, *want = run(layer(*matrices()), x, np.stack([c[0], c[0]]))
    assert_close([out, dx, dc, *dparams], [whole, dwhole, dcopies.sum(axis=0), *want])


def test_queries_may_have_later_positions_than_the_first_keys():
    x, options = signed(N, 5, D), {"rope": Rope("half")}
    causal = ScaledDotProductAttention(causal=True)
    whole = layer(attention=causal, **options).forward(x)
    later = layer(attention=ScaledDotProductAttention(causal=True, offset=3), **options)
    np.testing.assert_allclose(later.forward(x[:, 3:], x, positions=[3, 4]), whole[:, 3:], **CLOSE)


@pytest.mark.parametrize(
    ("queries", "keys", "batch"), [(0, S, ()), (T, 0, (N,)), (T, S, (0,)), (0, 0, ()), (1, 1, ())]
)
def test_no_queries_and_no_keys_give_zeros(queries, keys, batch):
    out, dx, dc, *dparams = run(layer(*matrices()), signed(*batch, queries, D), signed(*batch, keys, C))
    assert (out.shape, dx.shape, dc.shape) == ((*batch, queries, M), (*batch, queries, D), (*batch, keys, C))
    if 0 in (*batch, queries, keys):
        assert not any(each.any() for each in (out, dx, dc, *dparams))


# Params


def test_only_what_was_given_is_a_parameter_and_has_a_gradient():
    made = layer(*matrices(D), None, signed(H * A))
    assert made.params == ("Wq", "Wk", "Wv", "Wo", "bk")
    out = made.forward(signed(N, T, D))
    made.backward(np.ones(out.shape))
    found = list(parameters(made))
    assert [each.path for each in found] == ["Wq", "Wk", "Wv", "Wo", "bk"]
    assert all(each.grad.shape == each.value.shape for each in found)
    assert not hasattr(made, "dbq")


@given(X)
def test_a_bias_of_the_keys_cannot_be_heard(x):
    # it adds the same to all scores of a query
    biases = [signed(H * A), signed(H * A), signed(H * B), signed(M)]
    *_, dbk, _, _ = run(layer(*matrices(D), *biases), x)
    np.testing.assert_allclose(dbk, 0, atol=2**12 * EPS)


def test_the_layers_whose_options_are_taken_are_left_alone_and_may_be_shared():
    attention, rope = ScaledDotProductAttention(causal=True), Rope("half")
    before = dict(vars(attention)), dict(vars(rope))
    first, second = (layer(attention=attention, rope=rope) for _ in range(2))
    x = signed(N, T, D)
    first.forward(x)
    want = first.backward(np.ones((N, T, M)))
    second.forward(2 * x)
    assert np.array_equal(first.backward(np.ones((N, T, M))), want)
    assert (vars(attention), vars(rope)) == before


def test_float16_is_rounded_once():
    x, params = signed(N, T, D).astype(np.float16), [each.astype(np.float16) for each in matrices(D)]
    exact = run(layer(*(each.astype(np.float64) for each in params)), x.astype(np.float64))
    half = np.finfo(np.float16)
    for got, want in zip(run(layer(*params), x), exact, strict=True):
        assert got.dtype == np.float16
        np.testing.assert_allclose(got, want, rtol=0.51 * half.eps, atol=2e-6)


@pytest.mark.parametrize("narrow", [np.float16, np.float32])
def test_dtypes_that_mix_are_promoted_and_each_gradient_keeps_its_own(narrow):
    made = layer(*(each.astype(narrow) for each in matrices()))
    out, dx, dc, dbias, dWq, *_ = run(made, signed(N, T, D).astype(narrow), signed(N, S, C), signed(T, S))
    assert [each.dtype for each in (out, dx, dc, dbias, dWq)] == [np.float64, narrow, np.float64, np.float64, narrow]
    assert made.forward(signed(N, T, D).astype(narrow), signed(N, S, C).astype(narrow), 0.5).dtype == narrow


# Errors


@pytest.mark.parametrize(
    ("name", "shape", "expected"),
    [
        ("Wq", (5, 9), (5, 8)),
        ("Wk", (3, 6), (3, 4)),
        ("Wv", (4, 6), (3, 6)),
        ("Wo", (6, 6), (12, 6)),
        ("bq", (4,), (8,)),
        ("bk", (1, 4), (4,)),
        ("bo", (1,), (6,)),
    ],
)
def test_params_that_do_not_fit_each_other_are_named_with_the_shape_that_fits(name, shape, expected):
    params = dict(zip(("Wq", "Wk", "Wv", "Wo"), matrices(key_heads=2), strict=True)) | {name: np.ones(shape)}
    because = f"heads is 4, key_heads is 2, Wq.shape is {params['Wq'].shape} and Wv.shape is {params['Wv'].shape}"
    with raises(ValueError, f": {name}.shape is {shape}; expected {expected}, because {because}"):
        MultiHeadAttention(**params, heads=H, key_heads=2)


@pytest.mark.parametrize("name", ["Wq", "Wk", "Wv", "Wo"])
def test_a_matrix_has_two_axes(name):
    with raises(ValueError, f": {name}.shape is (2,); expected (D, M), because it maps D numbers to M"):
        MultiHeadAttention(**dict.fromkeys(["Wq", "Wk", "Wv", "Wo"], np.eye(2)) | {name: np.ones(2)}, heads=1)


def test_the_gradient_of_x_alone_stands_in_no_tuple():
    made = MultiHeadAttention(*[np.eye(2)] * 4, heads=1)
    made.forward(np.ones((3, 2)))
    assert made.backward(np.ones((3, 2))).shape == (3, 2)


def test_positions_are_real_numbers():
    made = MultiHeadAttention(*[np.eye(2)] * 4, heads=1, rope=Rope("half"))
    with pytest.raises(TypeError, match=r"^MultiHeadAttention\.forward: positions\.dtype is complex128; expected"):
        made.forward(np.ones((2, 2)), positions=[0, 1j])


@pytest.mark.parametrize("name", ["heads", "key_heads"])
def test_numbers_of_heads_are_whole(name):
    with pytest.raises(TypeError, match=rf"^MultiHeadAttention: {name} is 1\.0; expected a whole number"):
        MultiHeadAttention(*[np.eye(2)] * 4, **{"heads": 1, "key_heads": 1} | {name: 1.0})


@pytest.mark.parametrize(("heads", "key_heads"), [(4, 3), (0, 1), (2, 4), (4, 0), (-4, 2)])
def test_heads_that_cannot_share_keys_evenly_are_refused(heads, key_heads):
    expected = "a multiple of it, because as many heads of queries share each head of keys"
    with raises(ValueError, f": heads is {heads} and key_heads is {key_heads}; expected {expected}"):
        MultiHeadAttention(*matrices(), heads=heads, key_heads=key_heads)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([signed(T, C)], "x.shape is (3, 3); expected (..., T, 5), because Wq.shape is (5, 8)"),
        ([signed(D)], "x.shape is (5,); expected (..., T, 5), because Wq.shape is (5, 8)"),
        ([signed(T, D)], "x.shape is (3, 5); expected (..., T, 3), because Wk.shape is (3, 8)"),
        ([signed(T, D), signed(S, D)], "context.shape is (4, 5); expected (..., S, 3), because Wk.shape is (3, 8)"),
        (
            [signed(N, T, D), signed(5, S, C)],
            "context.shape is (5, 4, 3); expected leading axes that broadcast, because x.shape is (2, 3, 5)",
        ),
    ],
)
def test_sequences_that_do_not_fit_are_named_with_both_shapes(inputs, message):
    with raises(ValueError, f".forward: {message}"):
        layer(*matrices()).forward(*inputs)


def test_masks_and_positions_that_do_not_fit_are_named_with_both_shapes():
    made, x = layer(rope=Rope("half")), signed(N, T, D)
    expected = "expected (2, 3) or one that broadcasts to it, because"
    with raises(ValueError, f".forward: key_mask.shape is (4,); {expected} that is the shape of all keys"):
        made.forward(x, key_mask=np.ones(4, bool))
    with raises(ValueError, f".forward: positions.shape is (4,); {expected} x.shape is (2, 3, 5)"):
        made.forward(x, positions=np.arange(4))
    with pytest.raises(ValueError, match=r"bias\.shape is \(3, 3, 3\); expected \(2, 4, 3, 3\)"):
        made.forward(x, None, np.ones((3, 3, 3)))


def test_positions_without_anything_that_turns_by_them_are_refused():
    message = "positions are given; expected none, because there is no rope that turns by them"
    with raises(TypeError, f".forward: {message}"):
        layer().forward(signed(N, T, D), positions=[0, 1, 2])


def test_params_that_were_replaced_are_checked_before_anything_changes():
    made = layer()
    x = signed(N, T, D)
    made.forward(x)
    want = made.backward(np.ones((N, T, M)))
    made.Wo = np.ones((3, 3))
    with pytest.raises(ValueError, match=r"^MultiHeadAttention\.forward: Wo\.shape is \(3, 3\); expected \(12, 3\)"):
        made.forward(2 * x)
    assert np.array_equal(made.backward(np.ones((N, T, M))), want)


@pytest.mark.parametrize("batch", [(), (3,)])
def test_where_there_are_no_keys_no_bias_is_added(batch):
    eye = np.eye(2)
    layer = MultiHeadAttention(eye, eye, eye, eye, bo=[5.0, 7.0], heads=1)
    assert not layer.forward(np.full((*batch, 1, 2), np.nan), np.ones((*batch, 0, 2))).any()
    layer.backward(np.ones((*batch, 1, 2)))
    assert not layer.dWq.any()
    assert not layer.dbo.any()


def test_the_position_of_a_hidden_row_is_inert():
    eye = np.eye(2)
    layer = MultiHeadAttention(eye, eye, eye, eye, heads=1, rope=Rope("half"))
    hidden = {"key_mask": [True, False], "query_mask": [True, False]}
    layer.forward(np.ones((2, 2)), **hidden, positions=[0, np.nan])
    assert np.isfinite(layer.backward(np.ones((2, 2)))).all()
    assert np.isfinite(layer.dWq).all()
    assert np.isfinite(layer.dWk).all()
