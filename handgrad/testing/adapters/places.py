"""Where a layer has something: written as Python writes it behind the layer, such as params[0] or weight.grad."""

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

import numpy as np

Get, Put = Callable[[Any, Any], Any], Callable[[Any, Any, Any], Any]


@dataclass(frozen=True)
class Place:
    """An attribute, or what is in one: "W", "params[0]", "gradients['W']", "layers[0].weight.grad".

    There belongs what has a name: an argument, its gradient, or something that is kept.
    """

    name: str
    text: str

    def read(self, layer: Any) -> Any:
        """Give what is there."""
        return self._found(layer, len(self._steps))

    def write(self, layer: Any, value: Any) -> None:
        """Put something in the place of what has its shape."""
        there = self.read(layer)
        if isinstance(value, np.ndarray) and there is not None and np.shape(there) != value.shape:
            raise ValueError(
                f"{type(layer).__name__}.{self.text} has the shape {np.shape(there)}, and {self.name}, which belongs "
                f"there, has {value.shape}; make the layer of its size"
            )
        _, put, key = self._steps[-1]
        put(self._found(layer, len(self._steps) - 1), key, value)

    def _found(self, layer: Any, steps: int) -> Any:
        try:
            return reduce(lambda found, step: step[0](found, step[2]), self._steps[:steps], layer)
        except (AttributeError, LookupError, TypeError) as error:
            has = ", ".join(vars(layer)) or "nothing"
            raise AttributeError(
                f"{type(layer).__name__} has no {self.text}, where {self.name} belongs; it has {has}"
            ) from error

    @cached_property
    def _steps(self) -> list[tuple[Get, Put, Any]]:
        """List how something is reached from a layer on: how it is got, how it is put there, and by which key."""
        try:
            return _steps(ast.parse(self.text, mode="eval").body)
        except (SyntaxError, ValueError) as error:
            raise ValueError(
                f"{self.text!r}, where {self.name} belongs, is no place; expected an attribute or what is in one, "
                "such as 'W', 'params[0]' or 'weight.grad'"
            ) from error


def _steps(node: ast.expr) -> list[tuple[Get, Put, Any]]:
    if isinstance(node, ast.Attribute):
        return [*_steps(node.value), (getattr, setattr, node.attr)]
    if isinstance(node, ast.Subscript):
        return [*_steps(node.value), (operator.getitem, operator.setitem, ast.literal_eval(node.slice))]
    if isinstance(node, ast.Name):
        return [(getattr, setattr, node.id)]
    raise ValueError("neither an attribute nor what is in one")


def places(**options: Mapping[str, str] | None) -> list[list[Place]]:
    """Make the places that each option names. Raise TypeError unless it does."""
    for option, each in options.items():
        if each is not None and not (isinstance(each, dict) and all(isinstance(text, str) for text in each.values())):
            raise TypeError(f"{option} is {each!r}; expected a dict by name, such as {{'W': 'params[0]'}}")
    return [[Place(name, text) for name, text in (each or {}).items()] for each in options.values()]
