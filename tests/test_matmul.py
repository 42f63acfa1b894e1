import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from handgrad import MatMul
from tests.drawn import whole_numbers


@st.composite
def multipliable(draw):
    shapes = draw(
        hnp.mutually_broadcastable_shapes(signature=np.matmul.signature, min_side=0, max_side=3, max_dims=2)
    )
    a, b, nudge_a, nudge_b = (draw(whole_numbers(shape)) for shape in shapes.input_shapes * 2)
    return a, b, nudge_a, nudge_b, draw(whole_numbers(shapes.result_shape))


@given(multipliable())
def test_matmul_moves_by_the_product_rule_and_hears_the_inner_product(example):
    a, b, nudge_a, nudge_b, dout = example
    matmul = MatMul()
    out = matmul.forward(a, b)
    da, db = matmul.backward(dout)
    assert np.array_equal(out, a @ b)
    assert np.sum(da * nudge_a) == np.sum(dout * (nudge_a @ b))
    assert np.sum(db * nudge_b) == np.sum(dout * (a @ nudge_b))


@given(multipliable())
def test_gradients_of_matmul_have_the_shapes_of_the_inputs(example):
    a, b, *_, dout = example
    matmul = MatMul()
    matmul.forward(a, b)
    da, db = matmul.backward(dout)
    assert (da.shape, db.shape) == (a.shape, b.shape)


def test_matmul_of_two_vectors_is_their_inner_product_and_each_hears_the_other():
    matmul = MatMul()
    assert matmul.forward([1.0, 2.0], [3.0, 4.0]) == 11.0
    da, db = matmul.backward(2.0)
    assert np.array_equal(da, [6.0, 8.0])
    assert np.array_equal(db, [2.0, 4.0])


def test_matmul_worked_out_by_hand():
    matmul = MatMul()
    out = matmul.forward([[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0, 2.0], [0.0, 1.0, 3.0]])
    assert np.array_equal(out, [[1.0, 2.0, 8.0], [3.0, 4.0, 18.0]])
    da, db = matmul.backward([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    assert np.array_equal(da, [[1.0, 0.0], [2.0, 3.0]])
    assert np.array_equal(db, [[1.0, 0.0, 3.0], [2.0, 0.0, 4.0]])


@given(whole_numbers((4, 2, 3)), whole_numbers((4, 3, 5)), whole_numbers((4, 2, 5)))
def test_matmul_of_a_batch_is_the_stack_of_its_matrices(a, b, dout):
    together, alone = MatMul(), MatMul()
    out = together.forward(a, b)
    da, db = together.backward(dout)
    for n in range(4):
        assert np.array_equal(out[n], alone.forward(a[n], b[n]))
        da_n, db_n = alone.backward(dout[n])
        assert np.array_equal(da[n], da_n)
        assert np.array_equal(db[n], db_n)


@given(whole_numbers((4, 2, 3)), whole_numbers((3, 5)), whole_numbers((4, 2, 5)))
def test_a_matrix_shared_by_a_batch_gets_the_sum_of_its_gradients(a, b, dout):
    together, alone = MatMul(), MatMul()
    together.forward(a, b)
    _, db = together.backward(dout)
    total = np.zeros_like(b)
    for a_n, dout_n in zip(a, dout, strict=True):
        alone.forward(a_n, b)
        total += alone.backward(dout_n)[1]
    assert np.array_equal(db, total)


@pytest.mark.parametrize("narrow", [np.float16, np.float32])
def test_dtypes_that_mix_are_promoted_and_each_gradient_keeps_its_own(narrow):
    layer = MatMul()
    out = layer.forward(np.ones((2, 2), narrow), np.ones((2, 2)))
    da, db = layer.backward(np.ones((2, 2)))
    assert (out.dtype, da.dtype, db.dtype) == (np.float64, narrow, np.float64)
