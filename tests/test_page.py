import math

import numpy as np
import pytest
from hypothesis import strategies as st

import handgrad
from handgrad.testing import arrays, check_layer, probabilities
from handgrad.testing.page.script.literals import assignment
from handgrad.testing.trial import brief
from reference import elementary
from tests.planted.right import ADD, AFFINE, RELU, TANH, Add, Affine, Relu, Tanh
from tests.planted.state import TanhOfFirstForward


@pytest.fixture(scope="module")
def failure():
    report = check_layer(handgrad.Exp, elementary.reciprocal, arrays(x="2"), dtypes=["float32"], raises=False)
    return next(failure for failure in report.failures if failure.property.__name__ == "value")


def test_the_page_names_the_element_and_both_values(failure):
    assert failure.complaint.startswith("out[0] is 1.0; expected inf, which is inf units away")


def test_the_example_is_the_smallest(failure):
    assert failure.trial.inputs["x"].tolist() == [0, 0]


def test_the_page_lists_what_failed_and_what_held():
    with pytest.raises(AssertionError) as error:
        check_layer(handgrad.Exp, elementary.reciprocal, arrays(x="2"), dtypes=["float64", "float32"])
    page = str(error.value)
    assert page.startswith("Exp fails in ")
    assert "value (float64, float32): Forward equals the reference." in page
    assert "Passed: runs, deterministic, pure, shape" in page
    assert all(len(line) <= 100 for line in page.splitlines())


def test_what_a_property_means_is_one_paragraph():
    report = check_layer(TanhOfFirstForward, TANH.reference, TANH.inputs, max_examples=20, raises=False)
    assert "leaves no trace. That may" in str(report).replace("\n", " ")


class EndsWithAFullStop(Tanh):
    def backward(self, dout):
        raise ValueError("Not written yet.")


class FailsForNoRows(Affine):
    def backward(self, dout):
        return super().backward(dout) + 0 * dout.max()


class AddsInFloat64(Add):
    def forward(self, a, b):
        return np.asarray(a + b, np.float64)


class ReluThatHandsOnDout(Relu):
    def backward(self, dout):
        return dout if self.passes.all() else super().backward(dout)


def page_of(layer, right, dtype="float64"):
    report = check_layer(layer, right.reference, right.inputs, max_examples=20, dtypes=[dtype], raises=False)
    return str(report).split("\nPassed: ")[0]


@pytest.mark.parametrize(
    ("layer", "right", "dtype", "probably", "complaint"),
    [
        (EndsWithAFullStop, TANH, "float64", None, "ValueError: Not written yet."),
        (FailsForNoRows, AFFINE, "float64", "only where an axis has length 0.", "zero-size array"),
        (AddsInFloat64, ADD, "float32", "a dtype leaks in.", "out.dtype is float64; expected float32"),
        (ReluThatHandsOnDout, RELU, "float64", "return a copy.", "dx shares memory with dout"),
    ],
)
def test_a_page_says_the_complaint_once_and_what_is_probable_beside_it(layer, right, dtype, probably, complaint):
    page = page_of(layer, right, dtype)
    assert page.count(complaint) == 1
    assert ".." not in page
    assert f"Probably: {probably}" in page if probably else "Probably" not in page


class AddsNaN(Add):
    def backward(self, dout):
        return dout * np.nan, dout * np.nan


def test_several_gradients_have_one_verb():
    assert "Probably: backward: each of da and db is not finite" in page_of(AddsNaN, ADD)


@pytest.mark.parametrize("shape", [(12,), (13,), (3, 5), (4, 4, 4, 4), (12, 1, 1)])
def test_an_array_in_a_complaint_is_short_whatever_its_axes(shape):
    for array in (np.linspace(-1e-300, 1e-300, math.prod(shape)), np.arange(math.prod(shape)) - 2**62):
        assert len(brief(array.reshape(shape))) <= 200


def test_a_small_array_in_a_complaint_is_whole():
    assert brief(np.arange(4.0).reshape(2, 2)) == "[[0. 1.] [2. 3.]]"
    assert brief(np.arange(20.0)) == "[ 0. 1. 2. ... 17. 18. 19.]"


@pytest.mark.parametrize(
    "array",
    [
        np.array(0.1, np.float32),
        np.array([[1e-40, -0.0, np.inf], [np.nan, -np.inf, 3.0]]),
        np.zeros((2, 0, 3), np.float16),
        np.array([True, False]),
        np.array([3, -1]),
        np.arange(48.0, dtype=np.float32).reshape(6, 8),
        np.linspace(0.0, 1.0, 5000),
        np.array([np.inf] * 30 + [np.nan] * 20),
        np.random.default_rng(0).normal(size=(6, 7)),
        np.eye(40, dtype=np.float16),
        np.arange(100) == 7,
        np.where(np.arange(120).reshape(4, 5, 6) == 100, -0.0, 0.0),
    ],
)
def test_an_assignment_gives_the_array_back_to_the_bit_in_short_lines(array):
    text = "\n".join(assignment("again", array))
    names = {"np": np, "nan": np.nan, "inf": np.inf}
    exec(text, names)
    assert names["again"].dtype == array.dtype
    assert names["again"].shape == array.shape
    assert names["again"].tobytes() == array.tobytes()
    assert all(len(line) <= 100 for line in text.splitlines())


