import re
import warnings

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from handgrad import Add, Dropout, MatMul, Multiply, ScaledDotProductAttention, Softmax, Transpose, vjp
from reference.comparisons import book
from tests.drawn import masks, numbers
from tests.graph import Graph

EPS = np.finfo(np.float64).eps
N, T, S, D, E = 2, 3, 4, 2, 3
QUERIES, KEYS, VALUES, BIAS = (N, T, D), (N, S, D), (N, S, E), (N, T, S)
POISON = st.sampled_from([np.nan, np.inf, -np.inf, 1e300])
SEQUENCES = st.tuples(*(numbers(shape, size=3.0) for shape in (QUERIES, KEYS, VALUES)))
SHAPES = "q.shape is (2, 3, 4) and k.shape is (2, 5, 4)"
# a few exponentials and sums of up to 4 products of numbers up to 27, and of what is divided by rounded sums
CLOSE = {"rtol": 64 * EPS, "atol": 2**12 * EPS}


def attend(*inputs, dout=None, **options):
    """Give the output and the gradients, for a dout of both signs."""
    names = {name: options.pop(name) for name in ("mask", "key_mask", "query_mask", "keep") if name in options}
    attention = ScaledDotProductAttention(**options)
    out = attention.forward(*inputs, **names)
    return out, *attention.backward(np.cos(np.arange(out.size)).reshape(out.shape) if dout is None else dout)


def sequences(*shapes):
    return [np.cos(np.arange(np.prod(shape, dtype=int)) + i).reshape(shape) for i, shape in enumerate(shapes)]


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
    return pytest.raises(error, match=f"^{re.escape(f'ScaledDotProductAttention{message}')}$")


# What it is made of


@given(SEQUENCES, numbers(BIAS, size=3.0), masks(BIAS), numbers((N, T, E), size=3.0))
def test_attention_equals_its_graph_of_nodes(arrays, bias, mask, dout):
    q, k, v = arrays
    graph = Graph()
    products = graph(MatMul(), q, graph(Transpose((0, 2, 1)), k))
    scores = graph(Add(), graph(Multiply(), products, 0.3), bias)
    out = graph(MatMul(), graph(Softmax(), scores, mask), v)
    want = graph.gradients(out, dout, q, k, v, bias)
    assert_close(attend(q, k, v, bias, mask=mask, scale=0.3, dout=dout), [out, *want])


@given(SEQUENCES, masks(BIAS), numbers((N, T, E), size=3.0))
def test_keep_drops_weights_as_dropout_does(arrays, keep, dout):
    q, k, v = arrays
    graph = Graph()
    products = graph(MatMul(), q, graph(Transpose((0, 2, 1)), k))
    A = graph(Softmax(), graph(Multiply(), products, 0.3))
    out = graph(MatMul(), graph(Dropout(ratio=0.25), A, keep), v)
    want = graph.gradients(out, dout, q, k, v)
    assert_close(attend(q, k, v, keep=keep, ratio=0.25, scale=0.3, dout=dout), [out, *want])


@given(SEQUENCES, numbers((N, T, E), size=3.0))
def test_the_scale_is_1_over_the_root_of_d(arrays, dout):
    assert_same(attend(*arrays, dout=dout), attend(*arrays, dout=dout, scale=1 / np.sqrt(D)))


def test_the_weights_of_the_values_can_be_read():
    attention = ScaledDotProductAttention()
    attention.forward(np.zeros((3, 2)), np.zeros((4, 2)), np.zeros((4, 5)), mask=np.tri(3, 4, dtype=bool))
    assert attention.A.tolist() == [[1, 0, 0, 0], [0.5, 0.5, 0, 0], [1 / 3, 1 / 3, 1 / 3, 0]]


# Closed forms and symmetries


