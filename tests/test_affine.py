import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from handgrad import Add, Affine, MatMul, vjp
from tests.drawn import whole_numbers
from tests.graph import Graph

LENGTHS = st.integers(0, 4)


@st.composite
def examples(draw, leading=None):
    """Draw x, W, b and dout, with any leading axes or the given ones."""
    if leading is None:
        leading = draw(hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3))
    D, M = draw(LENGTHS), draw(LENGTHS)
    shapes = [(*leading, D), (D, M), (M,), (*leading, M)]
    return tuple(draw(whole_numbers(shape)) for shape in shapes)


def test_bias_hears_from_every_row():
    affine = Affine(W=np.zeros((2, 3)), b=np.zeros(3))
    affine.forward(np.zeros((2, 2)))
    affine.backward([[1, 2, 3], [4, 5, 6]])
    assert np.array_equal(affine.db, [5.0, 7.0, 9.0])


def test_one_sample_of_2_numbers_is_mapped_to_3():
    affine = Affine(W=[[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]], b=[0.5, 0.25, 0.125])
    assert np.array_equal(affine.forward([1.0, 0.5]), [2.5, 5.25, 8.125])
    assert np.array_equal(affine.backward([1.0, 10.0, 100.0]), [531.0, 642.0])
    assert np.array_equal(affine.dW, [[1.0, 10.0, 100.0], [0.5, 5.0, 50.0]])
    assert np.array_equal(affine.db, [1.0, 10.0, 100.0])


@given(examples())
def test_affine_equals_matmul_followed_by_add(example):
    x, W, b, dout = example
    out, pullback = vjp(Affine(W, b), x)
    graph = Graph()
    total = graph(Add(), graph(MatMul(), x, W), b)
    assert np.array_equal(out, total)
    for got, want in zip(pullback(dout), graph.gradients(total, dout, x, W, b), strict=True):
        assert np.array_equal(got, want)


@given(examples(leading=(3,)))
def test_a_batch_is_the_stack_of_its_samples_and_sums_their_gradients(example):
    x, W, b, dout = example
    out, pullback = vjp(Affine(W, b), x)
    alone = [vjp(Affine(W, b), x_n) for x_n in x]
    dx, dW, db = zip(*(back(dout_n) for (_, back), dout_n in zip(alone, dout, strict=True)), strict=True)
    assert np.array_equal(out, [out_n for out_n, _ in alone])
    for got, want in zip(pullback(dout), [np.stack(dx), sum(dW), sum(db)], strict=True):
        assert np.array_equal(got, want)


@given(examples(leading=(2, 3)))
def test_leading_axes_are_one_long_batch(example):
    x, W, b, dout = example
    out, pullback = vjp(Affine(W, b), x)
    out_rows, pullback_rows = vjp(Affine(W, b), x.reshape(6, -1) if x.size else np.zeros((6, x.shape[-1])))
    dx, dW, db = pullback(dout)
    dx_rows, dW_rows, db_rows = pullback_rows(dout.reshape(out_rows.shape))
    assert np.array_equal(out, out_rows.reshape(out.shape))
    assert np.array_equal(dx, dx_rows.reshape(x.shape))
    assert np.array_equal(dW, dW_rows)
    assert np.array_equal(db, db_rows)


@given(whole_numbers((2, 3)), whole_numbers((3, 4)), whole_numbers(4), whole_numbers((4, 2)), whole_numbers(2))
def test_two_affine_maps_in_a_row_are_one(x, W1, b1, W2, b2):
    first, second, both = Affine(W1, b1), Affine(W2, b2), Affine(W1 @ W2, b1 @ W2 + b2)
    out = second.forward(first.forward(x))
    assert np.array_equal(out, both.forward(x))
    assert np.array_equal(first.backward(second.backward(out)), both.backward(out))
    assert np.array_equal(first.db, W2 @ both.db)


@given(examples(), st.integers(-9, 9))
def test_gradients_are_linear_in_dout(example, factor):
    x, W, b, dout = example
    _, pullback = vjp(Affine(W, b), x)
    for once, scaled in zip(pullback(dout), pullback(factor * dout), strict=True):
        assert np.array_equal(scaled, factor * once)


