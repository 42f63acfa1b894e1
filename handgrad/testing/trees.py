"""Several things in dicts, lists and tuples, each by the name that Python has for it: params['W'], out[0], out.h."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jax


@dataclass(frozen=True)
class Tree:
    """The names of things, and the dicts, lists and tuples that they are in."""

    names: tuple[str, ...]
    structure: jax.tree_util.PyTreeDef

    @classmethod
    def of(cls, name: str, tree: Any) -> "Tree":
        """Name everything in a tree that has a name itself."""
        return cls(names_in(name, tree), jax.tree.structure(tree))

    def together(self, things: Mapping[str, Any]) -> Any:
        """Put things of these names into dicts, lists and tuples."""
        return self.structure.unflatten(things[name] for name in self.names)

    def apart(self, tree: Any) -> dict[str, Any] | None:
        """Give the things in a tree by their names; nothing, if it is another one. Lists will do for tuples."""
        try:
            plain: jax.tree_util.PyTreeDef = jax.tree.structure(self._plain)
            found = plain.flatten_up_to(tree if self.is_single else in_tuples(tree, ordered=False))
        except ValueError:
            return None
        is_same = not any(isinstance(each, tuple | dict) for each in found)
        # the names have the order of the reference's dicts, which may be ordered ones
        return dict(zip(jax.tree.leaves(self._plain), found, strict=True)) if is_same else None

    @cached_property
    def is_single(self) -> bool:
        """Tell a thing, such as an array or a list of its numbers, from a tuple or a dict of one or more."""
        return jax.tree_util.treedef_is_leaf(self.structure)

    @cached_property
    def _plain(self) -> Any:
        """The names in plain dicts and tuples."""
        return in_tuples(self.structure.unflatten(self.names), ordered=False)


class Code(str):
    """A piece of Python, which stands in a tree that is written as it is."""

    __repr__ = str.__str__


def names_in(name: str, tree: Any) -> tuple[str, ...]:
    """Name everything in a tree that has a name itself."""
    paths, _ = jax.tree_util.tree_flatten_with_path(tree)
    return tuple(f"{name}{jax.tree_util.keystr(path)}" for path, _ in paths)


def in_tuples(tree: Any, ordered: bool = True) -> Any:
    """Put plain tuples in the place of lists, and of tuples with named fields. Ordered dicts stay so if wanted."""
    if isinstance(tree, dict):
        kind = OrderedDict if ordered and isinstance(tree, OrderedDict) else dict
        return kind((key, in_tuples(each, ordered)) for key, each in tree.items())
    return tuple(in_tuples(each, ordered) for each in tree) if isinstance(tree, tuple | list) else tree


@dataclass(frozen=True)
class Nested:
    """Which arguments are in dicts, lists and tuples, by the names of these."""

    trees: Mapping[str, Tree] = field(default_factory=dict)

    @cached_property
    def _holders(self) -> dict[str, str]:
        return {name: holder for holder, tree in self.trees.items() for name in tree.names}

    def holder(self, name: str) -> str:
        """Name the argument that an array is in: itself, if it is in none."""
        return self._holders.get(name, name)

    def held(self, holder: str) -> tuple[str, ...]:
        """Name the arrays in an argument."""
        return self.trees[holder].names if holder in self.trees else (holder,)

    def holders(self, names: Iterable[str]) -> list[str]:
        """Name the arguments that arrays are in."""
        return list(dict.fromkeys(map(self.holder, names)))

    def together(self, things: Mapping[str, Any]) -> dict[str, Any]:
        """Give arguments with the things in them that have these names."""
        if not self.trees:
            return dict(things)
        return {
            holder: self.trees[holder].together(things) if holder in self.trees else things[holder]
            for holder in self.holders(things)
        }

    def apart(self, wholes: Mapping[str, Any]) -> dict[str, Any]:
        """Give what is in gradients of arguments by the names of the arrays in these."""
        found: dict[str, Any] = {}
        for holder, whole in wholes.items():
            parts = self.trees[holder].apart(whole) if holder in self.trees else {holder: whole}
            if parts is None:
                given, expected = (", ".join(each) for each in (names_in(f"d{holder}", whole), self.held(holder)))
                raise TypeError(f"backward gave {given}; expected gradients of {expected}")
            found |= parts
        return found
