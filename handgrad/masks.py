"""Masks of single entries: which of them count, along whatever axes a layer takes them together.

A mask is an argument, and never found out from values: what it hides may be anything, also NaN. So it is replaced
before anything is computed, and a gradient is selected, not multiplied: 0 · NaN is NaN.
"""

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, as_array, shape_error

Mask = npt.NDArray[np.bool_]


def as_entry_mask(where: str, mask: npt.ArrayLike | None, x: Array) -> Mask | None:
    """Give the mask of the entries of x as booleans that broadcast to its shape, or None where every entry counts.

    Raises
    ------
    ValueError, TypeError
        If it does not broadcast to the shape of x, or is not boolean: numbers are weights or a bias, and no mask.
    """
    if mask is None:
        return None
    mask = as_array(where, "mask", mask)
    if mask.dtype != np.bool_:
        raise TypeError(f"{where}: mask.dtype is {mask.dtype}; expected bool, True where an entry counts")
    try:
        return np.broadcast_to(mask, x.shape)
    except ValueError:
        expected = f"{x.shape} or what broadcasts to it"
        raise shape_error(where, "mask", mask.shape, expected, "that is the shape of x") from None


def where_counted(mask: Mask | None, array: Array, otherwise: float) -> Array:
    """Give the array with another number in the place of every entry that does not count."""
    return array if mask is None else np.where(mask, array, otherwise)
