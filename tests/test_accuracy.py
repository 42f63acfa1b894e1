"""The ruler of the comparisons: exact values, errors in ulps, and whose are smaller."""

import math
import re
from functools import partial

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import handgrad
import reference.activations
import reference.elementary
from handgrad.testing import arrays, reals
from reference.cases import CASES, DTYPES, Case
from reference.comparisons.accuracy import LARGEST, Accuracy, Larger
from reference.comparisons.answers import Truth, jax_answers
from reference.comparisons.compared import LINE, Compared, compare, compare_all
from reference.comparisons.exact.operations import OPERATIONS
from reference.comparisons.pages.closeness import closeness, farther, farther_of
from reference.comparisons.pages.summary import summary
from reference.comparisons.pieces import Plan
from reference.comparisons.score import Score, score
from reference.comparisons.sweep import is_of_one_number, line, sweep
from reference.comparisons.ulps import ulps

FLOAT32 = np.dtype(np.float32)


def exactly(value, rest=0.0):
    return Truth(np.array(value), np.array(rest), np.zeros_like(value))


def error(got, truth, dtype=FLOAT32):
    return ulps(np.array(got, dtype), truth, np.abs(truth.value), dtype)


# Ulps


def test_neighbours_are_an_ulp_apart():
    for number in [1.0, 1.9999999, 2.0, 1e-30, 3e38]:
        x = np.float32(number)
        assert error(np.nextafter(x, np.float32(0)), exactly(float(x))) in (0.5, 1.0)
        assert error(x, exactly(float(x))) == 0


def test_the_rest_counts():
    assert error(1.0, exactly(1.0, 2.0**-53), np.dtype(np.float64)) == 0.5


def test_what_is_not_finite_has_no_error_or_an_infinite_one():
    truth = exactly([np.inf, np.inf, np.nan, 1.0, 1e39, -1e39])
    got = [np.inf, -np.inf, np.nan, np.nan, np.inf, np.inf]
    assert error(got, truth).tolist() == [0, np.inf, 0, np.inf, 0, np.inf]


# Verdicts


def drawn(scale, worst=0.0):
    random = np.random.default_rng(0)
    return [
        (scale * np.abs(random.standard_normal(10)), np.abs(random.standard_normal(10)) + (i == 0) * worst)
        for i in range(100)
    ]


@pytest.mark.parametrize(
    ("examples", "verdict"),
    [
        (drawn(1.0), "as close"),
        (drawn(1.3), "farther"),
        (drawn(0.7), "closer"),
        (drawn(1.0, worst=np.inf), "as close"),
        ([(np.zeros(3), np.array([0.0, np.inf, 0.0]))] * 10, "closer"),
        ([(np.zeros(3), np.zeros(3))] * 10, "as close"),
        ([(np.zeros(0), np.zeros(0))] * 10, "as close"),
    ],
    ids=["chance", "larger", "smaller", "one outlier", "overflows", "both exact", "nothing to judge"],
)
def test_the_verdict_is_about_more_than_chance(examples, verdict):
    assert score(examples).verdict == verdict


def test_examples_are_counted_not_elements():
    assert score([(np.full(1000, 0.1), np.full(1000, 0.2)), (np.array([0.3]), np.array([0.2]))]) == Score(1, 1)


def test_three_standard_errors_are_the_bound():
    assert Score(8, 29).verdict == "farther"
    assert Score(10, 28).verdict == "as close"


def test_only_the_optimiser_rounds_a_product_and_its_sum_once():
    a, b = np.float32([1 + 2**-12, 1]), np.float32([1 + 2**-12, 1])
    inputs = {"a": np.array([a[0] * b[0], a[0]]), "b": np.array([-1, b[0]], np.float32)}
    fused, rounded = (jax_answers(jnp.dot, inputs, np.float32(1), (), each)["out"] for each in (True, False))
    assert (fused, rounded) == (2**-24, 0)


class Sloppy(handgrad.Sigmoid):
    def backward(self, dout):
        return super().backward(dout) * (1 + 4 * np.finfo(self.out.dtype).eps).astype(self.out.dtype)


def test_a_layer_that_loses_a_few_ulps_is_found_and_named(monkeypatch):
    case = Case(Sloppy, reference.activations.sigmoid, arrays(x="..."))
    monkeypatch.setattr("reference.comparisons.pieces.CASES", (case,))
    compared = compare("Sloppy", 60, 0)
    assert [each.dtype for each in farther_of(compared.results)] == ["float64", "float32", "float16"]
    assert "- Farther: dx in float64. " in closeness(case, compared)
    assert "- Farther: dx of Sloppy in float64. " in summary([compared])


def test_what_has_no_exact_form_is_measured_in_the_narrower_dtypes_alone(monkeypatch):
    monkeypatch.delitem(OPERATIONS, "logistic")
    monkeypatch.setattr("reference.comparisons.sweep.EXACT_ENOUGH", 0.0)
    cases = [case for case in CASES if case.layer is handgrad.Sigmoid]
    compared = compare_all(Plan(cases, 5, 0))["Sigmoid"]
    assert {each.dtype for each in compared.results} == {"float32", "float16"}
    assert compared.unmeasured == dict.fromkeys(("float64", LINE), "no exact form of logistic")
    assert not compared.curves


def test_options_that_are_drawn_reach_the_twin(monkeypatch):
    def scale(x, by):
        return np.asarray(x * x.dtype.type(by)), lambda dout: np.asarray(dout * dout.dtype.type(by))

    case = Case(scale, lambda x, by: x * by, arrays(x="...", by=st.sampled_from([2, 4])))
    monkeypatch.setattr("reference.comparisons.pieces.CASES", (case,))
    assert {each.worst for each in compare("scale", 10, 0).results} == {0.0}


