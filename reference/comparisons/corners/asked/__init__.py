"""What the layers are asked beside JAX and beside the book: a file for each family of which anything is asked.

It has QUESTIONS, for JAX; DEPARTURES, for the book; and in SHORT_FOR what an expression in JAX abbreviates.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from reference.comparisons.corners.conventions import Question
from reference.comparisons.corners.departures import Departure


def questions_of(family: str) -> Sequence[Question]:
    """List what a family's layers and JAX are asked."""
    questions: Sequence[Question] = _asked(family, "QUESTIONS", ())
    return questions


def departures_of(family: str) -> Sequence[Departure]:
    """List what a family's layers and the book's are asked."""
    departures: Sequence[Departure] = _asked(family, "DEPARTURES", ())
    return departures


def short_for(family: str) -> Mapping[str, str]:
    """Tell what is abbreviated in the questions of a family."""
    shorter: Mapping[str, str] = _asked(family, "SHORT_FOR", {})
    return shorter


def _asked(family: str, name: str, otherwise: Any) -> Any:
    module = f"{__name__}.{family}"
    return getattr(import_module(module), name, otherwise) if find_spec(module) else otherwise