@given(SEQUENCES, numbers((N, T, E)))
def test_one_key_is_heard_as_it_is_and_neither_it_nor_a_query_can_change_that(arrays, dout):
    q, k, v = arrays[0], arrays[1][:, :1], arrays[2][:, :1]
    out, dq, dk, dv = attend(q, k, v, dout=dout)
    assert np.array_equal(out, np.broadcast_to(v, (N, T, E)))
    assert not dq.any()
    assert not dk.any()
    np.testing.assert_allclose(dv, dout.sum(axis=1, keepdims=True), rtol=4 * EPS, atol=4 * EPS * 30)


@given(SEQUENCES)
def test_where_all_keys_are_equal_every_query_hears_the_mean(arrays):
    q, k, v = arrays[0], np.repeat(arrays[1][:, :1], S, axis=1), arrays[2]
    out, _, _, dv = attend(q, k, v, dout=np.ones((N, T, E)))
    np.testing.assert_allclose(out, np.repeat(v.mean(axis=1, keepdims=True), T, axis=1), rtol=8 * EPS, atol=8 * EPS)
    np.testing.assert_allclose(dv, np.full(VALUES, T / S), rtol=8 * EPS)


@given(SEQUENCES, st.permutations(range(S)), st.permutations(range(T)))
def test_the_order_of_keys_with_their_values_does_not_matter_and_rows_follow_their_queries(arrays, keys, queries):
    q, k, v = arrays
    dout = np.cos(np.arange(N * T * E)).reshape(N, T, E)
    out, dq, dk, dv = attend(q, k, v, dout=dout)
    assert_close(attend(q, k[:, keys], v[:, keys], dout=dout), [out, dq, dk[:, keys], dv[:, keys]])
    assert_close(attend(q[:, queries], k, v, dout=dout[:, queries]), [out[:, queries], dq[:, queries], dk, dv])


@given(SEQUENCES, numbers(BIAS, size=3.0), numbers((N, T, 1), size=3.0), numbers((N, T, E), size=3.0))
def test_a_shift_of_all_scores_of_a_query_cannot_be_felt(arrays, bias, shift, dout):
    out, *grads = attend(*arrays, bias, dout=dout)
    assert_close(attend(*arrays, bias + shift, dout=dout), [out, *grads])
    np.testing.assert_allclose(grads[3].sum(axis=-1), 0, atol=2**8 * EPS)


@given(SEQUENCES, numbers(BIAS, size=3.0), numbers((N, T, E), size=3.0))
def test_a_score_gains_by_how_much_more_its_value_is_what_is_asked_for_than_what_is_heard(arrays, bias, dout):
    attention = ScaledDotProductAttention()
    out = attention.forward(*arrays, bias)
    *_, dbias = attention.backward(dout)
    more = (dout[:, :, None] * (arrays[2][:, None] - out[:, :, None])).sum(axis=-1)
    np.testing.assert_allclose(dbias, attention.A * more, **CLOSE)


@given(numbers((N, S, D), size=3.0), numbers((N, D), size=3.0), numbers((N, D), size=3.0))
def test_the_second_books_attention_is_that_of_one_query_with_a_scale_of_1(hs, h, dout):
    theirs = book.Attention()
    want = theirs.forward(hs, h)
    dhs, dh = theirs.backward(dout)
    out, dq, dk, dv = attend(h[:, None], hs, hs, scale=1.0, dout=dout[:, None])
    assert_close([out[:, 0], dq[:, 0], dk + dv], [want, dh, dhs])


# Masks


@given(SEQUENCES, numbers(BIAS, size=3.0), masks((N, S)), masks((N, T)), masks((T, S)), st.booleans())
def test_a_pair_counts_where_all_masks_and_causality_say_so(arrays, bias, key_mask, query_mask, mask, causal):
    given = {"key_mask": key_mask, "query_mask": query_mask, "mask": mask}
    pairs = mask & key_mask[:, None, :] & query_mask[:, :, None]
    if causal:
        pairs &= np.arange(S) <= np.arange(T)[:, None] + 1
    assert_same(attend(*arrays, bias, **given, causal=causal, offset=1), attend(*arrays, bias, mask=pairs))


