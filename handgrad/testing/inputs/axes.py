"""Axes as they are described: "...", names, numbers, and lengths that are computed of them, such as S*(H-1)+K.

Behind a length may stand what it must be above: "D>0" is never empty, and "T>=K" has room for K.
"""

import ast
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

Shape = tuple[int, ...]
Sizes = Mapping[str, Shape]

LEADING = "..."
OPERATIONS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}
COMPARISONS: dict[str, Callable[[int, int], bool]] = {">=": operator.ge, ">": operator.gt}


def parse(axes: str) -> tuple[str, ...]:
    """Split a description such as "... N D>0 3 2*D" into axes: LEADING, and lengths with bounds or without."""
    if not isinstance(axes, str):
        raise TypeError(f"axes are {axes!r}; expected a text, such as '... D'")
    parsed = tuple(axes.split())
    for axis in parsed:
        length, *bound = re.split(">=?", axis, maxsplit=1)
        if axis != LEADING and not (all(map(_is_length, [length, *bound])) and (names_in(length) or not bound)):
            raise ValueError(
                f"axes {axes!r}: {axis!r} is neither '...' nor a name, a number, or what + - * and parentheses make "
                "of them; a name may have a bound, as in 'D>0' and 'T>=K'"
            )
    if parsed.count(LEADING) > 1:
        raise ValueError(f"axes {axes!r}: '...' may stand there once")
    return parsed


def _is_length(text: str) -> bool:
    if text.isdecimal() or text.isidentifier():
        return True
    try:
        return all(map(_is_part, ast.walk(_parsed(text))))
    except SyntaxError:
        return False


def _is_part(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return type(node.value) is int
    return isinstance(node, (ast.BinOp, ast.Name, ast.Load, *OPERATIONS))


@cache
def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def bare(axis: str) -> str:
    """Give a length without what it must be above."""
    return axis.partition(">")[0]


def is_named(axis: str) -> bool:
    """Tell a name, which the list of lengths has a length for, from numbers and from what is computed."""
    return axis == LEADING or axis.isidentifier()


def names_in(axis: str) -> list[str]:
    """List the names in an axis; "..." is one."""
    return [LEADING] if axis == LEADING else re.findall(r"[^\W\d]\w*", axis)


def shape_of(axes: Iterable[str], sizes: Sizes) -> Shape:
    """Look up how long the axes are, or compute it."""
    return tuple(length for axis in axes for length in _lengths(bare(axis), sizes))


def _lengths(axis: str, sizes: Sizes) -> Shape:
    return sizes[axis] if is_named(axis) else (_computed(_parsed(axis), sizes),)


def _computed(node: Any, sizes: Sizes) -> int:
    if isinstance(node, ast.BinOp):
        return OPERATIONS[type(node.op)](_computed(node.left, sizes), _computed(node.right, sizes))
    return sizes[node.id][0] if isinstance(node, ast.Name) else int(node.value)


def is_possible(axis: str, sizes: Sizes) -> bool:
    """Tell whether a length is not negative, and is above what it must be above."""
    if axis == LEADING:
        return True
    (length,) = shape_of([axis], sizes)
    for sign, above in COMPARISONS.items():
        _, found, bound = axis.partition(sign)
        if found:
            return above(length, *shape_of([bound], sizes))
    return length >= 0
