"""Calls that make a value."""

import dataclasses
import enum
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

BRACKETS: dict[Any, str] = {list: "[{}]", tuple: "({},)", set: "{{{}}}", frozenset: "frozenset([{}])"}


def call_of(given: Any) -> tuple[Sequence[Any], Mapping[str, Any]] | None:
    """Tell the arguments that an object's class makes an equal one of, by position and by name."""
    if isinstance(given, enum.Enum):
        return [given.value], {}
    if isinstance(given, slice):
        return [given.start, given.stop, given.step], {}
    if isinstance(given, tuple) and hasattr(given, "_asdict"):
        return [], given._asdict()
    if dataclasses.is_dataclass(given) and not isinstance(given, type):
        fields = {field.name: getattr(given, field.name) for field in dataclasses.fields(given)}
        taken, held = inspect.signature(type(given)).parameters, getattr(given, "__dict__", fields)
        if taken.keys() == fields.keys() == held.keys():  # no constructor of its own, and nothing set later
            return [], fields
    return None


def is_made_of_attributes(given: Any) -> bool:
    """Tell whether an object is nothing but a class and attributes, as pickle tells it: a stream has more to it."""
    try:
        make, of, *more = given.__reduce_ex__(2)
    except Exception:  # there is no way to copy it
        return False
    is_plain = getattr(make, "__name__", "") == "__newobj__" and of == (type(given),) and not any(more[1:])
    return is_plain and hasattr(given, "__dict__")
