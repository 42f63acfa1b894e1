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

OUT = "out"


@dataclass(frozen=True)
class Outputs:
    """The outputs of a reference: their names and shapes in order, and the tuples and dicts that they are in."""

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    structure: jax.tree_util.PyTreeDef

    @classmethod
    def of(cls, returned: Any) -> "Outputs":
        """Take apart what has a shape, or several of these."""
        shapes = tuple(each.shape for each in jax.tree.leaves(returned))
        return cls(_names(returned), shapes, jax.tree.structure(_in_tuples(returned)))

    @property
    def is_single(self) -> bool:
        """Tell one array from a tuple or a dict, also of one array."""
        return self.names == (OUT,)

    @property
    def douts(self) -> dict[str, tuple[int, ...]]:
        """Give the shape of each upstream gradient by its name."""
        return {f"d{name}": shape for name, shape in zip(self.names, self.shapes, strict=True)}

    def named(self, returned: Any) -> Results:
        """Give what a forward returned by the names of the outputs. Raise TypeError if it is something else."""
        tree = returned if self.is_single else _in_tuples(returned)  # a list may be one array
        try:
            leaves = self.structure.flatten_up_to(tree)
        except ValueError:
            leaves = []
        if len(leaves) != len(self.names) or any(isinstance(leaf, tuple | dict) for leaf in leaves):
            expected = _described(self.structure.unflatten(self.names), self.names)
            raise TypeError(
                f"forward returned {_described(returned, _names(returned))}; expected {expected}, "
                "which is what the reference returns"
            )
        return {name: numbers("forward", leaf) for name, leaf in zip(self.names, leaves, strict=True)}

    def arguments(self, douts: Mapping[str, Any]) -> tuple[Any, ...]:
        """Give what backward is called with: an upstream gradient for each part of a tuple, or the only one."""
        dout = self.together(douts)
        return dout if isinstance(dout, tuple) else (dout,)

    def together(self, douts: Mapping[str, Any]) -> Any:
        """Put upstream gradients into tuples and dicts as the outputs are."""
        return self.structure.unflatten(douts[name] for name in self.douts)


def _names(tree: Any) -> tuple[str, ...]:
    paths, _ = jax.tree_util.tree_flatten_with_path(tree)
    return tuple(f"{OUT}{jax.tree_util.keystr(path)}" for path, _ in paths)


def _in_tuples(tree: Any) -> Any:
    """Put plain tuples in the place of lists, and of tuples with named fields."""
    if isinstance(tree, dict):
        return {key: _in_tuples(each) for key, each in tree.items()}
    return tuple(map(_in_tuples, tree)) if isinstance(tree, tuple | list) else tree


def _described(tree: Any, names: tuple[str, ...]) -> str:
    kind = an(type(tree).__name__) if isinstance(tree, tuple | list | dict) else "one array"
    return f"{kind} ({textwrap.shorten(', '.join(names), 80)})"


def variable(name: str) -> str:
    """Give an output, or its upstream gradient, a name that Python takes for a variable: out_0 for out[0]."""
    return re.sub(r"\W+", "_", name).rstrip("_")


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
