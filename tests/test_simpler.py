"""An example that fails is made easy to read, also where its numbers are many."""

import numpy as np
import pytest

from handgrad.testing import arrays, check_layer, probabilities, reals


def wrong_in_one_place(number):
    """Make a layer that forgets the gradient where an entry, far down in the array, is larger than a number."""

    def layer(x, w):
        def pullback(dout):
            dx = dout * w
            return np.where((np.arange(x.size).reshape(x.shape) >= 1000) & (x > number), 0, dx), dout * x

        return x * w, pullback

    return layer


def failure_of(layer, x, w):
    inputs = arrays(x=x, w=w)
    report = check_layer(layer, lambda x, w: x * w, inputs, dtypes=["float64"], max_examples=20, raises=False)
    (failure,) = report.failures
    return failure, str(report)


def test_of_many_numbers_all_are_0_that_need_not_be_another():
    failure, page = failure_of(wrong_in_one_place(0.5), "3 4 10 17", "3 4 10 17")
    for array in failure.trial.arrays.values():
        (number,) = array[array != 0]
        assert number == 1
        assert not np.signbit(array).any()
    assert "x = np.full((3, 4, 10, 17), 0.0, np.float64)\n    x.flat[[" in page.split("Passed:")[0]


def test_numbers_stay_in_their_domain():
    failure, _ = failure_of(wrong_in_one_place(2.5), reals("3 4 10 17", low=2, high=3), "3 4 10 17")
    x = failure.trial.inputs["x"]
    assert ((x >= 2) & (x <= 3)).all()


def test_rows_that_sum_to_1_still_do():
    failure, _ = failure_of(wrong_in_one_place(0), probabilities("3 4 10 17"), "3 4 10 17")
    assert failure.trial.inputs["x"].sum(-1) == pytest.approx(1)
    assert (failure.trial.inputs["w"] != 0).sum() == 1
