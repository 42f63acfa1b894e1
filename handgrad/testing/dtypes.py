"""Floating dtypes, with bfloat16, which NumPy itself does not know."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt


def is_floating(array: npt.NDArray[Any]) -> bool:
    """Tell whether an array holds floating-point numbers."""
    return _is_floating(array.dtype)


@cache
def _is_floating(dtype: np.dtype[Any]) -> bool:
    return bool(jnp.issubdtype(dtype, jnp.floating))


def as_floating(dtype: npt.DTypeLike) -> np.dtype[Any]:
    """Give a dtype by its name, and refuse what is not floating."""
    given: np.dtype[Any] = jnp.dtype(dtype).newbyteorder("=")
    if not _is_floating(given) or given.itemsize > np.dtype(np.float64).itemsize:
        raise TypeError(f"dtypes holds {given}; expected floating dtypes up to float64, in which the oracle computes")
    return given


def in_float64(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Widen floating numbers to float64; leave integers and booleans as they are."""
    return array.astype(np.float64, copy=False) if is_floating(array) else array


def in_64_bits(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Widen floating numbers to float64 and integers to int64; leave booleans as they are."""
    narrow = array.dtype.kind in "iu" and array.itemsize < np.dtype(np.int64).itemsize
    return array.astype(np.int64) if narrow else in_float64(array)


def all_in_float64(arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """Widen several arrays alike."""
    return {name: in_float64(array) for name, array in arrays.items()}


def all_in_64_bits(arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """Widen several arrays alike, also integers."""
    return {name: in_64_bits(array) for name, array in arrays.items()}


@cache
def limits(dtype: np.dtype[Any]) -> Any:
    """Give eps, tiny and max of a floating dtype."""
    info: Any = jnp.finfo
    return info(dtype)
