"""Values as Python that gives them back to the bit."""

import re
import textwrap
from typing import Any

import jax
import numpy as np

from handgrad.testing.subject import AnyArray

SHORT = 24  # elements that are read at a glance


def assignment(name: str, array: AnyArray) -> list[str]:
    """Write the statements that give an array a name: a longer one that is mostly equal is filled, then corrected."""
    bits = array.ravel().view(f"V{array.itemsize}")
    kinds, counts = np.unique(bits, return_counts=True)
    if array.size <= SHORT or counts.max() < 3 / 4 * array.size:
        return [f"{name} = {literal(array)}"]
    filled = np.full(array.shape, kinds[counts.argmax()])
    others = np.flatnonzero(bits != filled.ravel())
    corrected = _wrapped(f"{name}.flat[{others.tolist()}] = {array.ravel()[others].tolist()}")
    return [f"{name} = {literal(filled.view(array.dtype))}", *([corrected] if others.size else [])]


def literal(array: AnyArray) -> str:
    """Write an array."""
    dtype = {"bool": "bool", "bfloat16": '"bfloat16"'}.get(str(array.dtype), f"np.{array.dtype}")
    if array.size == 0:
        return f"np.zeros({array.shape}, {dtype})"
    if array.size > 1 and array.tobytes() == array.ravel()[:1].tobytes() * array.size:
        return f"np.full({array.shape}, {array.ravel()[0].item()!r}, {dtype})"
    return _wrapped(f"np.array({array.tolist()}, {dtype})")


def written(value: Any) -> str | None:
    """Write a value that is short and says all of itself: a number, a text, a small array, or some of these."""
    if isinstance(value, np.ndarray | np.generic | jax.Array):
        array = np.asarray(value)
        if array.size > SHORT or array.dtype.kind not in "biufc":
            return None
        text = f"jax.numpy.asarray({literal(array)})" if isinstance(value, jax.Array) else literal(array)
        return f"{text}[()]" if isinstance(value, np.generic) else text
    if type(value) in (list, tuple, set, frozenset, dict):
        parts = [*value, *value.values()] if type(value) is dict else value
        return repr(value) if all(written(each) == repr(each) for each in parts) else None
    return repr(value) if value is None or type(value) in (bool, int, float, complex, str, bytes, range) else None


def _wrapped(numbers: str) -> str:
    """Break a line of numbers where it is too long, but not within a short row."""
    rows = re.sub(r"\[[^][]{,80}\]", lambda row: row[0].replace(" ", "\xa0"), numbers)
    lines = textwrap.wrap(rows, 90, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines).replace("\xa0", " ")
