import re
import warnings

import numpy as np
import pytest
from hypothesis import given

from handgrad import CosineSimilarity, Divide, Multiply, Power, Sum
from tests.drawn import numbers, whole_numbers
from tests.graph import Graph

EPS = np.finfo(np.float64).eps
N, M, D = 4, 2, 3


def raises(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


def run(a, b, dout=None):
    layer = CosineSimilarity()
    out = layer.forward(a, b)
    return out, *layer.backward(np.ones_like(out) if dout is None else dout)


def not_zeros(vectors):
    """Give vectors that have a direction: the nodes of the graph have no gradient where there is none."""
    return vectors + (np.abs(vectors).sum(axis=-1, keepdims=True) == 0)


@given(whole_numbers((N, D)), whole_numbers((N, D)), whole_numbers(N))
def test_cosine_similarity_equals_its_graph_of_nodes(a, b, dout):
    a, b, graph = not_zeros(a), not_zeros(b), Graph()
    product = graph(Sum(axis=-1), graph(Multiply(), a, b))
    squares = [graph(Sum(axis=-1), graph(Power(2), each)) for each in (a, b)]
    lengths = graph(Multiply(), *(graph(Power(0.5), each) for each in squares))
    want = graph(Divide(), product, lengths)
    want_da, want_db = graph.gradients(want, dout, a, b)

    out, da, db = run(a, b, dout)
    np.testing.assert_allclose(out, want, rtol=0, atol=8 * EPS)
    # both terms are at most as large as dout, which is up to 9, over a length of 1 at least
    np.testing.assert_allclose(da, want_da, rtol=0, atol=8 * 9 * EPS)
    np.testing.assert_allclose(db, want_db, rtol=0, atol=8 * 9 * EPS)


@given(numbers((N, D)), numbers((N, D)))
def test_gradients_are_across_the_vectors(a, b):
    _, da, db = run(a, b)
    for vectors, grads in ((a, da), (b, db)):
        along = np.abs(np.sum(vectors * grads, axis=-1))
        # rounding leaves some eps of each of the two terms, which are at most 1 over the length
        assert np.all(along <= 16 * EPS)


@given(numbers((N, D)), numbers((N, D)))
def test_lengths_do_not_matter_and_scale_the_gradients(a, b):
    out, da, db = run(a, b)
    scaled, da_scaled, db_scaled = run(8 * a, b / 4)
    assert np.array_equal(scaled, out)
    assert np.array_equal(da_scaled, da / 8)
    assert np.array_equal(db_scaled, 4 * db)


@given(whole_numbers((N, D)), whole_numbers((M, D)), whole_numbers((N, M)))
def test_a_vector_that_meets_several_hears_from_all_of_them(a, b, dout):
    out, da, db = run(a[:, np.newaxis], b, dout)
    copies = np.broadcast_to(a[:, np.newaxis], (N, M, D)), np.broadcast_to(b, (N, M, D))
    want, da_of_copies, db_of_copies = run(*copies, dout)
    assert np.array_equal(out, want)
    # N terms at most, each of up to 9 over a length of 1 at least
    np.testing.assert_allclose(da, da_of_copies.sum(1, keepdims=True), rtol=0, atol=9 * N * EPS)
    np.testing.assert_allclose(db, db_of_copies.sum(0), rtol=0, atol=9 * N * EPS)


@pytest.mark.parametrize(("a", "b", "cosine"), [([2.0, 0.0], [3.0, 0.0], 1), ([2.0, 0.0], [-5.0, 0.0], -1)])
def test_vectors_of_one_direction_have_cosine_1_and_gradient_0(a, b, cosine):
    out, da, db = run(a, b)
    assert out == cosine
    assert not da.any()
    assert not db.any()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_vector_of_zeros_has_no_direction(dtype):
    zeros, other = np.zeros(2, dtype), np.array([3, 4], dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for a, b in ((zeros, other), (other, zeros), (zeros, zeros)):
            assert all(not each.any() for each in run(a, b))


@pytest.mark.parametrize("scale", [2.0**1020, 2.0**-1060, 2.0**-1021])
def test_lengths_whose_squares_overflow_or_vanish_are_lengths_like_any_other(scale):
    a, b = np.array([3.0, 4.0]), np.array([1.0, 0.0])
    out, da, db = run(scale * a, scale * b)
    want, want_da, want_db = run(a, b)
    assert out == want
    with np.errstate(over="ignore"):
        assert np.array_equal(da, want_da / scale)
        assert np.array_equal(db, want_db / scale)


def test_long_and_short_vectors_of_one_batch_have_a_direction_each():
    out, *_ = run([[2.0**1000, 0.0], [2.0**-1000, 2.0**-1000]], [1.0, 0.0])
    np.testing.assert_allclose(out, [1, np.sqrt(0.5)], rtol=4 * EPS)


def test_nan_is_not_taken_for_a_vector_of_zeros():
    out, *_ = run([np.nan, 1.0], [0.0, 1.0])
    assert np.isnan(out)


def test_vectors_without_numbers_have_no_direction_either():
    out, da, db = run(np.ones((2, 0)), np.ones((2, 0)))
    assert out.tolist() == [0, 0]
    assert da.shape == db.shape == (2, 0)


@pytest.mark.parametrize("shape", [(), (3,), (2, 1)])
def test_vectors_of_different_lengths_name_both_shapes(shape):
    message = (
        "(..., 4), because a.shape is (2, 4)" if shape else "one axis or more, because the last one is summed over"
    )
    with raises(ValueError, f"CosineSimilarity.forward: b.shape is {shape}; expected {message}"):
        CosineSimilarity().forward(np.ones((2, 4)), np.ones(shape))


def test_batches_that_do_not_broadcast_name_both_shapes():
    message = "b.shape is (3, 4); expected axes that broadcast, because a.shape is (2, 4)"
    with raises(ValueError, f"CosineSimilarity.forward: {message}"):
        CosineSimilarity().forward(np.ones((2, 4)), np.ones((3, 4)))
