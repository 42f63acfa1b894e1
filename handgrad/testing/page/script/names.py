"""The names that a source takes from around it, and what they mean."""

import ast
import symtable
import sys
from collections.abc import Iterator
from types import CellType
from typing import Any

from handgrad.testing.page.script.source import function_of


def names_used(source: str) -> list[str]:
    """List the names that a source takes from around it."""
    return list(dict.fromkeys(_globals(symtable.symtable(source, "source", "exec"))))


def places_of(name: str, source: str) -> list[ast.expr]:
    """Find where a source takes a name from around it; nowhere, if the name also means something else in it."""
    symbols = _symbols(symtable.symtable(source, "source", "exec"))
    if not all(each.is_global() for each in symbols if each.get_name() == name):
        return []
    places = [each for each in ast.walk(ast.parse(source)) if isinstance(each, ast.Name) and each.id == name]
    # Python 3.11 misplaces what is in some f-strings
    return [*places] if all(ast.get_source_segment(source, each) == name for each in places) else []


def names_of(source: str) -> set[str]:
    """Give the names that a source gives meanings at its top level, or takes from around it."""
    table = symtable.symtable(source, "source", "exec")
    return {*table.get_identifiers(), *_globals(table)}


def _globals(table: symtable.SymbolTable) -> Iterator[str]:
    return (each.get_name() for each in _symbols(table) if each.is_global() and each.is_referenced())


def _symbols(table: symtable.SymbolTable) -> Iterator[symtable.Symbol]:
    yield from table.get_symbols()
    for inner in table.get_children():
        yield from _symbols(inner)


def attributes_used(source: str, name: str) -> list[str]:
    """List what a source takes out of a name: `a.b` and `a.b.c` are "b" and "b.c" of a."""
    dotted = {ast.unparse(node) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)}
    return sorted(each.removeprefix(f"{name}.") for each in dotted if each.startswith(f"{name}."))


def names_around(given: Any) -> dict[str, Any]:
    """Give the meaning of names in the source of a class or function: its module's, its bases', its closure's."""
    around = dict(getattr(sys.modules.get(given.__module__), "__dict__", {}))
    members = vars(given).values() if isinstance(given, type) else [given]
    functions = list(map(function_of, members))
    for function in functions:
        around |= getattr(function, "__globals__", {})
    around |= {base.__name__: base for base in getattr(given, "__bases__", ())}
    for function in functions:
        around |= _closure(function)
    return around


def _closure(function: Any) -> dict[str, Any]:
    names = getattr(getattr(function, "__code__", None), "co_freevars", ())
    cells = zip(names, getattr(function, "__closure__", None) or (), strict=True)
    return {name: cell.cell_contents for name, cell in cells if cell != CellType()}  # an empty one raises
