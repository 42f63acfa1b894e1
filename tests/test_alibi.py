import re

import numpy as np
import pytest
from hypothesis import given

from handgrad import Alibi, ScaledDotProductAttention, vjp
from handgrad.alibi import slopes_of
from tests.drawn import numbers, whole_numbers

H, T, S = 2, 3, 4
SLOPES = np.array([1.0, 0.25])


def raises(error, message):
    """Expect an error that says exactly this."""
    return pytest.raises(error, match=f"^{re.escape(message)}$")


@given(whole_numbers((H,)), whole_numbers((5, T)), whole_numbers((S,)), whole_numbers((5, H, T, S)))
def test_biases_fall_by_a_slope_for_each_step_and_slopes_hear_of_all_steps(slopes, queries, keys, dout):
    alibi = Alibi(slopes)
    out = alibi.forward(queries, keys)
    assert alibi.backward(dout) is None
    for n, h, t, s in np.ndindex(out.shape):
        assert out[n, h, t, s] == -slopes[h] * abs(queries[n, t] - keys[s])
    distances = np.abs(queries[:, None, :, None] - keys)
    assert np.array_equal(alibi.dslopes, -(dout * distances).sum(axis=(0, 2, 3)))


@given(numbers((T,)), numbers((S,)))
def test_only_distances_matter(queries, keys):
    out = Alibi(SLOPES).forward(queries, keys)
    np.testing.assert_allclose(Alibi(SLOPES).forward(queries + 64, keys + 64), out, rtol=0, atol=1e-13)
    assert np.array_equal(Alibi(SLOPES).forward(-queries, -keys), out)


def test_slopes_are_trained_through_attention():
    q, k, v = (np.cos(np.arange(H * n * 2) + n).reshape(H, n, 2) for n in (T, S, S))
    bias, to_slopes = vjp(Alibi(SLOPES), np.arange(T), np.arange(S))
    _, to_bias = vjp(ScaledDotProductAttention(), q, k, v, bias)
    *_, dbias = to_bias(np.ones((H, T, 2)))
    (dslopes,) = to_slopes(dbias)
    step = 1e-6
    for h in range(H):
        up, down = (
            ScaledDotProductAttention().forward(q, k, v, Alibi(each).forward(np.arange(T), np.arange(S))).sum()
            for each in (SLOPES + step * np.eye(H)[h], SLOPES - step * np.eye(H)[h])
        )
        np.testing.assert_allclose(dslopes[h], (up - down) / (2 * step), rtol=1e-7)


@pytest.mark.parametrize(
    ("heads", "exponents"),
    [
        (1, [8]),
        (2, [4, 8]),
        (3, [4, 8, 2]),
        (8, [1, 2, 3, 4, 5, 6, 7, 8]),
        (12, [1, 2, 3, 4, 5, 6, 7, 8, 0.5, 1.5, 2.5, 3.5]),
        (15, [1, 2, 3, 4, 5, 6, 7, 8, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5]),
    ],
)
def test_slopes_are_those_of_the_authors_program(heads, exponents):
    np.testing.assert_allclose(slopes_of(heads), 2.0 ** -np.array(exponents), rtol=1e-15)


@pytest.mark.parametrize(("heads", "error"), [(0, ValueError), (-2, ValueError), (2.5, TypeError)])
def test_there_are_slopes_for_one_head_or_more(heads, error):
    with pytest.raises(error, match=rf"^slopes_of: heads is {heads}; expected"):
        slopes_of(heads)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_dtype_is_that_of_the_slopes_and_distances_are_exact(dtype):
    alibi = Alibi(np.array([0.25], dtype))
    out = alibi.forward([4097], [0, 1])
    alibi.backward(np.ones((1, 1, 2)))
    assert (out.dtype, alibi.dslopes.dtype) == (dtype, dtype)
    assert np.array_equal(out, np.array([[[-4097 / 4, -1024]]], dtype))
    assert alibi.dslopes == dtype(-8193)


@pytest.mark.parametrize(("heads", "queries", "keys"), [(0, 3, 4), (2, 0, 4), (2, 3, 0)])
def test_no_heads_and_no_pairs_give_nothing(heads, queries, keys):
    alibi = Alibi(np.ones(heads))
    out = alibi.forward(np.arange(queries), np.arange(keys))
    alibi.backward(out)
    assert out.shape == (heads, queries, keys)
    assert np.array_equal(alibi.dslopes, np.zeros(heads))


def test_what_does_not_fit_is_named():
    with raises(ValueError, "Alibi: slopes.shape is (); expected (H,), because each of H heads has one"):
        Alibi(1.0)
    alibi = Alibi(SLOPES)
    message = "expected one axis or more, because it has a number for each place"
    with raises(ValueError, f"Alibi.forward: query_positions.shape is (); {message}"):
        alibi.forward(3, [1, 2])
    message = "expected leading axes that broadcast, because query_positions.shape is (2, 3)"
    with raises(ValueError, f"Alibi.forward: key_positions.shape is (3, 4); {message}"):
        alibi.forward(np.zeros((2, 3)), np.zeros((3, 4)))
    alibi.slopes = np.ones((1, 2))
    with raises(ValueError, "Alibi.forward: slopes.shape is (1, 2); expected (H,), because each of H heads has one"):
        alibi.forward([1], [2])
