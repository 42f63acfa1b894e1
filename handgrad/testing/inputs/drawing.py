"""What Hypothesis draws: the same examples for the same settings, whatever is then tried on them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import hypothesis
import hypothesis.strategies as st
from hypothesis import Phase

from handgrad.testing.inputs.values import Bytes, bytes_of

T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """How hard to search: how many examples, drawn from which seed.

    Climbing towards the worst error costs variety: half of the examples are then mutations of the worst so far.
    """

    max_examples: int
    seed: int = 0
    climb: bool = False


def for_all(strategy: st.SearchStrategy[T], settings: Settings, examine: Callable[[T], None]) -> None:
    """Let Hypothesis call a function with examples, and make one small for which it raises."""

    def test(example: T) -> None:
        examine(example)

    seeded = hypothesis.seed(settings.seed)(test)
    hypothesis.settings(
        max_examples=settings.max_examples,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        phases=[Phase.generate, Phase.shrink, *([Phase.target] if settings.climb else [])],
        suppress_health_check=list(hypothesis.HealthCheck),
        verbosity=hypothesis.Verbosity.quiet,
    )(hypothesis.given(strategy)(seeded))()


def simplest(strategy: st.SearchStrategy[T]) -> T:
    """Give the simplest example that there is."""
    return hypothesis.find(strategy, lambda _: True, settings=hypothesis.settings(database=None))


@lru_cache(maxsize=128)
def bytes_for(size: int, settings: Settings) -> tuple[Bytes, ...]:
    """Draw the bytes of examples once in a process: what Hypothesis does around each takes a fifth of a check."""
    drawn: list[Bytes] = []
    for_all(bytes_of(size), settings, drawn.append)
    return tuple(drawn)
