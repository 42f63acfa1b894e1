"""The defaults of the functions in a source."""

import ast
import builtins
from collections.abc import Iterator, Mapping
from typing import Any

from handgrad.testing.page.script.source import function_of


def stale_defaults(given: Any, source: str, around: Mapping[str, Any]) -> Iterator[tuple[ast.expr, Any]]:
    """Find the defaults in a source that would not mean again what they do: where they are, and their values."""
    for node, function in _functions(given, source):
        for place, value in _defaults(node.args, function):
            if isinstance(place, ast.Name):
                stale = around.get(place.id, getattr(builtins, place.id, None)) is not value
            else:
                names = [each.id for each in ast.walk(place) if isinstance(each, ast.Name)]
                stale = not all(name in around or hasattr(builtins, name) for name in names)
            if stale:
                yield place, value


def _functions(given: Any, source: str) -> list[tuple[ast.FunctionDef | ast.Lambda, Any]]:
    """Pair the functions that a source defines with what they became."""
    first: Any = ast.parse(source).body[0]
    if isinstance(first, ast.ClassDef):
        methods = [each for each in first.body if isinstance(each, ast.FunctionDef)]
        return [(each, function_of(vars(given).get(each.name))) for each in methods]
    return [(getattr(first, "value", first), function_of(given))]


def _defaults(arguments: ast.arguments, function: Any) -> Iterator[tuple[ast.expr, Any]]:
    values, named = getattr(function, "__defaults__", None) or (), getattr(function, "__kwdefaults__", None) or {}
    yield from zip(arguments.defaults, values, strict=False)
    for argument, place in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if place and argument.arg in named:
            yield place, named[argument.arg]
