import numpy as np
import pytest

import handgrad
import reference.nodes
from handgrad.testing import arrays, check_layer
from handgrad.testing.page import literal, reproduction


@pytest.fixture(scope="module")
def failure():
    report = check_layer(handgrad.Exp, reference.nodes.reciprocal, arrays(x="2"), dtypes=["float32"], raises=False)
    return next(failure for failure in report.failures if failure.property.__name__ == "value")


def test_the_page_names_the_element_and_both_values(failure):
    assert failure.complaint.startswith("out[0] is 1.0; expected inf, which is inf units away")


def test_the_example_is_the_smallest(failure):
    assert failure.trial.inputs["x"].tolist() == [0, 0]


def test_the_reproduction_runs_and_shows_both_sides(failure, capsys):
    exec(reproduction(failure.trial), {})
    by_hand, _, by_jax, _ = capsys.readouterr().out.splitlines()
    assert by_hand == "[1. 1.]"
    assert by_jax == "[inf inf]"


def test_the_page_lists_what_failed_and_what_held():
    with pytest.raises(AssertionError) as error:
        check_layer(handgrad.Exp, reference.nodes.reciprocal, arrays(x="2"), dtypes=["float64", "float32"])
    page = str(error.value)
    assert page.startswith("Exp fails in ")
    assert "value (float64, float32): Forward equals the reference." in page
    assert "Passed: runs, deterministic, pure, shape" in page
    assert all(len(line) <= 100 for line in page.splitlines())


@pytest.mark.parametrize(
    "array",
    [
        np.array(0.1, np.float32),
        np.array([[1e-40, -0.0, np.inf], [np.nan, -np.inf, 3.0]]),
        np.zeros((2, 0, 3), np.float16),
        np.array([True, False]),
        np.array([3, -1]),
    ],
)
def test_a_literal_gives_the_array_back_to_the_bit(array):
    again = eval(literal(array), {"np": np, "nan": np.nan, "inf": np.inf})
    assert again.dtype == array.dtype
    assert again.shape == array.shape
    assert again.tobytes() == array.tobytes()
