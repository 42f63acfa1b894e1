"""What a planted bug is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.planted.right import Right

FLOAT64, FLOAT32 = ("float64",), ("float32",)


@dataclass(frozen=True, eq=False)
class Bug:
    """A wrong layer.

    Parameters
    ----------
    layer
        The layer; its docstring says what is wrong.
    right
        The right layer of which it is a change.
    complaint
        The property that has to fail.
    says
        What the line of diagnosis has to say to name the bug: a regular expression.
    dtypes
        Where it shows.
    """

    layer: Callable[..., Any]
    right: Right
    complaint: str
    says: str
    dtypes: tuple[str, ...] = FLOAT64

    @property
    def name(self) -> str:
        return self.layer.__name__