@given(SEQUENCES, st.lists(st.integers(0, S), min_size=1, max_size=3))
def test_a_hidden_key_is_one_that_is_left_out(arrays, at):
    q, k, v = arrays
    mask = np.insert(np.ones(S, bool), at, False)
    out, dq, dk, dv = attend(q, np.insert(k, at, np.nan, axis=1), np.insert(v, at, np.inf, axis=1), key_mask=mask)
    assert_close([out, dq, dk[:, mask], dv[:, mask]], attend(q, k, v))
    assert not dk[:, ~mask].any()
    assert not dv[:, ~mask].any()


@given(SEQUENCES, masks((N, S)), masks((N, T)), masks((T, S)), POISON)
def test_what_nobody_attends_to_is_inert_and_has_a_gradient_of_0(arrays, key_mask, query_mask, mask, poison):
    q, k, v = (each.copy() for each in arrays)
    dout, bias = np.cos(np.arange(N * T * E)).reshape(N, T, E), np.zeros(BIAS)
    pairs = mask & key_mask[:, None, :] & query_mask[:, :, None]
    unseen, blind = ~pairs.any(axis=1), ~pairs.any(axis=2)
    want = attend(q, k, v, bias, mask=pairs, dout=dout)
    q[blind], dout[blind], k[unseen], v[unseen], bias[~pairs] = [poison] * 5
    out, dq, dk, dv, dbias = attend(q, k, v, bias, mask=pairs, dout=dout)
    assert_same([out, dq, dk, dv, dbias], want)
    assert not any(each.any() for each in (out[blind], dq[blind], dk[unseen], dv[unseen], dbias[~pairs]))


@given(SEQUENCES, masks((N, T, S)), st.integers(0, S - 1), POISON)
def test_what_a_key_or_a_value_holds_reaches_those_that_attend_to_it_alone(arrays, mask, key, poison):
    q, k, v = (each.copy() for each in arrays)
    out, dq, *_ = attend(q, k, v, mask=mask)
    others = ~mask[:, :, key]
    k[:, key], v[:, key] = poison, poison
    reached, dreached, *_ = attend(q, k, v, mask=mask)
    assert np.array_equal(reached[others], out[others])
    assert np.array_equal(dreached[others], dq[others])


@given(SEQUENCES, masks((N, T, S)), st.integers(0, T - 1), POISON)
def test_what_a_query_or_its_dout_holds_reaches_the_keys_that_it_attends_to_alone(arrays, mask, query, poison):
    q, k, v = (each.copy() for each in arrays)
    dout = np.cos(np.arange(N * T * E)).reshape(N, T, E)
    _, _, dk, dv = attend(q, k, v, mask=mask, dout=dout)
    others = ~mask[:, query]
    q[:, query], dout[:, query] = poison, poison
    _, _, reached, dreached = attend(q, k, v, mask=mask, dout=dout)
    assert np.array_equal(reached[others], dk[others])
    assert np.array_equal(dreached[others], dv[others])


def test_nan_and_infinity_reach_those_that_attend_to_them():
    q, k, v, mask = np.zeros((2, 1)), np.zeros((2, 1)), np.array([[1.0, 3.0], [np.inf, np.nan]]), [[True, False]]
    out, _, _, dv = attend(q, k, v, mask=[[True, True], [True, False]], dout=np.ones((2, 2)))
    assert np.array_equal(out, [[np.inf, np.nan], [1, 3]], equal_nan=True)
    assert dv.tolist() == [[1.5, 1.5], [0.5, 0.5]]
    assert np.array_equal(attend(q, k, v, mask=mask)[0], [[1, 3], [1, 3]])


