"""Errors in units in the last place (ulps): the distance of two neighbouring numbers of a dtype."""

from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.testing.dtypes import limits
from reference.comparisons.answers import Truth

Floats = npt.NDArray[np.float64]


def ulps(got: npt.NDArray[Any], truth: Truth, size: Floats, dtype: np.dtype[Any]) -> Floats:
    """Measure how far a result is from the true one, in ulps of numbers as large as `size`.

    What is not finite has the error 0 where it is what the true result rounds to, and else inf.
    """
    with np.errstate(all="ignore"):
        error = np.abs((got.astype(np.float64) - truth.value) - truth.rest) / ulp(size, dtype)
        rounded = truth.value.astype(dtype)
    same = (got == rounded) | (np.isnan(got) & np.isnan(rounded))
    return np.where(np.isfinite(got) & np.isfinite(truth.value), error, np.where(same, 0, np.inf))


def ulp(size: Floats, dtype: np.dtype[Any]) -> Floats:
    """Give the distance of neighbours: half of it is what rounding to the nearest costs at most."""
    info = limits(dtype)
    _, exponent = np.frexp(np.clip(size, float(info.tiny), float(info.max)))
    return np.ldexp(float(info.eps), exponent - 1)


def is_normal(array: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[np.bool_]:
    """Tell which numbers do not lie between 0 and the dtype's smallest normal number."""
    return ~((np.abs(array) < float(limits(dtype).tiny)) & (array != 0))
