"""What the tests of recurrent layers have in common."""

import jax
import numpy as np

EPS = np.finfo(np.float64).eps
# sums of some ten products of numbers of up to 10, in another order, four times one behind the other
CLOSE = {"rtol": 2**8 * EPS, "atol": 2**12 * EPS}


def signed(*shape, start=0):
    """Give numbers from -1 to 1, others for every number of axes and every start."""
    return np.cos(np.arange(np.prod(shape, dtype=int)) + start + len(shape)).reshape(shape)


def assert_close(got, want):
    """Compare arrays in lists, which may be nested otherwise."""
    for one, other in zip(jax.tree.leaves(got), jax.tree.leaves(want), strict=True):
        np.testing.assert_allclose(one, other, **CLOSE)


def assert_same(got, want):
    """Compare arrays in lists exactly."""
    for one, other in zip(jax.tree.leaves(got), jax.tree.leaves(want), strict=True):
        assert np.array_equal(one, other, equal_nan=True)
