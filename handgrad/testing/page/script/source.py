"""The source of classes and functions, and what the names in it mean."""

import ast
import inspect
import symtable
import sys
import textwrap
from types import CellType, FunctionType, ModuleType
from typing import Any

import jax

JITTED: Any = type(jax.jit(abs))


def source_of(given: Any) -> str:
    """Find the statement that defines a class or function, or a lambda's expression; "" if it is not to be found."""
    function: Any = next(iter(_functions(given)), None)
    name = given.__name__ if isinstance(given, type) else function and function.__code__.co_name
    try:
        lines, number = inspect.findsource(function or given)
    except (OSError, TypeError):  # made by exec, or no function of Python
        return ""
    for node in reversed([*ast.walk(ast.parse("".join(lines)))]):  # what is inside of others comes first
        if isinstance(node, ast.Lambda) and name == "<lambda>":  # of several in one line, the one whose body it is
            body = (node.body.lineno, node.body.end_lineno, node.body.col_offset, node.body.end_col_offset)
            if body in function.__code__.co_positions():
                return ast.unparse(node)
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            first, last = min(each.lineno for each in (node, *node.decorator_list)), node.end_lineno or 0
            if first <= number + 1 <= last:
                hidden = isinstance(given, FunctionType) and node.decorator_list  # the name means another function
                return "" if hidden else textwrap.dedent("".join(lines[first - 1 : last]))
    return ""


def _functions(given: Any) -> list[Any]:
    """List the functions that a class defines, or the one that is given, also in jax.jit, which changes no result."""
    members = vars(given).values() if isinstance(given, type) else [given]
    plain = [getattr(each, "fget", each.__wrapped__ if isinstance(each, JITTED) else each) for each in members]
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
    around = dict(getattr(sys.modules.get(given.__module__), "__dict__", {}))
    for function in functions:
        around |= function.__globals__
    around |= dict(zip(map(ast.unparse, getattr(node, "bases", [])), getattr(given, "__bases__", ()), strict=False))
    for function in functions:
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        around |= {name: cell.cell_contents for name, cell in cells if cell != CellType()}  # an empty one raises
    arguments = [each for each in ast.walk(node) if isinstance(each, ast.arguments)]
    defaults = [default for each in arguments for default in (*each.defaults, *each.kw_defaults) if default]
    names = {each.id for default in defaults for each in ast.walk(default) if isinstance(each, ast.Name)}
    values = [each.default for function in functions for each in inspect.signature(function).parameters.values()]
    for name in names & around.keys():  # what it meant then, as in a loop, need not be what it means now
        if not isinstance(around[name], ModuleType) and not any(around[name] is each for each in values):
            del around[name]
    return around
