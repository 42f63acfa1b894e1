"""When two results agree: one limit for every layer and dtype.

The error is counted in units of what rounding entitles a careful evaluation to, element by element:

    units = |got - exact| / (eps · (|exact| + entitled) + 8 · tiny)

eps and tiny (the smallest normal number) are those of the layer's dtype; `entitled` is measured on the reference
itself (see `rounding`). A correct layer stays within a few units. Above LIMIT it disagrees.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.testing.dtypes import limits
from handgrad.testing.oracle import Exact

LIMIT = 8.0


def units(got: npt.NDArray[Any], exact: Exact, dtype: np.dtype[Any]) -> npt.NDArray[np.float64]:
    """Measure the error of every element. What is not finite must be equal: its error is 0 or inf.

    A number that `dtype` cannot hold may be infinite, with the right sign.
    """
    info = limits(dtype)
    want = exact.value
    with np.errstate(all="ignore"):
        entitled = np.where(np.isfinite(exact.entitled), exact.entitled, 0)
        unit = float(info.eps) * (np.abs(want) + entitled) + 8 * float(info.tiny)
        error = np.abs(got.astype(np.float64) - want) / unit
        overflows = np.isinf(got) & (np.abs(want) + LIMIT * unit > float(info.max)) & (np.sign(got) == np.sign(want))
    same = (got == want) | (np.isnan(got) & np.isnan(want)) | overflows
    return np.where(same, 0, np.where(np.isnan(error), np.inf, error))


def overflows(exact: Exact, dtype: np.dtype[Any]) -> bool:
    """Tell whether `dtype` is too narrow for the true result: then its gradient, too, is beyond it."""
    largest = np.abs(exact.value[np.isfinite(exact.value)]).max(initial=0)
    return bool(largest > float(limits(dtype).max))
