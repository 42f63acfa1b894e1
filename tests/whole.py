"""Whole numbers: their sums and products are exact, so that results can be compared exactly."""

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np


def whole_numbers(shape, low=-9, high=9):
    return hnp.arrays(np.float64, shape, elements=st.integers(low, high), fill=st.nothing())
