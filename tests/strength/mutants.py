"""Which mechanical mutants of the right layers' backward methods each check catches.

Nobody thought of `check_layer` when these were made: they are all small changes of a standard set to the source.
"""

import ast
import inspect
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

from handgrad.testing import check_layer
from reference.comparisons.pages.markdown import table
from tests.mutators import Mutant, mutants
from tests.planted import right as module
from tests.strength.processes import each_of
from tests.strength.verdicts import BY_NAME, DRAWN, NAMES, OURS, TYPICAL, Verdicts, counted, verdicts


def sections() -> Iterator[str]:
    """Measure all mutants, and write about them."""
    planted = planted_mutants()
    found = each_of(measure_mutant, range(len(planted)))
    yield INTRODUCTION
    yield from tables([name for name, _ in planted], found)
    yield survivors(planted, found)


@cache
def planted_mutants() -> list[tuple[str, Mutant]]:
    """List all mutants of backward methods, each with the name of its layer."""
    source = inspect.getsource(module)
    lines = {line: name for name, lines in _backward_lines(ast.parse(source)) for line in lines}
    return [(lines[mutant.line], mutant) for mutant in mutants(source) if mutant.line in lines]


def _backward_lines(tree: ast.Module) -> Iterator[tuple[str, range]]:
    """Find the backward methods of the right layers, and what they call; of a function with a pullback, all of it."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in BY_NAME:
            inner = node.body if isinstance(node, ast.ClassDef) else [node]
            for function in inner:
                if isinstance(function, ast.FunctionDef) and function.name not in ("__init__", "forward"):
                    yield node.name, range(function.lineno, (function.end_lineno or function.lineno) + 1)


def measure_mutant(index: int) -> Verdicts:
    """Run every check on one mutant."""
    name, mutant = planted_mutants()[index]
    right, layer = BY_NAME[name], mutated(name, mutant)
    return verdicts(layer, right, check_layer(layer, right.reference, right.inputs, raises=False))


def mutated(name: str, mutant: Mutant) -> Callable[..., Any]:
    """Execute the changed source, and take the layer from it."""
    namespace = {"__name__": module.__name__}
    exec(compile(mutant.source, f"<mutant of {name}>", "exec", dont_inherit=True), namespace)
    return namespace[name]


TITLE = "Mechanical mutants"
INTRODUCTION = """\
The bugs above were thought up by people who had the checker in mind. These were not: a program changes the
backward methods of the right layers in `tests/planted/right.py`, one small thing at a time
(`tests/mutators.py`: another operator, another comparison, a constant off by one, an argument or a statement
left out, ...). Some changes change nothing that backward computes, and no check can catch those. Counted as
above."""


def tables(layers: Sequence[str], found: Sequence[Verdicts]) -> Iterator[str]:
    """Count the mutants caught, layer by layer."""
    for shown, title in {
        TYPICAL: "### At one typical input",
        DRAWN: "### At inputs as check_layer draws them",
    }.items():
        rows = [
            _row(layer, [each for name, each in zip(layers, found, strict=True) if name == layer], shown)
            for layer in dict.fromkeys(layers)
        ]
        yield f"{title}\n\n{table(['layer', 'mutants', *NAMES], [*rows, _row('**all**', found, shown)])}"


def _row(title: str, found: Sequence[Verdicts], shown: str) -> list[Any]:
    return [title, len(found), *(counted(verdicts[shown, name] for verdicts in found) for name in NAMES)]


ONE_AXIS_LEFT = "of two axes, 1 is the last"
SAME = {
    ("Softmax", "return self.y * (dout - (dout * self.y).sum(axis=+1, keepdims=True))"): ONE_AXIS_LEFT,
    ("LayerNorm", "mean = dz.mean(axis=+1, keepdims=True)"): ONE_AXIS_LEFT,
    (
        "LayerNorm",
        "return (dz - mean - self.z * (dz * self.z).mean(axis=+1, keepdims=True)) / self.std",
    ): ONE_AXIS_LEFT,
    ("Max", "share = self.largest / self.largest.sum(axis=+1, keepdims=True)"): ONE_AXIS_LEFT,
    ("SoftmaxLoss", "return dout * dx / max(len(self.t), 0)"): "where there is no row, nothing is divided",
    ("SquaredLoss", "return dout * self.d / max(len(self.d), 0)"): "where there is no row, nothing is divided",
}


def survivors(planted: Sequence[tuple[str, Mutant]], found: Sequence[Verdicts]) -> str:
    """List the mutants that `check_layer` does not catch, and raise ValueError if one that is explained is none."""
    missed = [each for each, said in zip(planted, found, strict=True) if not said[TYPICAL, OURS].caught]
    if stale := SAME.keys() - {(name, mutant.after) for name, mutant in missed}:
        raise ValueError(f"no survivors any more: {stale}")
    rows = [
        [name, f"`{mutant.before}`", f"`{mutant.after}`", SAME.get((name, mutant.after), "NOT EXPLAINED")]
        for name, mutant in missed
    ]
    head = ["layer", "as it was", "changed to", "why it computes the same"]
    return f"### Not caught by check_layer\n\n{table(head, rows)}"
