"""What forward returns and backward hears: one array, or several in tuples and dicts, each by its name.

A single output is called "out", and its upstream gradient "dout". Several are called as Python calls them: out[0] and
dout[0] in a tuple, out.h and dout.h in one with named fields, out['h'] and dout['h'] in a dict.
"""

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax

from handgrad.testing.subject import Results, an, numbers
from handgrad.testing.trees import Tree, in_tuples, names_in

OUT = "out"


@dataclass(frozen=True)
class Outputs:
    """The outputs of a reference: their shapes in order, and the tuples and dicts that they are in."""

    tree: Tree
    shapes: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, returned: Any) -> "Outputs":
        """Take apart what has a shape, or several of these."""
        tree = Tree(names_in(OUT, returned), jax.tree.structure(in_tuples(returned)))
        return cls(tree, tuple(each.shape for each in jax.tree.leaves(returned)))

    @property
    def names(self) -> tuple[str, ...]:
        """Name them."""
        return self.tree.names

    @property
    def is_single(self) -> bool:
        """Tell one array from a tuple or a dict, also of one array."""
        return self.tree.is_single

    @property
    def douts(self) -> dict[str, tuple[int, ...]]:
        """Give the shape of each upstream gradient by its name."""
        return {f"d{name}": shape for name, shape in zip(self.names, self.shapes, strict=True)}

    def named(self, returned: Any) -> Results:
        """Give what a forward returned by the names of the outputs. Raise TypeError if it is something else."""
        leaves = self.tree.apart(returned)
        given = names_in(OUT, returned)
        exchanged = given != self.names and sorted(given) == sorted(self.names) and not isinstance(returned, dict)
        if leaves is None or exchanged:
            expected = self.tree.together(dict(zip(self.names, self.names, strict=True)))
            raise TypeError(
                f"forward returned {_described(returned, names_in(OUT, returned))}; "
                f"expected {_described(expected, self.names)}, which is what the reference returns"
            )
        return {name: numbers("forward", leaf) for name, leaf in leaves.items()}

    def arguments(self, douts: Mapping[str, Any]) -> tuple[Any, ...]:
        """Give what backward is called with: an upstream gradient for each part of a tuple, or the only one."""
        dout = self.together(douts)
        return dout if isinstance(dout, tuple) else (dout,)

    def together(self, douts: Mapping[str, Any]) -> Any:
        """Put upstream gradients into tuples and dicts as the outputs are."""
        return self.tree.together({name: douts[f"d{name}"] for name in self.names})


def _described(tree: Any, names: tuple[str, ...]) -> str:
    kind = an(type(tree).__name__) if isinstance(tree, tuple | list | dict) else "one array"
    return f"{kind} ({textwrap.shorten(', '.join(names), 80)})"


def variable(name: str) -> str:
    """Give what has a name such as out[0] one that Python takes for a variable: out_0."""
    return name if name.isidentifier() else re.sub(r"\W+", "_", name).rstrip("_")


def is_output(name: str) -> bool:
    """Tell the name of an output from that of an input, which stands for the gradient of it."""
    return name == OUT or name.startswith((f"{OUT}[", f"{OUT}."))


def values(results: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the gradients."""
    return {name: result for name, result in results.items() if is_output(name)}


def gradients(results: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the outputs."""
    return {name: result for name, result in results.items() if not is_output(name)}


def outputs_first(results: Mapping[str, Any]) -> dict[str, Any]:
    """Put the outputs before the gradients."""
    return {**values(results), **gradients(results)}


def called(name: str) -> str:
    """Name a result: the gradient of x is dx."""
    return name if is_output(name) else f"d{name}"