@given(SEQUENCES, masks((N, T, S)), POISON)
def test_what_is_dropped_is_inert(arrays, keep, poison):
    q, k, v = (each.copy() for each in arrays)
    dropped = ~keep.any(axis=1)
    want = attend(q, k, v, keep=keep, ratio=0.5)
    v[dropped] = poison
    assert_same(attend(q, k, v, keep=keep, ratio=0.5), want)
    assert not want[3][dropped].any()


def test_vectors_of_one_number_are_not_scaled():
    out, *_ = attend([[1.0]], [[0.0], [1.0]], [[0.0], [1.0]])
    np.testing.assert_allclose(out, [[1 / (1 + np.exp(-1))]], rtol=4 * EPS)


def test_what_is_infinite_reaches_those_alone_that_have_kept_it():
    v = [[np.inf], [1.0]]
    out, *_ = attend(np.zeros((2, 1)), np.zeros((2, 1)), v, keep=[[True, True], [False, True]], ratio=0.5)
    assert out.tolist() == [[np.inf], [1.0]]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("hidden", ["mask", "key_mask", "query_mask"])
@pytest.mark.parametrize("dout", [1.0, np.inf, np.nan])
def test_a_query_that_may_attend_to_nothing_hears_0_and_has_no_gradient_nor_warning(dtype, hidden, dout):
    arrays = [each.astype(dtype) for each in sequences(QUERIES, KEYS, VALUES)]
    with np.errstate(all="raise"):
        results = attend(*arrays, **{hidden: False}, dout=np.full((N, T, E), dout))
    assert not any(each.any() for each in results)
    assert all(each.dtype == dtype for each in results)


def test_scores_of_minus_infinity_rule_out_as_a_mask_does():
    arrays, mask = sequences(QUERIES, KEYS, VALUES), np.tri(T, S, -1, dtype=bool)
    out, *grads, dbias = attend(*arrays, np.where(mask, 0, -np.inf))
    assert_same([out, *grads], attend(*arrays, mask=mask))
    assert not dbias[~mask].any()


# Causality


@given(SEQUENCES, st.integers(-T, S), POISON, st.data())
def test_a_causal_query_hears_nothing_that_comes_later(arrays, offset, poison, data):
    q, k, v = (each.copy() for each in arrays)
    t = data.draw(st.integers(0, T - 1))
    later = slice(max(t + offset + 1, 0), None)
    want = attend(q, k, v, causal=True, offset=offset)
    k[:, later], v[:, later] = poison, poison
    out, dq, *_ = attend(q, k, v, causal=True, offset=offset)
    assert np.array_equal(out[:, : t + 1], want[0][:, : t + 1])
    assert np.array_equal(dq[:, : t + 1], want[1][:, : t + 1])


@pytest.mark.parametrize(
    ("offset", "weights"),
    [
        (0, [[1, 0, 0], [1 / 2, 1 / 2, 0]]),
        (1, [[1 / 2, 1 / 2, 0], [1 / 3, 1 / 3, 1 / 3]]),
        (-1, [[0, 0, 0], [1, 0, 0]]),
        (9, [[1 / 3] * 3] * 2),
        (np.int64(-9), [[0] * 3] * 2),
    ],
)
def test_query_t_attends_to_keys_up_to_t_plus_the_offset(offset, weights):
    attention = ScaledDotProductAttention(causal=True, offset=offset)
    attention.forward(np.zeros((2, 1)), np.zeros((3, 1)), np.zeros((3, 1)))
    np.testing.assert_allclose(attention.A, weights, rtol=EPS)


def test_causality_without_an_offset_is_refused_where_nobody_knows_which_key_is_simultaneous():
    q, k, v = sequences((2, 1), (3, 1), (3, 1))
    because = "there are 2 queries and 3 keys: query t attends to keys up to t + offset"
    with raises(ValueError, f".forward: offset is None; expected a whole number, because {because}"):
        ScaledDotProductAttention(causal=True).forward(q, k, v)
    with raises(TypeError, ".forward: offset is 0.5; expected a whole number"):
        ScaledDotProductAttention(causal=True, offset=0.5).forward(q, k, v)


