"""A line of the table."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from handgrad.testing.inputs import Inputs
from handgrad.testing.subject import name_of


@dataclass(frozen=True)
class Case:
    """A layer, its twin and their inputs; `note` tells several cases of one layer apart.

    A layer that cannot be compared as it is, since it is made of layers, is compared within another one: it is what
    that is `about`.
    """

    layer: Callable[..., Any]
    twin: Callable[..., Any]
    inputs: Inputs
    note: str = ""
    about: Any = None

    @property
    def layer_class(self) -> Any:
        """Give the class of the layer that it is about, also behind a functools.partial that carries its options."""
        return self.about or getattr(self.layer, "func", self.layer)

    @property
    def layer_name(self) -> str:
        """Name the layer."""
        return name_of(self.layer_class)

    @property
    def family(self) -> str:
        """Name the layer's family: the room that it is in."""
        return str(self.layer_class.__module__.rpartition(".")[2])

    @property
    def name(self) -> str:
        """Name the case after its layer."""
        return f"{self.layer_name} {self.note}".strip()


def by_family(cases: Iterable[Case]) -> dict[str, list[Case]]:
    """Group cases by the family of their layer, in the order of the table."""
    return _grouped(cases, lambda case: case.family)


def by_layer(cases: Iterable[Case]) -> dict[str, list[Case]]:
    """Group cases by their layer."""
    return _grouped(cases, lambda case: case.layer_name)


def _grouped(cases: Iterable[Case], key: Callable[[Case], str]) -> dict[str, list[Case]]:
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(key(case), []).append(case)
    return groups
