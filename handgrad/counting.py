"""Masks of single entries, along whatever axes they are taken together.

A mask tells which entries of x count. It selects and never multiplies: what it hides may hold anything, even NaN, and
nothing knows of it.
"""

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, as_array, shape_error

Counts = npt.NDArray[np.bool_] | bool  # booleans that broadcast to x, or True: everything counts


def as_counts(where: str, mask: npt.ArrayLike | None, x: Array) -> Counts:
    """Give a mask as booleans that broadcast to x, or True where everything counts.

    Raises
    ------
    ValueError, TypeError
        If it does not broadcast to x, or is not boolean.
    """
    if mask is None:
        return True
    counts = as_array(where, "mask", mask)
    if counts.dtype != np.bool_:
        raise TypeError(f"{where}: mask.dtype is {counts.dtype}; expected bool, True where an entry counts")
    try:
        np.broadcast_to(counts, x.shape)
    except ValueError:
        expected = f"{x.shape} or one that broadcasts to it"
        raise shape_error(where, "mask", counts.shape, expected, f"x.shape is {x.shape}") from None
    return counts