def test_a_large_array_that_is_mostly_equal_is_written_by_its_exceptions():
    array = np.zeros((4, 5, 6))
    array[0, 3, 4] = array[3, 0, 0] = 1.0
    array[1, 2, 3] = np.nan
    assert assignment("x", array) == [
        "x = np.full((4, 5, 6), 0.0, np.float64)",
        "x.flat[[22, 45, 90]] = [1.0, nan, 1.0]",
    ]


def test_a_long_line_is_broken_between_rows():
    (text,) = assignment("x", np.arange(24.0).reshape(2, 4, 3))
    assert text == (
        "x = np.array([[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0], [6.0, 7.0, 8.0], [9.0, 10.0, 11.0]],\n"
        "    [[12.0, 13.0, 14.0], [15.0, 16.0, 17.0], [18.0, 19.0, 20.0], [21.0, 22.0, 23.0]]],\n"
        "    np.float64)"
    )


class FailsForSome(Tanh):
    def backward(self, dout):
        return super().backward(dout) * (self.y.size < 4000)


def test_the_page_leaves_the_numbers_of_a_large_array_to_the_script():
    inputs = arrays(x=probabilities("3 4 20 17"))
    large = check_layer(FailsForSome, TANH.reference, inputs, max_examples=20, dtypes=["float64"], raises=False)
    page, text = str(large).split("This shows the first of them again:")
    assert "    x: float64 in the shape (3, 4, 20, 17)\n" in page
    assert "    x = np.array([[[[" in text
    assert all(len(line) <= 104 for line in text.splitlines())
    assert len(page) < 2000


class Mode:
    """An option."""


def found():
    def layer(x, option):
        return 2.0 * x, lambda dout: (3 if option else 2) * dout

    described = arrays(x="2", option=st.builds(Mode))
    return check_layer(layer, lambda x, option: 2 * x, described, dtypes=["float64"], max_examples=10, raises=False)


@pytest.fixture(scope="module")
def report():
    return found()


def failing(error):
    def fail(*_):
        raise error

    return fail


SCRIPT = "\n\nThe script that shows it again could not be written: "
EXAMPLE = "\n    The example could not be written: "
UNKNOWN = "\n\nProbably: not known, since diagnosing it raised: "
WHOLE = {
    SCRIPT: "\n    import jax\n",
    EXAMPLE: "\n    dout = np.array([0.0, 1.0], np.float64)\n\nPassed: ",
    UNKNOWN: "\n\nProbably: backward: dx has dout added to it.",
    "": "layer fails in 1 property.\n\nProbably: ",
    "the property": "\n\ngradient (float64): Every gradient equals",
    "the complaint": "\n  dx[1] is 3.0; expected 2.0",
    "the summary": "\n\nPassed: runs, deterministic, pure, shape, value, ",
}
ERRORS = [SyntaxError("no source"), RecursionError("too deep"), UserWarning("an error")]


def expect_all_but(said, error, page):
    """Expect a page to say what failed in one part of it, and all that is not this part."""
    assert f"{said}{type(error).__name__}: {error}" in page
    assert [part for part, text in WHOLE.items() if text not in page] == [said]


def test_a_page_has_all_parts(report):
    page = str(report)
    assert all(text in page for text in WHOLE.values())


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("handgrad.testing.page.page.script", SCRIPT),
        ("handgrad.testing.page.script.tails", SCRIPT),
        ("handgrad.testing.page.script.definitions.source_of", SCRIPT),
        ("handgrad.testing.page.page.assignment", EXAMPLE),
        ("tests.test_page.Mode.__repr__", EXAMPLE),
    ],
)
@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_what_fails_on_a_page_is_said_and_the_rest_of_the_page_stands(part, said, error, report, monkeypatch):
    monkeypatch.setattr(part, failing(error))
    expect_all_but(said, error, str(report))


@pytest.mark.parametrize(
    "part", ["handgrad.testing.diagnosis.diagnosis._diagnose", "handgrad.testing.search.Search.sample"]
)
@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_what_fails_in_a_diagnosis_is_said_and_the_page_stands(part, error, monkeypatch):
    monkeypatch.setattr(part, failing(error))
    expect_all_but(UNKNOWN, error, str(found()))


class HasNoText(Exception):
    def __str__(self):
        raise ZeroDivisionError


def test_an_error_that_has_no_text_is_named(report, monkeypatch):
    monkeypatch.setattr("handgrad.testing.page.page.script", failing(HasNoText()))
    assert "could not be written: tests.test_page.HasNoText: <exception str() failed>" in str(report)