@given(examples())
def test_gradients_have_the_shapes_of_what_they_are_gradients_of(example):
    x, W, b, dout = example
    _, pullback = vjp(Affine(W, b), x)
    assert [grad.shape for grad in pullback(dout)] == [x.shape, W.shape, b.shape]


def test_gradients_do_not_accumulate():
    affine = Affine(np.eye(2), np.zeros(2))
    affine.forward([1.0, 2.0])
    affine.backward([1.0, 1.0])
    first = affine.dW
    affine.backward([1.0, 1.0])
    assert np.array_equal(affine.dW, first)
    assert not np.shares_memory(affine.dW, first)


def test_a_step_of_gradient_descent_is_seen_by_the_next_forward():
    affine = Affine(np.eye(2), np.zeros(2))
    affine.forward([1.0, 2.0])
    affine.backward([1.0, 0.0])
    affine.W = affine.W - affine.dW
    affine.b = affine.b - affine.db
    assert np.array_equal(affine.forward([1.0, 2.0]), [-5.0, 2.0])


def test_parameters_assigned_after_forward_are_for_the_next_one():
    affine = Affine(W=[[1.0, 2.0]], b=[0.0, 0.0])
    affine.forward([[3.0]])
    affine.W, affine.b = np.full((1, 5), 9.0), np.zeros(5)
    assert affine.backward([[1.0, 1.0]]).tolist() == [[3.0]]
    assert (affine.dW.tolist(), affine.db.tolist()) == ([[3.0, 3.0]], [1.0, 1.0])
    assert affine.forward([[1.0]]).tolist() == [[9.0] * 5]


def test_parameters_may_be_stepped_in_place_after_backward():
    W, b = np.eye(2), np.zeros(2)
    affine = Affine(W, b)
    affine.forward([1.0, 2.0])
    dx = affine.backward([1.0, 0.0])
    affine.W -= affine.dW
    affine.b -= affine.db
    assert np.array_equal(dx, [1.0, 0.0])
    assert np.array_equal(affine.dW, [[1.0, 0.0], [2.0, 0.0]])
    assert np.array_equal(affine.forward([1.0, 2.0]), [-5.0, 2.0])


def test_parameters_assigned_as_integers_have_floating_gradients():
    affine = Affine(np.eye(2), np.zeros(2))
    affine.W = np.array([[1, 2], [3, 4]])
    affine.b = np.array([5, 6])
    affine.forward([1.0, 1.0])
    affine.backward([0.5, 0.25])
    assert np.array_equal(affine.dW, [[0.5, 0.25], [0.5, 0.25]])
    assert np.array_equal(affine.db, [0.5, 0.25])


def test_dtypes_that_mix_are_promoted_and_each_gradient_keeps_its_own():
    affine = Affine(np.ones((2, 3)), np.ones(3, np.float16))
    assert affine.forward(np.ones((4, 2), np.float32)).dtype == np.float64
    assert affine.backward(np.ones((4, 3))).dtype == np.float32
    assert (affine.dW.dtype, affine.db.dtype) == (np.float64, np.float16)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floating_dtypes_are_kept_whatever_the_dtype_of_dout(dtype):
    affine = Affine(np.ones((2, 3), dtype), np.ones(3, dtype))
    assert affine.forward(np.ones((4, 2), dtype)).dtype == dtype
    assert affine.backward(np.ones((4, 3))).dtype == dtype
    assert (affine.dW.dtype, affine.db.dtype) == (dtype, dtype)


@given(examples())
def test_whole_numbers_give_the_same_in_float32_as_in_float64(example):
    x, W, b, dout = example
    _, pullback = vjp(Affine(W, b), x)
    _, pullback32 = vjp(Affine(W.astype(np.float32), b.astype(np.float32)), x.astype(np.float32))
    for wide, narrow in zip(pullback(dout), pullback32(dout.astype(np.float32)), strict=True):
        assert np.array_equal(wide, narrow)


def test_float16_overflows_in_its_result_alone_and_not_on_the_way():
    layer = Affine(np.full((2, 1), 300, np.float16), np.array([-60000], np.float16))
    assert layer.forward(np.array([200, 100], np.float16)).tolist() == [30000]
