import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import mpmath
import numpy as np
import pytest
from hypothesis import given

from handgrad import Add, Exp, MatMul, Multiply, Reciprocal
from tests.drawn import whole_numbers

EPS = np.finfo(np.float64).eps
BINARY = [Add, Multiply, MatMul]

POINTS = [-700.0, -100.0, -1.5, -1e-9, 0.0, 1e-9, 0.3, 1.0, 20.0, 700.0]


def nonzero():
    positive = st.floats(1e-3, 1e3)
    shapes = hnp.array_shapes(min_dims=0, min_side=0, max_side=4)
    return hnp.arrays(np.float64, shapes, elements=positive | positive.map(lambda x: -x), fill=st.nothing())


@st.composite
def broadcastable(draw):
    shapes = draw(hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_side=3, max_dims=3))
    a, b, da, db = (draw(whole_numbers(shape)) for shape in shapes.input_shapes * 2)
    return a, b, da, db, draw(whole_numbers(shapes.result_shape))


@st.composite
def multipliable(draw):
    shapes = draw(
        hnp.mutually_broadcastable_shapes(signature=np.matmul.signature, min_side=0, max_side=3, max_dims=2)
    )
    a, b, nudge_a, nudge_b = (draw(whole_numbers(shape)) for shape in shapes.input_shapes * 2)
    return a, b, nudge_a, nudge_b, draw(whole_numbers(shapes.result_shape))


@given(broadcastable())
def test_add_moves_by_the_broadcast_nudges_and_hears_their_inner_product(example):
    a, b, nudge_a, nudge_b, dout = example
    add = Add()
    out = add.forward(a, b)
    da, db = add.backward(dout)
    assert np.array_equal(out, a + b)
    assert np.sum(da * nudge_a) == np.sum(dout * np.broadcast_to(nudge_a, out.shape))
    assert np.sum(db * nudge_b) == np.sum(dout * np.broadcast_to(nudge_b, out.shape))


@given(broadcastable())
def test_multiply_moves_by_the_product_rule_and_hears_the_inner_product(example):
    a, b, nudge_a, nudge_b, dout = example
    multiply = Multiply()
    out = multiply.forward(a, b)
    da, db = multiply.backward(dout)
    assert np.array_equal(out, a * b)
    assert np.sum(da * nudge_a) == np.sum(dout * (nudge_a * b))
    assert np.sum(db * nudge_b) == np.sum(dout * (a * nudge_b))


@given(multipliable())
def test_matmul_moves_by_the_product_rule_and_hears_the_inner_product(example):
    a, b, nudge_a, nudge_b, dout = example
    matmul = MatMul()
    out = matmul.forward(a, b)
    da, db = matmul.backward(dout)
    assert np.array_equal(out, a @ b)
    assert np.sum(da * nudge_a) == np.sum(dout * (nudge_a @ b))
    assert np.sum(db * nudge_b) == np.sum(dout * (a @ nudge_b))


@given(broadcastable())
def test_gradients_of_broadcast_inputs_have_the_shapes_of_the_inputs(example):
    a, b, *_, dout = example
    for node in (Add(), Multiply()):
        node.forward(a, b)
        da, db = node.backward(dout)
        assert (da.shape, db.shape) == (a.shape, b.shape)


@given(multipliable())
def test_gradients_of_matmul_have_the_shapes_of_the_inputs(example):
    a, b, *_, dout = example
    matmul = MatMul()
    matmul.forward(a, b)
    da, db = matmul.backward(dout)
    assert (da.shape, db.shape) == (a.shape, b.shape)


@given(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3).flatmap(whole_numbers))
def test_an_input_used_twice_gets_the_sum_of_both_gradients(x):
    square = Multiply()
    assert np.array_equal(square.forward(x, x), x**2)
    assert np.array_equal(np.add(*square.backward(np.ones(x.shape))), 2 * x)


