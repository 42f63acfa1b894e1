"""When two results agree: one limit for every layer and dtype.

The error is counted in units of what rounding entitles a careful evaluation to, element by element:

    units = |got - exact| / (eps · (|exact| + entitled) + nothing)

eps is that of the layer's dtype; `entitled` is measured on the reference itself (see `rounding`); `nothing` is so
small that it may be what is left of a number that underflowed. A correct layer stays within a few units. Above LIMIT
it disagrees.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.testing.dtypes import limits
from handgrad.testing.oracle.oracle import Exact, in_shapes

LIMIT = 8.0


def units(got: npt.NDArray[Any], exact: Exact, dtype: np.dtype[Any]) -> npt.NDArray[np.float64]:
    """Measure the error of every element. What is not finite must be equal: its error is 0 or inf.

    A number that `dtype` cannot hold may be infinite, with the right sign.
    """
    info = limits(dtype)
    want = exact.value
    with np.errstate(all="ignore"):
        unit = float(info.eps) * (np.abs(want) + exact.entitled) + _nothing(dtype)
        error = np.abs(got.astype(np.float64) - want) / unit
        too_large = np.isinf(got) & (np.abs(want) + LIMIT * unit > float(info.max)) & (np.sign(got) == np.sign(want))
    same = (got == want) | (np.isnan(got) & np.isnan(want)) | too_large
    return np.where(same, 0, np.where(np.isnan(error), np.inf, error))


@cache
def _nothing(dtype: np.dtype[Any]) -> float:
    """Give a number that nobody misses: some numbers that underflow in the layer, or are flushed to 0 by XLA.

    They are multiplied by 1e3 cubed, since three large factors may follow. In float16, of whose normal numbers the
    smallest is only 6e-5, that would be missed: there, what is smaller than this one is nothing.
    """
    tiny, factors = float(limits(dtype).tiny), 1e9
    return 8 * tiny * factors if 8 * tiny * factors < float(limits(dtype).eps) else tiny / LIMIT


def units_of_each(
    got: Mapping[str, npt.NDArray[Any]], exact: Mapping[str, Exact], dtype: np.dtype[Any]
) -> dict[str, npt.NDArray[np.float64]]:
    """Measure the error of every element of several results in one go."""
    if not got:
        return {}
    whole = Exact(
        np.concatenate([exact[name].value.ravel() for name in got]),
        np.concatenate([exact[name].entitled.ravel() for name in got]),
    )
    error = units(np.concatenate([array.ravel() for array in got.values()]), whole, dtype)
    return dict(zip(got, in_shapes(error, (array.shape for array in got.values())), strict=True))


def overflows(exact: Exact, dtype: np.dtype[Any]) -> bool:
    """Tell whether `dtype` is too narrow for the true result."""
    largest = np.abs(exact.value[np.isfinite(exact.value)]).max(initial=0)
    return bool(largest > float(limits(dtype).max))
