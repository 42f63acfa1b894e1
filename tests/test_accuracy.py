"""The ruler of the comparisons: exact values, errors in ulps, and whose are smaller."""

import re
from fractions import Fraction

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

import handgrad
import reference.activations
import reference.elementary
from handgrad.testing import arrays
from handgrad.testing.inputs.shapes import shape_of
from handgrad.testing.oracle import Oracle
from reference.cases import CASES, DTYPES, Case
from reference.comparisons.accuracy import Accuracy, accuracy_of, summary
from reference.comparisons.answers import Truth, exact_truths, jax_answers
from reference.comparisons.exact import CONTEXT, evaluate
from reference.comparisons.score import Score, score
from reference.comparisons.sweep import sweep
from reference.comparisons.ulps import ulps

FLOAT32 = np.dtype(np.float32)


def exactly(value, rest=0.0):
    return Truth(np.array(value), np.array(rest), np.zeros_like(value))


def error(got, truth, dtype=FLOAT32):
    return ulps(np.array(got, dtype), truth, np.abs(truth.value), dtype)


# Exact values


@pytest.fixture
def many_digits():
    with CONTEXT.workdps(100):
        yield


@pytest.mark.usefixtures("many_digits")
def test_a_sum_is_exact_to_the_last_digit():
    x = np.array([1e16, 1.0, -1e16, 1e-16])
    (total,) = evaluate(jax.make_jaxpr(jnp.sum)(x), [x])
    assert total == CONTEXT.mpf(1) + CONTEXT.mpf(1e-16)


@pytest.mark.usefixtures("many_digits")
def test_a_matrix_product_is_exact_to_the_last_digit():
    random = np.random.default_rng(0)
    a, b = random.standard_normal((2, 3, 4)), random.standard_normal((2, 4, 5))
    (product,) = evaluate(jax.make_jaxpr(jnp.matmul)(a, b), [a, b])
    for i, row, column in np.ndindex(2, 3, 5):
        terms = [Fraction(p) * Fraction(q) for p, q in zip(a[i, row], b[i, :, column], strict=True)]
        whole = sum(terms)
        assert product[i, row, column] * whole.denominator == whole.numerator


@pytest.mark.parametrize("x", [-300.0, -1.5, 0.0, 40.0, 600.0])
def test_the_slope_of_the_sigmoid_is_exact_where_float64_cancels(x):
    truth = exact_truths(reference.activations.sigmoid, {"x": np.array([x])}, np.ones(1), ("x",))["x"]
    with mpmath.workdps(400):
        want = 1 / (mpmath.exp(x / 2) + mpmath.exp(-x / 2)) ** 2
        assert truth.value == float(want)
        assert abs(truth.rest - (want - truth.value)) <= 1e-15 * abs(truth.value) * np.finfo(np.float64).eps


def test_what_is_not_finite_is_taken_from_float64():
    inputs = {"x": np.array([0.0, -0.0, 2.0])}
    truth = exact_truths(reference.elementary.reciprocal, inputs, np.ones(3), ("x",))
    assert truth["out"].value.tolist() == [np.inf, -np.inf, 0.5]
    assert truth["x"].value.tolist() == [-np.inf, -np.inf, -0.25]


def test_an_operation_that_nobody_wrote_down_is_named():
    with pytest.raises(NotImplementedError, match="JAX's operation tanh"):
        evaluate(jax.make_jaxpr(jnp.tanh)(1.0), [np.array(1.0)])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_twin_is_evaluated_as_the_oracle_evaluates_it(case):
    sizes = case.inputs.pool()[2]
    random = np.random.default_rng(0)
    inputs = {}
    for name, argument in case.inputs.arguments.items():
        number = random.random(shape_of(argument.axes, sizes))
        labels = argument.classes is not None and argument.classes not in argument.axes
        inputs[name] = number > 0.3 if argument.masks else (number * 3).astype(np.int64) if labels else number
    wrt = tuple(name for name, array in inputs.items() if array.dtype == np.float64 and name != "t")
    oracle = Oracle(case.twin)
    dout = random.standard_normal(oracle.out_shape(inputs))
    exact, rounded = exact_truths(case.twin, inputs, dout, wrt), oracle(inputs, dout, wrt)
    for name, each in rounded.items():
        np.testing.assert_allclose(exact[name].value, each.value, rtol=1e-13, atol=1e-14)


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
    monkeypatch.setattr("reference.comparisons.accuracy.CASES", (case,))
    results = accuracy_of(0, 20, 0)
    assert [each.dtype for each in results if each.score.verdict == "farther"] == ["float64", "float32", "float16"]
    assert "- Farther: Sloppy in float64, dx. " in summary(results)


TIE, CLOSER, FARTHER = Score(5, 5), Score(20, 0), Score(0, 20)
UNKNOWN = "another order of summation, another formula, or chance"


def test_the_summary_counts():
    results = [
        Accuracy("Exp", dtype, "out", 0.7, 0.5, score, TIE)
        for dtype, score in zip(DTYPES, [TIE, CLOSER, FARTHER], strict=True)
    ]
    said = summary([*results, Accuracy("Add", "float64", "out", 0.9, 0.5, CLOSER, TIE)])
    assert re.search(r"float64 +\| 2 +\| 1 +\| 1 +\| 0 +\| 0.90 \(Add, out\) +\| 0.50", said)
    assert re.search(r"all +\| 4 +\| 2 +\| 1 +\| 1 +\|", said)
    assert "4 of 4: larger by at most 0.40 ulps, in Add in float64, out." in said.replace("\n", " ")


@pytest.mark.parametrize(
    ("unoptimised", "reason"),
    [(TIE, "FMA"), (Score(6, 20), UNKNOWN), (FARTHER, UNKNOWN)],
)
def test_the_summary_gives_the_reason_of_what_is_farther(unoptimised, reason):
    results = [Accuracy("Exp", dtype, "out", 0.7, 0.7, TIE, TIE) for dtype in DTYPES]
    said = summary([*results, Accuracy("Add", "float64", "out", 0.5, 0.5, FARTHER, unoptimised)])
    assert re.findall("- Farther: .*", said) == [
        "- Farther: Add in float64, out. JAX is closer in 20 examples, handgrad in 0; without the optimiser, "
        f"JAX is closer in {unoptimised.theirs} examples, handgrad in {unoptimised.ours}. The reason: {reason}."
    ]


def test_the_summary_says_so_when_nothing_is_farther():
    said = summary([Accuracy("Exp", dtype, "out", 0.5, 0.5, TIE, TIE) for dtype in DTYPES])
    assert "No result is farther than JAX's." in said
    assert "No worst error is larger than JAX's." in said


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
