"""The source of classes and functions, and what the names in it mean."""

import ast
import inspect
import symtable
import sys
import textwrap
from types import CellType, FunctionType, ModuleType
from typing import Any

import jax


def source_of(given: Any) -> str:
    """Find the statement that defines a class or function, or a lambda's expression; "" if it is not to be found."""
    function: Any = next(iter(_functions(given)), None)
    name = given.__name__ if isinstance(given, type) else function and function.__code__.co_name
    try:
        lines, number = inspect.findsource(function or given)
    except (OSError, TypeError):  # made by exec, or no function of Python
        return ""
    for node in reversed([*ast.walk(ast.parse("".join(lines)))]):  # what is inside of others comes first
        if isinstance(node, ast.Lambda) and name == "<lambda>":  # of several in one line, the one around its places
            start, end = (node.body.lineno, node.body.col_offset), (node.body.end_lineno, node.body.end_col_offset)
            places = [place for place in function.__code__.co_positions() if place[3]]
            if places and all(start <= (line, left) and (last, right) <= end for line, last, left, right in places):
                return ast.unparse(node)
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            first, last = min(each.lineno for each in (node, *node.decorator_list)), node.end_lineno or 0
            undecorated = isinstance(given, FunctionType) and node.decorator_list  # the name means another function
            if first <= number + 1 <= last and not undecorated:
                return textwrap.dedent("".join(lines[first - 1 : last]))
    return ""


def _functions(given: Any) -> list[Any]:
    """List the functions that a class defines, or the one that is given, also in jax.jit, which changes no result."""
    members = vars(given).values() if isinstance(given, type) else [given]
    plain = [getattr(each, "__wrapped__", each) if isinstance(each, jax.stages.Wrapped) else each for each in members]
    functions = [each for each in plain if isinstance(each, FunctionType) and not hasattr(each, "__wrapped__")]
    return [each for each in functions if each.__code__.co_filename != "<string>"]


def names_used(source: str) -> list[str]:
    """List the names that a source takes from around it."""
    tables = [symtable.symtable(source, "source", "exec")]
    for table in tables:
        tables += table.get_children()
    symbols = [symbol for table in tables for symbol in table.get_symbols()]
    return list(dict.fromkeys(each.get_name() for each in symbols if each.is_global() and each.is_referenced()))


def meanings(given: Any, source: str) -> dict[str, Any]:
    """Give what the names in a source mean, in its module, its bases and its closure, but for what is not sure."""
    functions, node = _functions(given), ast.parse(source).body[0]
    around = dict(functions[0].__globals__ if functions else vars(sys.modules[given.__module__]))
    around |= dict(zip(map(ast.unparse, getattr(node, "bases", [])), getattr(given, "__bases__", ()), strict=False))
    for function in functions:
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        around |= {name: cell.cell_contents for name, cell in cells if cell != CellType()}  # an empty one raises
    arguments = [each for each in ast.walk(node) if isinstance(each, ast.arguments)]
    made = [default for each in arguments for default in (*each.defaults, *each.kw_defaults) if default]
    values = [each.default for function in functions for each in inspect.signature(function).parameters.values()]
    if isinstance(node, ast.ClassDef):
        made += [each.value for each in node.body if isinstance(each, ast.Assign | ast.AnnAssign) and each.value]
        values += vars(given).values()
    names = {inner.id for each in made for inner in ast.walk(each) if isinstance(inner, ast.Name)}
    for name in names & around.keys():  # what it meant then, as in a loop, need not be what it means now
        if not isinstance(around[name], ModuleType) and not any(around[name] is each for each in values):
            del around[name]
    return around
