"""Where a layer has something: written as Python writes it behind the layer, such as params[0] or weight.grad."""

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

Step = tuple[Callable[[Any, Any], Any], Callable[[Any, Any, Any], Any], Any]


@dataclass(frozen=True)
class Place:
    """An attribute, or what is in one: "W", "params[0]", "gradients['W']", "layers[0].weight.grad".

    There belongs what has a name: an argument, its gradient, or something that is kept. The steps to it are how each
    is read, how it is written, and by which key.
    """

    name: str
    text: str
    steps: Sequence[Step]

    def read(self, layer: Any) -> Any:
        """Give what is there."""
        return self._at(layer, self.steps)

    def write(self, layer: Any, value: Any) -> None:
        """Put something in the place of what has its shape."""
        there = self.read(layer)
        if isinstance(value, np.ndarray) and there is not None and np.shape(there) != value.shape:
            raise ValueError(
                f"{type(layer).__name__}.{self.text} has the shape {np.shape(there)}, and {self.name}, which belongs "
                f"there, has {value.shape}; make the layer of its size"
            )
        *before, (_, write, key) = self.steps
        write(self._at(layer, before), key, value)

    def _at(self, layer: Any, steps: Sequence[Step]) -> Any:
        try:
            return reduce(lambda found, step: step[0](found, step[2]), steps, layer)
        except (AttributeError, LookupError, TypeError) as error:
            has = ", ".join(name for name in getattr(layer, "__dict__", {}) if not name.startswith("_")) or "nothing"
            raise AttributeError(
                f"{type(layer).__name__} has no {self.text}, where {self.name} belongs; it has {has}"
            ) from error


def places(**options: Mapping[str, str] | None) -> list[list[Place]]:
    """Make the places that each option names. Raise TypeError or ValueError unless it does."""
    for option, each in options.items():
        if each is not None and not (isinstance(each, dict) and all(isinstance(text, str) for text in each.values())):
            raise TypeError(f"{option} is {each!r}; expected a dict by name, such as {{'W': 'params[0]'}}")
    return [[_place(name, text) for name, text in (each or {}).items()] for each in options.values()]


def _place(name: str, text: str) -> Place:
    try:
        return Place(name, text, _steps(ast.parse(text, mode="eval").body))
    except (SyntaxError, ValueError) as error:
        raise ValueError(
            f"{text!r}, where {name} belongs, is no place; expected an attribute or what is in one, such as "
            "'W', 'params[0]' or 'weight.grad'"
        ) from error


def _steps(node: ast.expr) -> list[Step]:
    if isinstance(node, ast.Attribute):
        return [*_steps(node.value), (getattr, setattr, node.attr)]
    if isinstance(node, ast.Subscript):
        return [*_steps(node.value), (operator.getitem, operator.setitem, ast.literal_eval(node.slice))]
    if isinstance(node, ast.Name):
        return [(getattr, setattr, node.id)]
    raise ValueError("neither an attribute nor what is in one")
