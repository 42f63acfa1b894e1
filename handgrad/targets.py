"""What a loss is given besides x: targets, as class indices or distributions, and a mask of the rows that count."""

from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, real, shape_error

Mask = npt.NDArray[np.bool_]


def as_mask(where: str, mask: npt.ArrayLike | None, x: Array) -> Mask:
    """Give the mask of a batch x (..., C) as booleans (...), all True where there is none.

    Raises
    ------
    ValueError, TypeError
        If it is of another shape, or not boolean: 0.0 and 1.0 may well be weights, which a mask is not.
    """
    if x.ndim == 0:
        raise shape_error(where, "x", x.shape, "(..., C)", "a loss sums over the last axis")
    if mask is None:
        return np.ones(x.shape[:-1], np.bool_)
    mask = np.asarray(mask)
    if mask.dtype != np.bool_:
        raise TypeError(f"{where}: mask.dtype is {mask.dtype}; expected bool, True where a row counts")
    if mask.shape != x.shape[:-1]:
        raise shape_error(where, "mask", mask.shape, x.shape[:-1], f"x.shape is {x.shape}")
    return mask


def as_targets(where: str, t: npt.ArrayLike, x: Array, mask: Mask) -> npt.NDArray[Any]:
    """Give targets as class indices (...) or as distributions (..., C), with masked rows replaced by zeros.

    Which of the two they are is decided by their dtype and number of axes, never by their size.

    Raises
    ------
    IndexError
        For a class index that is out of range and not masked. The message has its value and position.
    ValueError, TypeError
        For targets of another shape or dtype.
    """
    t = real(where, "t", t)
    if t.dtype.kind in "iu" and t.ndim == x.ndim - 1:
        return _as_indices(where, t, x, mask)
    if t.shape != x.shape:
        expected = f"{x.shape} for distributions or {x.shape[:-1]} for integer class indices"
        raise shape_error(where, "t", t.shape, expected, f"x.shape is {x.shape} and t.dtype is {t.dtype}")
    t = t if t.dtype.kind == "f" else t.astype(x.dtype)
    return np.where(mask[..., np.newaxis], t, 0)


def _as_indices(where: str, t: npt.NDArray[Any], x: Array, mask: Mask) -> npt.NDArray[Any]:
    if t.shape != x.shape[:-1]:
        raise shape_error(where, "t", t.shape, x.shape[:-1], f"x.shape is {x.shape}")
    t = np.where(mask, t, 0)
    classes = x.shape[-1]
    invalid = np.argwhere(mask & ((t < 0) | (t >= classes)))
    if len(invalid):
        position = tuple(invalid[0].tolist())
        raise IndexError(
            f"{where}: t{list(position) if position else ''} is {t[position]}; "
            f"expected a class index from 0 to {classes - 1}, because x.shape is {x.shape}"
        )
    return t