def test_a_number_added_to_a_matrix_hears_from_every_entry():
    add = Add()
    add.forward([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], 10.0)
    _, db = add.backward([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert db == 21.0


def test_a_row_added_to_no_rows_has_a_gradient_of_zeros():
    add = Add()
    add.forward(np.zeros((0, 3)), np.ones(3))
    _, db = add.backward(np.zeros((0, 3)))
    assert np.array_equal(db, np.zeros(3))


def test_an_axis_of_length_1_that_was_stretched_is_summed_and_kept():
    multiply = Multiply()
    multiply.forward([[1.0], [2.0]], [3.0, 4.0, 5.0])
    da, db = multiply.backward(np.ones((2, 3)))
    assert np.array_equal(da, [[12.0], [12.0]])
    assert np.array_equal(db, [3.0, 3.0, 3.0])


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


@pytest.mark.parametrize("x", POINTS)
def test_exp_equals_mpmath(x):
    # NumPy promises no last bit of exp; it is off by less than 4 units of it
    np.testing.assert_allclose(Exp().forward(x), float(mpmath.exp(x)), rtol=4 * EPS)


@given(hnp.arrays(np.float64, 5, elements=st.floats(-50, 50, allow_subnormal=False)))
def test_exp_is_its_own_slope(x):
    exp = Exp()
    out = exp.forward(x)
    assert np.array_equal(exp.backward(np.ones(5)), out)
    assert np.array_equal(exp.backward(np.full(5, -2.0)), -2 * out)


@given(st.integers(-300, 300), st.sampled_from([-1.0, 1.0]))
def test_reciprocal_of_a_power_of_two_is_exact_and_so_is_its_gradient(exponent, sign):
    reciprocal = Reciprocal()
    assert reciprocal.forward(sign * 2.0**exponent) == sign * 2.0**-exponent
    assert reciprocal.backward(3.0) == -3.0 * 2.0 ** (-2 * exponent)


@given(nonzero())
def test_reciprocal_equals_division(x):
    assert np.array_equal(Reciprocal().forward(x), 1 / x)


def test_gradient_of_reciprocal_is_finite_where_the_square_of_its_output_is_not():
    reciprocal = Reciprocal()
    reciprocal.forward(2.0**-600)
    assert reciprocal.backward(2.0**-1000) == -(2.0**200)


def test_reciprocal_of_zero_is_infinite_with_its_sign():
    assert np.array_equal(Reciprocal().forward([0.0, -0.0]), [np.inf, -np.inf])


@given(nonzero())
def test_nodes_of_one_input_treat_every_element_alone(x):
    for node in (Exp(), Reciprocal()):
        out = node.forward(x)
        dx = node.backward(x)
        for i in np.ndindex(x.shape):
            # exp may take another route through the processor for a single number: a unit of the last bit apart
            np.testing.assert_allclose(out[i], node.forward(x[i]), rtol=2 * EPS)
            np.testing.assert_allclose(dx[i], node.backward(x[i]), rtol=2 * EPS)


def test_an_output_that_backward_needs_is_read_only():
    out = Exp().forward([1.0, 2.0])
    with pytest.raises(ValueError, match="read-only"):
        out[0] = 7.0


@pytest.mark.parametrize("node", BINARY)
@pytest.mark.parametrize("narrow", [np.float16, np.float32])
def test_dtypes_that_mix_are_promoted_and_each_gradient_keeps_its_own(node, narrow):
    layer = node()
    out = layer.forward(np.ones((2, 2), narrow), np.ones((2, 2)))
    da, db = layer.backward(np.ones((2, 2)))
    assert (out.dtype, da.dtype, db.dtype) == (np.float64, narrow, np.float64)


@pytest.mark.parametrize("node", [Add, Multiply])
@pytest.mark.parametrize("number", [2, 2.0, True])
def test_a_python_number_takes_the_dtype_of_the_array_beside_it(node, number):
    layer = node()
    out = layer.forward(np.ones(3, np.float32), number)
    da, db = layer.backward(np.ones(3, np.float32))
    assert (out.dtype, da.dtype, db.dtype) == (np.float32, np.float32, np.float32)


def test_a_numpy_number_keeps_its_dtype_beside_an_array():
    assert Add().forward(np.ones(3, np.float32), np.float64(2)).dtype == np.float64


def test_a_python_number_beside_small_integers_does_not_wrap_around():
    small = np.array([1, 2], np.uint8)
    assert np.array_equal(Add().forward(small, 300), [301.0, 302.0])
    assert np.array_equal(Multiply().forward(small, -1), [-1.0, -2.0])


@pytest.mark.parametrize("node", [Exp, Reciprocal])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floating_dtypes_are_kept_whatever_the_dtype_of_dout(node, dtype):
    layer = node()
    assert layer.forward(np.ones(3, dtype)).dtype == dtype
    assert layer.backward(np.ones(3)).dtype == dtype
