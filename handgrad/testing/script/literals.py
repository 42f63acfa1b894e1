"""Values as Python that gives them back."""

from typing import Any

import jax
import numpy as np

from handgrad.testing.subject import AnyArray

LARGEST = 1000  # elements of an array that anybody would paste


def literal(array: AnyArray) -> str:
    """Write an array as Python that gives it back to the bit."""
    dtype = literal_dtype(array.dtype)
    if array.size == 0:
        return f"np.zeros({array.shape}, {dtype})"
    if array.size > 1 and array.tobytes() == array.ravel()[:1].tobytes() * array.size:
        return f"np.full({array.shape}, {array.ravel()[0].item()!r}, {dtype})"
    return f"np.array({array.tolist()}, {dtype})"


def literal_dtype(dtype: np.dtype[Any]) -> str:
    """Write a dtype as Python."""
    return {"bool": "bool", "bfloat16": '"bfloat16"'}.get(str(dtype), f"np.{dtype}")


def written(value: Any) -> str | None:
    """Write a value as Python, if that says all of it."""
    if isinstance(value, (np.ndarray, np.generic, jax.Array)):
        return _written_array(value)
    return repr(value) if _is_plain(value) else None


def _written_array(value: Any) -> str | None:
    array = np.asarray(value)
    if array.size > LARGEST or array.dtype.kind not in "biufc":
        return None
    if isinstance(value, jax.Array):
        return f"jax.numpy.asarray({literal(array)})"
    return literal(array) if isinstance(value, np.ndarray) else f"{literal(array)}[()]"


def _is_plain(value: Any) -> bool:
    """Tell whether a value is made of numbers and texts alone."""
    if type(value) in (list, tuple):
        return all(map(_is_plain, value))
    if type(value) is dict:
        return all(map(_is_plain, [*value, *value.values()]))
    return value is None or value is ... or type(value) in (bool, int, float, complex, str, bytes)