def test_sums_of_many_terms_stay_short_enough_for_many_digits():
    for axes in ("D", "N D", "N C L K", "N C H W I J"):
        (sizes,) = Larger(arrays(x=f"... {axes}").arguments).pool()
        lengths = [length for axis, (length,) in sizes.items() if axis != "..."]
        assert len(set(lengths)) == len(axes.split())
        assert 10 <= math.prod(lengths) <= 10 * LARGEST
        assert lengths[0] == 20 or len(lengths) > 3


TIE, CLOSER, FARTHER = Score(5, 5), Score(20, 0), Score(0, 20)
UNKNOWN = "another order of summation, another formula, or chance"


def compared(*results):
    return [Compared(each.case, [each], {}) for each in results]


def test_the_summary_counts():
    results = [
        Accuracy("Exp", dtype, "out", 0.7, 0.5, score, TIE)
        for dtype, score in zip(DTYPES, [TIE, CLOSER, FARTHER], strict=True)
    ]
    said = summary(compared(*results, Accuracy("Add", "float64", "da", 0.9, 0.5, CLOSER, TIE)))
    assert re.search(r"float64 +\| 2 +\| 1 +\| 1 +\| 0 +\|", said)
    assert re.search(r"all +\| 4 +\| 2 +\| 1 +\| 1 +\|", said)
    assert "- Worst of all in float64: 0.90 ulps, da of Add; JAX's: 0.50, out of Exp." in said.splitlines()
    assert (
        "- Worst errors larger than JAX's: 4 of 4, by 0.40 ulps at most, da of Add in float64." in said.splitlines()
    )


@pytest.mark.parametrize(
    ("unoptimised", "reason"),
    [(TIE, "FMA"), (Score(6, 20), UNKNOWN), (FARTHER, UNKNOWN)],
)
def test_the_reason_is_given_of_what_is_farther(unoptimised, reason):
    result = Accuracy("Add", "float64", "out", 0.5, 0.5, FARTHER, unoptimised)
    assert farther(result) == (
        "- Farther: out in float64. JAX is closer in 20 examples, handgrad in 0; without the optimiser, "
        f"JAX is closer in {unoptimised.theirs} examples, handgrad in {unoptimised.ours}. The reason: {reason}."
    )
    said = summary(compared(result, Accuracy("Exp", "float64", "out", 0.7, 0.7, TIE, TIE)))
    assert re.findall("- Farther: .*", said) == [f"- Farther: out of Add in float64. The reason: {reason}."]


def test_the_summary_says_so_when_nothing_is_farther():
    said = summary(compared(*(Accuracy("Exp", dtype, "out", 0.5, 0.5, TIE, TIE) for dtype in DTYPES)))
    assert "- No result is farther than JAX's." in said
    assert "- No worst error is larger than JAX's." in said


# The float32 line


@pytest.fixture(scope="module")
def sigmoid():
    (case,) = (case for case in CASES if case.layer is handgrad.Sigmoid)
    return sweep(case)


def test_the_line_has_every_exponent_of_both_signs_in_order(sigmoid):
    x = sigmoid[0].x
    assert np.all(np.diff(x.ravel()) >= 0)
    assert np.array_equal(x, -x[::-1, ::-1])
    assert len({(sign, power) for sign, power in zip(np.sign(x[:, -2]), np.frexp(x[:, -2])[1], strict=True)}) > 500
    assert x.max() == np.finfo(np.float32).max


def test_cancellation_is_seen_along_the_line_and_explained(sigmoid):
    slope = sigmoid[1]
    beyond = slope.normal & (slope.x > 17) & (slope.x < 87)
    assert slope.ours.plain[beyond].min() > 1e6
    assert slope.ours.allowed[slope.normal].max() < 8


class Power:
    def __init__(self, power=1):
        self.power = power

    def forward(self, x):
        self.x = x
        return np.asarray(x**self.power)

    def backward(self, dout):
        return np.asarray(dout * self.power * self.x ** (self.power - 1))


def power(x, power):
    return jnp.where(x >= 0, x, jnp.nan) ** power


def test_a_function_is_followed_as_far_as_its_domain_goes_and_with_its_options():
    case = Case(partial(Power, power=3), partial(power, power=3), arrays(x=reals("...", low=0, high=16)), "cubed")
    assert is_of_one_number(case)
    for curve in sweep(case):
        assert np.array_equal(curve.inside, (line() >= 0) & (line() <= 16))
        assert np.isfinite(curve.exact).all()
        assert curve.ours.plain[curve.normal].max() < 3
        assert not (curve.normal & curve.tiny).any()
        assert np.array_equal(curve.normal | curve.tiny, curve.inside)


@pytest.mark.parametrize(
    ("twin", "is_one"),
    [
        (jnp.tanh, True),
        (jnp.sqrt, True),
        (jnp.sum, False),
        (jnp.transpose, False),
        (jax.nn.softmax, False),
        (jnp.sort, False),
        (jnp.flip, False),
        (partial(jnp.cumsum, axis=0), False),
        (partial(jnp.add, jnp.arange(3.0)), False),
    ],
)
def test_a_function_of_one_number_gives_each_number_what_it_gives_it_alone(twin, is_one):
    assert is_of_one_number(Case(Power, lambda x: twin(x), arrays(x="..."))) == is_one


@pytest.mark.parametrize("inputs", [arrays(a="...", b="..."), arrays(x="N D")])
def test_a_function_of_one_number_takes_an_array_of_any_shape(inputs):
    assert not is_of_one_number(Case(Power, jnp.add, inputs))