# Shapes


@pytest.mark.parametrize(
    "shapes",
    [
        ((T, D), KEYS, VALUES),
        (QUERIES, (S, D), VALUES),
        (QUERIES, KEYS, (S, E)),
        ((T, D), (S, D), VALUES),
        ((5, 1, T, D), (1, S, D), (N, S, E), (N, 1, S)),
        (QUERIES, KEYS, VALUES, (1, 1)),
        (QUERIES, KEYS, VALUES, ()),
    ],
)
def test_what_is_broadcast_hears_from_every_copy(shapes):
    arrays = sequences(*shapes)
    batch = np.broadcast_shapes(*(each.shape[:-2] for each in arrays))
    whole = [np.broadcast_to(each, (*batch, *each.shape[-2:])).copy() for each in arrays[:3]]
    whole += [np.broadcast_to(each, (*batch, T, S)).copy() for each in arrays[3:]]
    out, *grads = attend(*arrays)
    want, *each_copy = attend(*whole)
    np.testing.assert_allclose(out, want, **CLOSE)
    for grad, copies, array in zip(grads, each_copy, arrays, strict=True):
        _, to_array = vjp(Add(), array, np.zeros(copies.shape))
        np.testing.assert_allclose(grad, to_array(copies)[0], **CLOSE)


@pytest.mark.parametrize("mask", [True, [True, False, True, True], [[True], [False], [True]], [[[True]], [[False]]]])
def test_a_mask_broadcasts_to_the_pairs(mask):
    arrays = sequences(QUERIES, KEYS, VALUES)
    assert_same(attend(*arrays, mask=mask), attend(*arrays, mask=np.broadcast_to(mask, BIAS).copy()))


@pytest.mark.parametrize("lengths", [(0, S, D, E), (T, 0, D, E), (T, S, 0, E), (T, S, D, 0), (0, 0, 0, 0)])
@pytest.mark.parametrize("batch", [(), (N,), (0,)])
def test_lengths_of_0_give_zeros_and_the_mean_where_a_key_has_no_numbers(lengths, batch):
    queries, keys, width, length = lengths
    arrays = sequences((*batch, queries, width), (*batch, keys, width), (*batch, keys, length))
    out, *grads = attend(*arrays)
    assert out.shape == (*batch, queries, length)
    assert [each.shape for each in grads] == [each.shape for each in arrays]
    mean = arrays[2].mean(axis=-2, keepdims=True) if keys else np.zeros((*batch, 1, length))
    if not width or not keys:
        np.testing.assert_allclose(out, np.broadcast_to(mean, out.shape), rtol=4 * EPS, atol=4 * EPS)


@pytest.mark.parametrize(
    ("name", "shape", "expected"),
    [
        ("q", (4,), "(..., T, D), because each of T queries has D numbers"),
        ("k", (2, 5, 3), "(..., S, 4), because q.shape is (2, 3, 4)"),
        ("k", (4,), "(..., S, 4), because q.shape is (2, 3, 4)"),
        ("v", (2, 6, 7), "(..., 5, E), because k.shape is (2, 5, 4)"),
        ("v", (5,), "(..., 5, E), because k.shape is (2, 5, 4)"),
        ("v", (3, 5, 7), f"leading axes that broadcast, because {SHAPES}"),
        ("bias", (3, 4), f"(2, 3, 5) or one that broadcasts to it, because {SHAPES}"),
        ("bias", (1, 2, 3, 5), f"(2, 3, 5) or one that broadcasts to it, because {SHAPES}"),
        ("mask", (2, 5), "(2, 3, 5) or one that broadcasts to it, because that is the shape of all pairs"),
        ("key_mask", (2, 3), "(2, 5) or one that broadcasts to it, because that is the shape of all keys"),
        ("query_mask", (2, 5), "(2, 3) or one that broadcasts to it, because that is the shape of all queries"),
        ("keep", (2, 3, 4), "(2, 3, 5) or one that broadcasts to it, because that is the shape of all pairs"),
    ],
)
def test_what_does_not_fit_is_named_with_both_shapes(name, shape, expected):
    arrays = {"q": np.ones((2, 3, 4)), "k": np.ones((2, 5, 4)), "v": np.ones((2, 5, 7))}
    wrong = np.ones(shape, bool if name in ("mask", "key_mask", "query_mask", "keep") else float)
    with raises(ValueError, f".forward: {name}.shape is {shape}; expected {expected}"):
        ScaledDotProductAttention().forward(**arrays | {name: wrong})


