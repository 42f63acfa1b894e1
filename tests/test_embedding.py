import re
import tracemalloc

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from handgrad import Embedding, EmbeddingDot, MatMul, Multiply, Sequential, Sum, vjp
from tests.drawn import labels, masks, whole_numbers

V, D = 4, 3
TABLE = whole_numbers((V, D))
W = np.arange(12.0).reshape(V, D)
SHAPES = st.sampled_from([(), (5,), (2, 3), (0,), (2, 0)])


def raises(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


# Embedding


@given(TABLE, SHAPES, st.data())
def test_embedding_is_a_product_of_one_hot_rows_with_the_table(table, shape, data):
    indices, dout = data.draw(labels(shape, V)), data.draw(whole_numbers((*shape, D)))
    want, to_factors = vjp(MatMul(), np.eye(V)[indices], table)
    out, pullback = vjp(Embedding(table), indices)
    assert np.array_equal(out, want)
    assert np.array_equal(pullback(dout)[0], to_factors(dout)[1])


@given(TABLE, labels((2, 3), V), masks((2, 3)), whole_numbers((2, 3, D)))
def test_embedding_with_a_mask_is_that_of_the_indices_that_count(table, indices, mask, dout):
    out, pullback = vjp(Embedding(table), np.where(mask, indices, -7), mask)
    want, pullback_of_these = vjp(Embedding(table), indices[mask])
    assert np.array_equal(out[mask], want)
    assert not out[~mask].any()
    assert np.array_equal(pullback(dout)[0], pullback_of_these(dout[mask])[0])


@given(whole_numbers((V, D)), labels(5, V), whole_numbers((5, D)))
def test_an_index_that_is_given_twice_has_its_row_hear_twice(table, indices, dout):
    _, pullback = vjp(Embedding(table), indices)
    _, of_twice = vjp(Embedding(table), np.concatenate([indices, indices]))
    assert np.array_equal(of_twice(np.concatenate([dout, dout]))[0], 2 * pullback(dout)[0])


@given(whole_numbers((V, D)), labels(5, V), whole_numbers((V, D)), whole_numbers((5, D)))
def test_embedding_hears_what_its_transpose_hears(table, indices, nudge, dout):
    _, pullback = vjp(Embedding(table), indices)
    assert np.sum(pullback(dout)[0] * nudge) == np.sum(dout * Embedding(nudge).forward(indices))


@pytest.mark.parametrize("mask", [True, [[True], [False]], [True, False, True]])
def test_a_mask_broadcasts_to_the_indices(mask):
    whole = np.broadcast_to(mask, (2, 3))
    out, pullback = vjp(Embedding(W), np.ones((2, 3), int), np.array(mask))
    want, to_W = vjp(Embedding(W), np.ones((2, 3), int), whole)
    assert np.array_equal(out, want)
    assert np.array_equal(pullback(out)[0], to_W(out)[0])


def test_an_index_that_does_not_count_is_inert_whatever_its_dout_is():
    out, pullback = vjp(Embedding(W), [99, 0], [False, True])
    assert out.tolist() == [[0, 0, 0], W[0].tolist()]
    (dW,) = pullback([[np.nan, np.inf, -np.inf], [1, 2, 3]])
    assert dW.tolist() == [[1, 2, 3], [0, 0, 0], [0, 0, 0], [0, 0, 0]]


def test_row_0_is_a_row_like_any_other_and_hears_of_no_padding():
    _, pullback = vjp(Embedding(W), [0, 0, 0], [True, False, False])
    assert pullback(np.ones((3, D)))[0].tolist() == [[1, 1, 1], [0, 0, 0], [0, 0, 0], [0, 0, 0]]


def test_where_nothing_counts_there_may_be_no_rows_either():
    out, pullback = vjp(Embedding(np.ones((0, D))), [5, -1], [False, False])
    assert out.tolist() == [[0, 0, 0], [0, 0, 0]]
    assert pullback(out)[0].shape == (0, D)


def test_indices_have_no_gradient():
    embedding = Embedding(W)
    embedding.forward([1])
    assert embedding.backward([[1.0, 1.0, 1.0]]) is None


def test_a_chain_may_begin_with_an_embedding():
    chain = Sequential(Embedding(W), Sum(axis=-1))
    assert chain.forward([1, 1, 3]).tolist() == [12.0, 12.0, 30.0]
    assert chain.backward([1.0, 2.0, 3.0]) is None
    assert chain.layers[0].dW.tolist() == [[0, 0, 0], [3, 3, 3], [0, 0, 0], [3, 3, 3]]


def test_a_table_that_is_used_twice_hears_from_both_uses():
    embedding = Embedding(W)
    _, pullback = vjp(embedding, [0, 1])
    _, other = vjp(embedding, [1])
    dW = pullback(np.ones((2, D)))[0] + other(np.ones((1, D)))[0]
    assert dW.tolist() == [[1, 1, 1], [2, 2, 2], [0, 0, 0], [0, 0, 0]]


def test_a_row_of_float16_that_is_looked_up_very_many_times_hears_them_all():
    _, pullback = vjp(Embedding(np.ones((2, 1), np.float16)), np.ones(4104, np.int8))
    assert pullback(np.ones((4104, 1), np.float16))[0].tolist() == [[0], [4104]]


def test_a_gradient_of_a_long_table_takes_the_memory_of_the_table_and_of_the_batch():
    table, indices = np.zeros((50_000, 8), np.float32), np.arange(0, 50_000, 500)
    embedding = Embedding(table)
    embedding.forward(indices)
    dout = np.ones((len(indices), 8), np.float32)
    tracemalloc.start()
    embedding.backward(dout)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # the table once, 9 bytes for each of its rows to find those that are shown, and the batch a few times in float64
    assert peak < table.nbytes + 9 * len(table) + 10 * dout.nbytes


# EmbeddingDot


@pytest.mark.parametrize("several", [(), (2,)])
@given(table=TABLE, h=whole_numbers((5, D)), data=st.data())
def test_embedding_dot_is_the_sum_of_an_embedding_times_the_vectors(several, table, h, data):
    indices, dout = data.draw(labels((5, *several), V)), data.draw(whole_numbers((5, *several)))
    vectors = h.reshape(5, *(1 for _ in several), D)
    rows, to_table = vjp(Embedding(table), indices)
    products, to_factors = vjp(Multiply(), rows, vectors)
    want, to_products = vjp(Sum(axis=-1), products)
    drows, dvectors = to_factors(*to_products(dout))

    out, pullback = vjp(EmbeddingDot(table), h, indices)
    dh, dW = pullback(dout)
    assert np.array_equal(out, want)
    assert np.array_equal(dh, dvectors.reshape(5, D))
    assert np.array_equal(dW, to_table(drows)[0])


@given(TABLE, whole_numbers((2, D)), labels((2, V), V), whole_numbers((2, V)))
def test_embedding_dot_has_the_columns_of_a_product_with_the_whole_table(table, h, indices, dout):
    out, pullback = vjp(EmbeddingDot(table), h, indices)
    want, to_factors = vjp(MatMul(), h, table.T)
    dscores = np.zeros((2, V))
    np.add.at(dscores, ([[0], [1]], indices), dout)
    dh, dW = pullback(dout)
    assert np.array_equal(out, np.take_along_axis(want, indices, axis=1))
    assert np.array_equal(dh, to_factors(dscores)[0])
    assert np.array_equal(dW, to_factors(dscores)[1].T)


@pytest.mark.parametrize("held", [np.nan, np.inf, -np.inf])
def test_neither_a_vector_nor_a_row_hears_of_an_index_that_does_not_count(held):
    h, indices, mask = [[held, 1.0, 1.0], [1.0, 0.0, 2.0]], [[1, -9], [3, 3]], [[False, False], [True, False]]
    out, pullback = vjp(EmbeddingDot(W), h, indices, mask)
    dh, dW = pullback([[held, held], [10.0, held]])
    assert out.tolist() == [[0, 0], [31, 0]]
    assert dh.tolist() == [[0, 0, 0], [90, 100, 110]]
    assert dW.tolist() == [[0, 0, 0], [0, 0, 0], [0, 0, 0], [10, 0, 20]]


def test_a_product_of_float16_is_summed_beyond_it():
    layer = EmbeddingDot(np.full((1, 4), 200, np.float16))
    out = layer.forward(np.array([300, 300, -300, -300], np.float16), 0)
    assert (out, out.dtype) == (0, np.float16)


# Errors


@pytest.mark.parametrize("index", [-1, 4, 100, -(2**63), 2**63 - 1])
@pytest.mark.parametrize("layer", [Embedding(W), EmbeddingDot(W)], ids=lambda layer: type(layer).__name__)
def test_an_index_that_does_not_exist_and_counts_is_named_with_its_position(layer, index):
    h = [np.ones((2, D))] * isinstance(layer, EmbeddingDot)
    message = f"indices[1, 0] is {index}; expected an index from 0 to 3, because W.shape is (4, 3)"
    with raises(IndexError, f"{type(layer).__name__}.forward: {message}"):
        layer.forward(*h, [[0, -8], [index, 7]], [[True, False], [True, True]])


def test_from_a_table_without_rows_nothing_can_be_looked_up():
    message = "indices is 0; expected no index at all, because W.shape is (0, 3)"
    with raises(IndexError, f"Embedding.forward: {message}"):
        Embedding(np.ones((0, D))).forward(0)


@pytest.mark.parametrize("indices", [[0.0, 1.0], [True, False], np.zeros(0)])
def test_indices_are_integers(indices):
    dtype = np.asarray(indices).dtype
    message = f"indices.dtype is {dtype}; expected integers, which count from 0"
    with raises(TypeError, f"Embedding.forward: {message}"):
        Embedding(W).forward(indices)


@pytest.mark.parametrize("shape", [(3,), (2, 2, 1), ()])
@pytest.mark.parametrize("layer", [Embedding, EmbeddingDot])
def test_a_table_has_two_axes(layer, shape):
    message = f"W.shape is {shape}; expected (V, D), because it has V rows of D numbers"
    with raises(ValueError, f"{layer.__name__}: {message}"):
        layer(np.ones(shape))
    made = layer(W)
    made.W = np.ones(shape)
    with raises(ValueError, f"{layer.__name__}.forward: {message}"):
        made.forward(*[[1.0, 2.0, 3.0]] * (layer is EmbeddingDot), 0)


def test_a_mask_that_does_not_broadcast_to_the_indices_names_both_shapes():
    because = "expected (2,) or one that broadcasts to it, because indices.shape is (2,)"
    with raises(ValueError, f"Embedding.forward: mask.shape is (3,); {because}"):
        Embedding(W).forward([0, 1], [True, True, False])


@pytest.mark.parametrize("shape", [(), (2,), (2, 4)])
def test_a_vector_that_does_not_fit_the_table_names_both_shapes(shape):
    with raises(
        ValueError, f"EmbeddingDot.forward: h.shape is {shape}; expected (..., 3), because W.shape is (4, 3)"
    ):
        EmbeddingDot(W).forward(np.ones(shape), 0)


@pytest.mark.parametrize("shape", [(), (3,), (3, 2), (2, 1, 1)])
def test_indices_that_do_not_fit_the_vectors_name_both_shapes(shape):
    because = "expected (2,), or these and one axis more, because h.shape is (2, 3)"
    with raises(ValueError, f"EmbeddingDot.forward: indices.shape is {shape}; {because}"):
        EmbeddingDot(W).forward(np.ones((2, D)), np.zeros(shape, int))


@pytest.mark.parametrize(
    ("layer", "inputs", "wrong"),
    [
        (Embedding(W), ([1, 2],), ([1, 4],)),
        (Embedding(W), ([1, 2],), ([1, 3], [1, 0])),
        (EmbeddingDot(W), ([1.0, 2.0, 3.0], [1, 2]), ([1.0, 2.0, 3.0], [1, -1])),
        (EmbeddingDot(W), ([1.0, 2.0, 3.0], [1, 2]), ([1.0, 2.0], [1, 3])),
    ],
)
def test_a_forward_that_raises_leaves_the_layer_as_it_was(layer, inputs, wrong):
    dout = np.ones_like(layer.forward(*inputs))
    layer.backward(dout)
    want = layer.dW
    with pytest.raises((IndexError, TypeError, ValueError)):
        layer.forward(*wrong)
    layer.backward(dout)
    assert np.array_equal(layer.dW, want)
