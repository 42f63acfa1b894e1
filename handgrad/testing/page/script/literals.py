"""Values as Python that gives them back."""

import re
import textwrap
from typing import Any

import jax
import numpy as np

from handgrad.testing.subject import AnyArray

SHORT = 24  # elements that are read at a glance
LARGEST = 20_000  # elements, and characters, that anybody would paste


def statements(name: str, array: AnyArray | jax.Array) -> list[str]:
    """Write the statements that give an array a name, if it is one that can be pasted."""
    given = np.asarray(array)
    if given.size > LARGEST or given.dtype.kind not in "biufc":
        return []
    lines = [*assignment(name, given), *([f"{name} = jax.numpy.asarray({name})"] if given is not array else [])]
    return lines if len("".join(lines)) <= LARGEST else []


def assignment(name: str, array: AnyArray) -> list[str]:
    """Write the statements that give an array a name.

    A longer one that is mostly equal is made full of its commonest element, and then gets the others, value by value.
    """
    flat = array.ravel()
    _, firsts, kinds, counts = np.unique(
        flat.view(f"V{array.itemsize}"), return_index=True, return_inverse=True, return_counts=True
    )
    if array.size <= SHORT or counts.max() < 3 / 4 * array.size:
        return [_wrapped(f"{name} = {literal(array)}")]
    common, *others = firsts[np.argsort(-counts, kind="stable")]
    places = [np.argwhere((kinds == kinds[first]).reshape(array.shape)) for first in others]
    return [
        f"{name} = {literal(np.full_like(array, flat[common]))}",
        *(
            _wrapped(f"{name}[{_index(where)}] = {flat[first].item()!r}")
            for first, where in zip(others, places, strict=True)
        ),
    ]


def _index(places: AnyArray) -> str:
    """Write the index of one place, or of several."""
    return ", ".join(str(axis[0] if len(axis) == 1 else axis.tolist()) for axis in places.T)


def _wrapped(numbers: str) -> str:
    """Break a line of numbers where it is too long, but not within a short row."""
    rows = re.sub(r"\[[^][]{,80}\]", lambda row: row[0].replace(" ", "\xa0"), numbers)
    lines = textwrap.wrap(rows, 100, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines).replace("\xa0", " ")


def literal(array: AnyArray) -> str:
    """Write an array as Python that gives it back to the bit."""
    dtype = literal_dtype(array.dtype)
    if array.size == 0:
        return f"np.zeros({array.shape}, {dtype})"
    if array.size > 1 and array.tobytes() == array.ravel()[:1].tobytes() * array.size:
        return f"np.full({array.shape}, {array.ravel()[0].item()!r}, {dtype})"
    if array.size > SHORT and array.tobytes() == _even(array).tobytes():
        first, *_, last = array.ravel().tolist()
        even = f"np.linspace({first}, {last}, {array.size}, dtype={dtype})"
        return even if array.ndim == 1 else f"{even}.reshape({array.shape})"
    return f"np.array({array.tolist()}, {dtype})"


def _even(array: AnyArray) -> AnyArray:
    """Give the evenly spaced numbers that start and end as an array does."""
    first, *_, last = array.ravel().tolist()
    with np.errstate(all="ignore"):
        return np.linspace(first, last, array.size, dtype=array.dtype)


def literal_dtype(dtype: np.dtype[Any]) -> str:
    """Write a dtype as Python."""
    return {"bool": "bool", "bfloat16": '"bfloat16"'}.get(str(dtype), f"np.{dtype}")


def written(value: Any) -> str | None:
    """Write a value as Python, if that says all of it."""
    if isinstance(value, (np.ndarray, np.generic, jax.Array)):
        return _written_array(value)
    if isinstance(value, np.dtype) and value.names is None:
        return f"np.dtype({literal_dtype(value)})"
    return repr(value) if _is_plain(value) else None


def _written_array(value: Any) -> str | None:
    array = np.asarray(value)
    if array.size > SHORT or array.dtype.kind not in "biufc":
        return None
    if isinstance(value, jax.Array):
        return _wrapped(f"jax.numpy.asarray({literal(array)})")
    return _wrapped(literal(array)) if isinstance(value, np.ndarray) else f"{literal(array)}[()]"


def _is_plain(value: Any) -> bool:
    """Tell whether a value is made of numbers and texts alone."""
    if type(value) in (list, tuple, set, frozenset):
        return all(map(_is_plain, value))
    if type(value) is dict:
        return all(map(_is_plain, [*value, *value.values()]))
    return value is None or value is ... or type(value) in (bool, int, float, complex, str, bytes, range)