@pytest.mark.parametrize("name", ["mask", "key_mask", "query_mask", "keep"])
def test_a_mask_of_numbers_is_refused_since_it_may_be_a_bias(name):
    expected = f".forward: {name}.dtype is float64; expected bool, True where"
    with pytest.raises(TypeError, match=f"^ScaledDotProductAttention{re.escape(expected)}"):
        ScaledDotProductAttention().forward(*sequences(QUERIES, KEYS, VALUES), **{name: 0.0})


def test_a_scale_of_several_numbers_and_a_ratio_that_is_no_share_are_refused():
    with raises(ValueError, ".forward: scale.shape is (2,); expected (), because it is one number for all of x"):
        ScaledDotProductAttention(scale=[1, 2]).forward(*sequences(QUERIES, KEYS, VALUES))
    with raises(ValueError, ": ratio is 2.0; expected a number from 0 to 1, because it is a share"):
        ScaledDotProductAttention(ratio=2.0)


# Dtypes and sizes


@pytest.mark.parametrize("narrow", [np.float16, np.float32])
def test_dtypes_that_mix_are_promoted_and_each_gradient_keeps_its_own(narrow):
    q, k, v, bias = sequences(QUERIES, KEYS, VALUES, BIAS)
    out, dq, dk, dv, dbias = attend(q.astype(narrow), k, v.astype(narrow), bias.astype(narrow))
    assert [each.dtype for each in (out, dq, dk, dv, dbias)] == [np.float64, narrow, np.float64, narrow, narrow]
    assert attend(q.astype(narrow), k.astype(narrow), v.astype(narrow))[0].dtype == narrow


def test_float16_is_computed_beyond_its_largest_number():
    q, k, v = np.full((1, 64), 40, np.float16), np.full((2, 64), 40, np.float16), np.array([[1.0], [3.0]], np.float16)
    out, dq, dk, _ = attend(q, k, v, scale=1.0, dout=np.ones((1, 1)))
    assert out == 2
    assert np.array_equal(dq, np.zeros((1, 64)))
    assert np.array_equal(dk, [[-20] * 64, [20] * 64])


def test_integers_are_promoted():
    assert_same(attend([[1]], [[1], [2]], [[3], [4]]), attend([[1.0]], [[1.0], [2.0]], [[3.0], [4.0]]))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_no_finite_numbers_cause_a_warning(dtype):
    largest = np.finfo(dtype).max
    arrays = [np.array([[largest, -largest], [largest, largest]], dtype)] * 4
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        attend(*arrays, mask=[[True, False], [True, True]], keep=[True, False], ratio=0.5)


def test_the_weights_are_read_only():
    attention = ScaledDotProductAttention()
    attention.forward([[1.0]], [[1.0], [2.0]], [[3.0], [4.0]])
    with pytest.raises(ValueError, match="read-only"):
        attention.A[0, 0] = 1


def test_with_a_ratio_of_1_everything_is_dropped_whatever_it_is():
    attention = ScaledDotProductAttention(ratio=1.0)
    assert attention.forward([[1.0]], [[1.0]], [[np.nan]], keep=[[True]]).tolist() == [[0]]
