"""Run something and say what became of it: its result, the error that it raised, the warnings that it gave."""

import warnings
from collections.abc import Callable
from textwrap import shorten
from typing import Any

import jax
import numpy as np

DIGITS = 5
MESSAGE = 72  # characters of an error's message


def said(compute: Callable[[], Any]) -> str:
    """Call a function in float64, and word its outcome in one line."""
    with warnings.catch_warnings(record=True) as warned, jax.enable_x64(True):
        warnings.simplefilter("always")
        try:
            outcome = result(compute())
        except Exception as error:
            outcome = f"raises {type(error).__name__}: {shorten(str(error), MESSAGE, placeholder=' …')}"
    heard = dict.fromkeys(f"warns: {each.message}" for each in warned)
    return "; ".join([outcome, *heard])


def result(array: Any) -> str:
    """Write numbers in few digits, and a shape where there are none."""
    array = np.asarray(array)
    return nested(array.tolist()) if array.size else f"nothing, of shape {array.shape}"


def nested(numbers: Any) -> str:
    """Write nested lists of numbers in one line."""
    if isinstance(numbers, list):
        return f"[{', '.join(nested(each) for each in numbers)}]"
    return f"{numbers:.{DIGITS}g}" if isinstance(numbers, float) else str(numbers)
