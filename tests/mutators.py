"""Mechanical mutants of Python source: every small change of a standard set, one at a time."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

BINARY = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div],
    ast.Div: [ast.Mult],
    ast.Pow: [ast.Mult],
    ast.MatMult: [ast.Mult],
    ast.BitAnd: [ast.BitOr],
    ast.BitOr: [ast.BitAnd],
}
COMPARISON = {
    ast.Lt: [ast.LtE, ast.Gt],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Gt: [ast.GtE, ast.Lt],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
}
NAMES = {
    "sum": ["max", "mean"],
    "max": ["min"],
    "min": ["max"],
    "maximum": ["minimum"],
    "minimum": ["maximum"],
    "exp": ["expm1", "exp2"],
    "log": ["log1p", "log2"],
    "abs": ["negative"],
    "square": ["abs"],
    "ones": ["zeros"],
    "zeros": ["ones"],
    "float32": ["float64", "float16"],
    "result_type": ["promote_types"],
    "T": ["real"],
}

SYMMETRIC = {
    "max",
    "min",
    "maximum",
    "minimum",
    "broadcast_shapes",
    "result_type",
    "result_dtype",
    "swapaxes",
}  # whose arguments may as well be swapped


@dataclass(frozen=True)
class Mutant:
    """A changed module. `before` and `after` are the statement that was changed, in one line each."""

    line: int
    before: str
    after: str
    tree: ast.Module

    @cached_property
    def source(self) -> str:
        """Write the module out, which takes longer than changing it."""
        return ast.unparse(ast.fix_missing_locations(self.tree))

    @property
    def function(self) -> str:
        """Name the function or the method that was changed; of one inside of another, the outer one."""
        return next(name for name, lines in _functions(self.tree) if self.line in lines)


Change = Callable[[], None]


def mutants(source: str) -> Iterator[Mutant]:
    """Make every mutant of a module. Docstrings, annotations and the wording of errors stay as they are."""
    for site, (_, unchanged) in enumerate(_sites(ast.parse(source))):
        for change in range(len(_changes(unchanged))):
            tree = ast.parse(source)
            statement, node = list(_sites(tree))[site]
            before = _brief(statement)
            _changes(node)[change]()
            after = _brief(statement)
            if after != before:
                yield Mutant(statement.lineno, before, after, tree)


def _functions(tree: ast.Module) -> Iterator[tuple[str, range]]:
    """List the functions of a module and the methods of its classes, with the lines they take."""
    for node in tree.body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        for each in inner:
            if isinstance(each, ast.FunctionDef):
                name = each.name if each is node else f"{node.name}.{each.name}"
                yield name, range(each.lineno, (each.end_lineno or each.lineno) + 1)


def _brief(statement: ast.stmt) -> str:
    """Write a statement in one line; of one that has a body, the head."""
    return " ".join(ast.unparse(statement).split("\n")[0].split())


def _sites(tree: ast.Module) -> Iterator[tuple[ast.stmt, ast.AST]]:
    """List the nodes of functions that may be changed, each with the statement that it is part of."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            for default in function.args.defaults:
                yield function, default
            for statement in function.body:
                yield from _of_statement(statement)


def _of_statement(statement: ast.stmt) -> Iterator[tuple[ast.stmt, ast.AST]]:
    if isinstance(statement, (ast.Raise, ast.FunctionDef)) or _is_docstring(statement):
        return
    yield statement, statement
    for field in ast.iter_child_nodes(statement):
        if isinstance(field, ast.stmt):
            yield from _of_statement(field)
        elif not (isinstance(statement, ast.AnnAssign) and field is statement.annotation):
            yield from ((statement, node) for node in ast.walk(field))


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _changes(node: Any) -> list[Change]:
    """List what may be done to a node, in place."""
    match node:
        case ast.BinOp():
            return [_setter(node, "op", op()) for op in BINARY.get(type(node.op), [])]
        case ast.Compare():
            return [_setter(node, "ops", [op(), *node.ops[1:]]) for op in COMPARISON.get(type(node.ops[0]), [])]
        case ast.BoolOp():
            return [_setter(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And())]
        case ast.UnaryOp() if isinstance(node.op, ast.USub):
            return [_setter(node, "op", ast.UAdd())]
        case ast.UnaryOp():
            return [_become(node, node.operand)]
        case ast.IfExp() | ast.If():
            return [_setter(node, "test", ast.UnaryOp(ast.Not(), node.test))]
        case ast.Constant(value=bool()):
            return [_setter(node, "value", not node.value)]
        case ast.Constant(value=int() | float()):
            return [_setter(node, "value", node.value + step) for step in (1, -1)]
        case ast.Attribute() | ast.Name():
            field = "attr" if isinstance(node, ast.Attribute) else "id"
            return [_setter(node, field, name) for name in NAMES.get(getattr(node, field), [])]
        case ast.Call():
            return _of_call(node)
        case ast.Assign() | ast.AugAssign() | ast.Expr():
            return [_become(node, ast.Pass())]
    return []


def _of_call(node: ast.Call) -> list[Change]:
    """Drop each keyword; swap neighbouring arguments; leave out a method of a result."""
    keywords = [
        _setter(node, "keywords", [each for each in node.keywords if each is not one]) for one in node.keywords
    ]
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    swaps = [
        _setter(node, "args", [*node.args[:i], node.args[i + 1], node.args[i], *node.args[i + 2 :]])
        for i in range(len(node.args) - 1)
        if name not in SYMMETRIC and not any(isinstance(each, ast.Starred) for each in node.args[i : i + 2])
    ]
    method = isinstance(node.func, ast.Attribute) and not isinstance(node.func.value, ast.Name)
    own = isinstance(node.func, ast.Attribute) and node.func.attr in ("copy", "astype", "reshape")
    return [*keywords, *swaps, *([_become(node, node.func.value)] if method or own else [])]


def _setter(node: Any, field: str, value: Any) -> Change:
    return lambda: setattr(node, field, value)


def _become(node: Any, other: Any) -> Change:
    """Turn a node into another in place, so that its parent need not be known."""

    def change() -> None:
        position = {field: getattr(node, field) for field in ("lineno", "col_offset")}
        fields = dict(ast.iter_fields(other))
        node.__class__ = other.__class__
        node.__dict__.clear()
        node.__dict__.update(fields | position)

    return change
