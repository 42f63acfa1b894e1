import numpy as np
import pytest
from hypothesis import given

from handgrad.moments import back_through_both, centred, mean_product, scaled
from tests.drawn import masks, numbers

EPS = np.finfo(np.float64).eps
DTYPES = [np.float32, np.float64]


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_mean_of_what_is_centred_is_0_also_far_from_0(dtype):
    eps = np.finfo(dtype).eps
    x = (1e4 + np.random.default_rng(0).standard_normal((8, 1000))).astype(dtype)
    c = centred(x, True, 1000)
    # a mean rounded once would leave up to 1e4 eps / 2 of itself
    assert np.abs(c.astype(np.float64).mean(axis=-1)).max() < 8 * eps


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("value", [0.1, 1000.1, 1e6 / 3, -1e6 / 7])
def test_equal_numbers_are_centred_to_next_to_nothing_however_large(dtype, value):
    x = np.full((2, 768), value, dtype)
    c = centred(x, True, 768)
    # rounding, of what rounding had left
    assert np.abs(c).max() <= abs(value) * np.finfo(dtype).eps ** 2 * 768
    assert np.abs(scaled(c, 768, 1e-5)[0]).max() < 1e-6


def test_the_variance_has_its_digits_where_the_mean_is_a_thousand_times_the_deviation():
    x = np.random.default_rng(0).normal(1e4, 1.0, (4, 512)).astype(np.float32)
    c = centred(x, True, 512)
    want = x.astype(np.float64).var(axis=-1, keepdims=True)
    np.testing.assert_allclose(mean_product(c, c, 512), want, rtol=1e-6)


@pytest.mark.parametrize("size", [1e18, 1e20, 1e30, 1e38])
def test_squares_that_overflow_float32_do_not_spoil_the_rows_in_which_they_are(size):
    c = np.array([[-size, size], [-1.0, 1.0]], np.float32)
    with np.errstate(over="ignore"):  # as the layers do
        z, r = scaled(c, 2, 1e-12)
    # for 1e38, r is a subnormal number
    np.testing.assert_allclose(z, [[-1, 1], [-1, 1]], rtol=1e-6)
    np.testing.assert_allclose(r, [[1 / size], [1]], rtol=1e-6)
    assert z.dtype == r.dtype == np.float32


@given(numbers((3, 5)), numbers((3, 5)), masks((3, 5)))
def test_what_goes_back_is_a_symmetric_matrix_times_what_comes(x, t, mask):
    """⟨s, J t⟩ = ⟨J s, t⟩, so that the transpose is J: of centring, of scaling, and, as z is centred, of both."""
    n = np.maximum(mask.sum(axis=-1, keepdims=True), 1)
    c = centred(np.where(mask, x, 0), mask, n)
    z, r = scaled(c, n, 1e-5)
    s, t = np.where(mask, np.cos(x), 0), np.where(mask, t, 0)
    to_s, to_t = (back_through_both(each, z, r, mask, n) for each in (s, t))
    # each sum has 5 terms of at most r · 30
    atol = 64 * EPS * r[:, 0] * 30
    assert np.all(np.abs((s * to_t).sum(axis=-1) - (to_s * t).sum(axis=-1)) <= atol)


@given(numbers((3, 5)), numbers((3, 5)), masks((3, 5)))
def test_what_goes_back_has_no_mean_and_nothing_along_z_but_for_eps(x, t, mask):
    n = np.maximum(mask.sum(axis=-1, keepdims=True), 1)
    c = centred(np.where(mask, x, 0), mask, n)
    z, r = scaled(c, n, 1e-5)
    dx = back_through_both(np.where(mask, t, 0), z, r, mask, n)
    # ⟨dx, z⟩ = r ⟨t, z⟩ (1 - mean z²), and mean z² = var / (var + eps) = 1 - eps r²
    along = r * np.where(mask, t, 0) * z
    atol = 64 * EPS * r[:, 0] * 30
    assert np.all(np.abs(dx.sum(axis=-1)) <= atol)
    assert np.all(np.abs((dx * z).sum(axis=-1) - along.sum(axis=-1) * 1e-5 * r[:, 0] ** 2) <= atol)
