"""The source of classes, functions and variables."""

import ast
import inspect
import textwrap
from collections.abc import Mapping
from itertools import accumulate
from typing import Any

import jax

JITTED: Any = type(jax.jit(abs))
NO_SOURCE = (OSError, TypeError, SyntaxError, ValueError)  # typed at a prompt, or no function of Python


def plain(given: Any) -> Any:
    """Take off jax.jit, which changes no result."""
    return plain(given.__wrapped__) if isinstance(given, JITTED) else given


def source_of(given: Any) -> str:
    """Find the statement that defines a class or function, or a lambda's expression; "" if there is none."""
    try:
        if getattr(given, "__name__", "") == "<lambda>":
            return _lambda(given)
        source = textwrap.dedent(inspect.getsource(given))
        statement = ast.parse(source).body[0]
    except NO_SOURCE:
        return ""
    if not isinstance(statement, ast.ClassDef | ast.FunctionDef):
        return ""
    wrapped_elsewhere = inspect.unwrap(given) is not given and not statement.decorator_list
    return "" if wrapped_elsewhere else source


def _lambda(function: Any) -> str:
    """Find a lambda by its place in the file, which may have several in one line."""
    lines, _ = inspect.findsource(function)
    places = [place for place in function.__code__.co_positions() if None not in place and place[3]]
    start = min((line, column) for line, _, column, _ in places)
    end = max((line, column) for _, line, _, column in places)
    found = [
        node
        for node in ast.walk(ast.parse("".join(lines)))
        if isinstance(node, ast.Lambda)
        and (node.body.lineno, node.body.col_offset) <= start
        and end <= (node.body.end_lineno, node.body.end_col_offset)
    ]
    return ast.unparse(found[-1]) if found else ""  # the innermost comes last


def edited(source: str, texts: Mapping[ast.expr, str]) -> str:
    """Put texts in the places of nodes of a source."""
    code = source.encode()  # a column is a number of bytes
    starts = [0, 0, *accumulate(len(line) for line in code.splitlines(keepends=True))]
    for node in sorted(texts, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        first, last = starts[node.lineno] + node.col_offset, starts[node.end_lineno or 0] + (node.end_col_offset or 0)
        code = code[:first] + texts[node].encode() + code[last:]
    return code.decode()


def function_of(member: Any) -> Any:
    """Give the function behind a method, a property or a wrapper."""
    return inspect.unwrap(getattr(member, "fget", getattr(member, "__func__", member)))


def assignment_of(name: str, module: Any) -> str:
    """Find the one statement of a module that assigns to a name; "" if there is not one."""
    try:
        statements = ast.parse(inspect.getsource(module)).body
    except NO_SOURCE:
        return ""
    found = [each for each in statements if isinstance(each, ast.Assign) and name in map(ast.unparse, each.targets)]
    return ast.unparse(found[0]) if len(found) == 1 else ""
