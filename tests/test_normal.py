import mpmath
import numpy as np
import pytest
from hypothesis import given

from handgrad.normal import END, P, Q, normal
from reference.comparisons.pages.special import special_function
from tests.drawn import numbers

EPS = np.finfo(np.float64).eps
POINTS = [0.0, 1e-9, 0.1, 0.7, 1.0, 2.5, 5.0, 8.3, 10.0, 17.7, 26.55, 37.5]


def mills_ratio(x):
    """Give Φ(-x) exp(x²/2), of which P / Q is an approximation."""
    return mpmath.erfc(x / mpmath.sqrt(2)) * mpmath.exp(x**2 / 2) / 2


def polynomial(coefficients, x):
    return mpmath.fsum(coefficient * x**i for i, coefficient in enumerate(coefficients))


@pytest.fixture(scope="module")
def coefficients():
    """Solve for the coefficients of P and Q."""
    number = len(P) + len(Q) - 1
    with mpmath.workdps(60):
        nearest = mpmath.mpf(4) / (4 + END)
        chebyshev = [mpmath.cos(mpmath.pi * (2 * i + 1) / (2 * number)) for i in range(number)]
        points = [4 / ((1 + nearest) / 2 + (1 - nearest) / 2 * each) - 4 for each in chebyshev]
        # P(x) - M(x) (Q(x) - 1) = M(x)
        rows = [[*(x**i for i in range(len(P))), *(-mills_ratio(x) * x**i for i in range(1, len(Q)))] for x in points]
        solution = mpmath.lu_solve(mpmath.matrix(rows), mpmath.matrix([mills_ratio(x) for x in points]))
        return [float(each) for each in solution]


def test_the_coefficients_are_what_the_derivation_says(coefficients):
    assert [*P, *Q[1:]] == coefficients
    assert Q[0] == 1


def test_the_coefficients_are_positive():
    assert min(*P, *Q) > 0


def test_the_quotient_follows_mills_ratio_to_1e_16():
    with mpmath.workdps(40):
        for x in mpmath.linspace(0, END, 200):
            quotient = polynomial(P, x) / polynomial(Q, x)
            # and each coefficient is rounded
            assert abs(quotient / mills_ratio(x) - 1) < 1e-16 + EPS


@pytest.mark.parametrize("x", [*POINTS, *(-x for x in POINTS)])
def test_both_functions_equal_mpmath(x):
    with mpmath.workdps(40):
        cdf, pdf = mpmath.erfc(-x / mpmath.sqrt(2)) / 2, mpmath.npdf(x)
    got_cdf, got_pdf = normal(np.array([x]))
    # some 6 units in the last place; two exponentials, their product and a quotient
    np.testing.assert_allclose(got_cdf, float(cdf), rtol=6 * EPS)
    np.testing.assert_allclose(got_pdf, float(pdf), rtol=4 * EPS)


@given(numbers((6,), 40.0))
def test_the_tails_of_x_and_of_minus_x_sum_to_1(x):
    (cdf, pdf), (other_cdf, other_pdf) = normal(x), normal(-x)
    assert np.array_equal(pdf, other_pdf)
    np.testing.assert_allclose(cdf + other_cdf, np.ones(6), rtol=EPS)


def test_the_middle_and_the_ends_are_exact():
    cdf, pdf = normal(np.array([-np.inf, -40.0, -0.0, 0.0, 40.0, np.inf]))
    assert cdf.tolist() == [0, 0, 0.5, 0.5, 1, 1]
    assert pdf[[0, 1, 4, 5]].tolist() == [0, 0, 0, 0]


def test_nan_stays_nan():
    assert np.isnan(normal(np.array([np.nan]))).all()


def test_the_page_of_gelu_shows_that_both_functions_are_as_exact_as_normal_says():
    rows = [line.split("|")[1:-1] for line in special_function("Gelu").splitlines() if "handgrad  " in line]
    worst = {name.strip(): (float(error), float(average)) for name, _, error, _, average in rows}
    assert worst["Φ"] <= (6, 1)
    assert worst["φ"] < worst["Φ"]
    assert special_function("Silu") == ""
