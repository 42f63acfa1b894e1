"""Functions of our own modules that run by another source, wherever they have been imported to."""

import importlib
import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FunctionType
from typing import Any


@contextmanager
def swapped(name: str, source: str) -> Iterator[None]:
    """Let the functions of a module, and the methods of its classes, be those of another source.

    They stay the same objects, so that nothing has to be imported again. What is computed when a module is imported,
    one of tests too, stays as it was: a layer that a test is to notice a mutant of is made inside of the test.
    """
    module = importlib.import_module(f"handgrad.{name}")
    other = {"__name__": module.__name__}
    exec(compile(source, str(module.__file__), "exec", dont_inherit=True), other)
    pairs = list(_pairs(vars(module), other))
    before = [(function, _parts(function)) for function, _ in pairs]
    try:
        for function, by in pairs:
            _become(function, _parts(by))
        yield
    finally:
        for function, parts in before:
            _become(function, parts)


def _pairs(these: Mapping[str, Any], those: Mapping[str, Any]) -> Iterator[tuple[FunctionType, FunctionType]]:
    """List the functions of one namespace, each with the one that has its name in another."""
    for name, one in list(these.items()):
        other = those.get(name)
        if other is one:  # it is imported
            continue
        if isinstance(one, type) and isinstance(other, type):
            yield from _pairs(vars(one), vars(other))
        elif isinstance(_function(one), FunctionType):
            yield _function(one), _function(other)


def _function(thing: Any) -> Any:
    """Give the function itself, also of a property, or one that is decorated."""
    return inspect.unwrap(thing.fget if isinstance(thing, property) else thing)


def _parts(function: FunctionType) -> tuple[Any, ...]:
    return function.__code__, function.__defaults__, function.__kwdefaults__


def _become(function: FunctionType, parts: tuple[Any, ...]) -> None:
    function.__code__, function.__defaults__, function.__kwdefaults__ = parts
