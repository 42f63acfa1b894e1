"""A line of the table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from handgrad.testing.inputs import Inputs


@dataclass(frozen=True)
class Case:
    """A layer, its twin and their inputs; `note` tells several cases of one layer apart."""

    layer: Callable[..., Any]
    twin: Callable[..., Any]
    inputs: Inputs
    note: str = ""

    @property
    def name(self) -> str:
        """Name the case after its layer."""
        return f"{self.layer.__name__} {self.note}".strip()
