import re

import numpy as np
import pytest

from handgrad import BatchNorm, Statistics, running_average

OLD = Statistics(np.array([1.0, 2.0]), np.array([4.0, 8.0]))
NEW = Statistics(np.array([5.0, 0.0]), np.array([0.0, 4.0]))


def test_momentum_is_the_weight_of_the_old_statistics():
    mean, var = running_average(OLD, NEW, momentum=0.75)
    assert mean.tolist() == [2.0, 1.5]
    assert var.tolist() == [3.0, 7.0]
    assert running_average(OLD, NEW).mean.tolist() == [0.9 * 1.0 + (1 - 0.9) * 5.0, 0.9 * 2.0]


def test_the_ends_of_momentum_are_the_old_and_the_new():
    for momentum, want in [(1, OLD), (0, NEW)]:
        got = running_average(OLD, NEW, momentum)
        assert np.array_equal(got.mean, want.mean)
        assert np.array_equal(got.var, want.var)


def test_the_variance_is_the_biased_one():
    norm = BatchNorm(np.ones(1), np.zeros(1))
    norm.forward([[0.0], [2.0], [4.0]])
    # 0.9 · 1 + 0.1 · 8/3, where PyTorch, with 8/2, has 1.3
    got = running_average(Statistics(np.zeros(1), np.ones(1)), norm.batch_statistics)
    np.testing.assert_allclose(got.var, [0.9 + 0.8 / 3], rtol=1e-15)


def test_nothing_is_written_into_and_nothing_is_shared():
    old = Statistics(*(each.copy() for each in OLD))
    for new in (NEW, None):
        got = running_average(old, new)
        assert not any(np.shares_memory(a, b) for a in got for b in (*old, *NEW))
        assert all(np.array_equal(a, b) for a, b in zip(old, OLD, strict=True))


def test_where_nothing_counted_the_old_statistics_stay():
    norm = BatchNorm(np.ones(2), np.zeros(2))
    norm.forward(np.full((3, 2), np.nan), mask=np.zeros(3, bool))
    assert norm.batch_statistics is None
    got = running_average(OLD, norm.batch_statistics, momentum=0.5)
    assert np.array_equal(got, OLD)
    norm.forward(np.zeros((0, 2)))
    assert norm.batch_statistics is None


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_dtype_is_that_of_the_old(dtype):
    got = running_average(Statistics(*(each.astype(dtype) for each in OLD)), NEW)
    assert got.mean.dtype == got.var.dtype == dtype


@pytest.mark.parametrize("momentum", [-0.1, 1.5, np.nan])
def test_a_momentum_that_is_no_weight_is_refused(momentum):
    message = f"running_average: momentum is {momentum}; expected 0 to 1, because it is the weight of the old"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        running_average(OLD, NEW, momentum)


def test_statistics_of_other_channels_are_named_with_both_shapes():
    message = "running_average: new.var.shape is (1,); expected (2,), because that is the shape of the old"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        running_average(OLD, Statistics(NEW.mean, np.ones(1)))


def test_a_momentum_that_is_no_number_is_named():
    with pytest.raises(TypeError, match=r"^running_average: momentum\.dtype is <U1; expected floating"):
        running_average(OLD, NEW, "a")
    with pytest.raises(ValueError, match=r"^running_average: momentum\.shape is \(2,\); expected \(\)"):
        running_average(OLD, NEW, [0.5, 0.5])


def test_lists_and_whole_numbers_are_averaged_as_float64_and_what_is_no_number_is_named():
    lists = Statistics([1, 2], [4, 8])
    got = running_average(lists, Statistics(*(each.tolist() for each in NEW)), momentum=0.75)
    assert np.array_equal(got, running_average(OLD, NEW, momentum=0.75))
    assert got.mean.dtype == np.float64
    words = Statistics(["a", "b"], OLD.var)
    for name, each in [("old", (words, NEW)), ("new", (OLD, words))]:
        with pytest.raises(TypeError, match=rf"^running_average: {name}\.mean\.dtype is <U1; expected floating"):
            running_average(*each)
    with pytest.raises(TypeError, match=r"^running_average: old\.dtype is <U1; expected floating"):
        running_average(words, None)


def test_the_old_stay_as_they_are_where_there_are_no_new_ones():
    old = Statistics(np.array([0.05, np.inf], np.float32), np.array([1, 0.1], np.float32))
    averaged = running_average(old, None)
    for got, want in zip(averaged, old, strict=True):
        assert np.array_equal(got, want)
        assert got.dtype == want.dtype
        assert not np.shares_memory(got, want)


def test_an_average_that_overflows_is_inf_without_a_warning():
    old = Statistics(np.zeros(1, np.float16), np.ones(1, np.float16))
    with np.errstate(all="raise"):
        assert running_average(old, Statistics(np.zeros(1), np.array([9e8]))).var == np.inf
