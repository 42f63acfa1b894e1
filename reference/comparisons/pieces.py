"""Cut cases into pieces by seeds, so that a single case keeps many workers busy."""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from reference.cases import CASES, Case
from reference.comparisons.executors import fan_out

PIECE = 2000  # examples at most: some seconds' work, and all that is lost where a worker dies
APART = 2**32  # a person gives smaller seeds, so that two runs have no piece in common

T = TypeVar("T")


@dataclass(frozen=True)
class Plan:
    """Which cases to draw examples of, how many of each, from which seed, and who does it."""

    cases: Sequence[Case]
    examples: int
    seed: int
    executor: Executor | None = None

    @property
    def jobs(self) -> list[tuple[str, int, int]]:
        """List the pieces of all cases. A case is named, since it cannot itself travel between processes."""
        return [(case.name, *piece) for case in self.cases for piece in cut(self.examples, self.seed)]

    def on_every_case(self, function: Callable[[str, int, int], T], merge: Callable[[Sequence[T]], T]) -> Iterator[T]:
        """Call a function with every piece, several at a time, and yield what those of each case amount to.

        Where that ends in an error, the pieces that a case already has are what it amounts to.
        """
        results = fan_out(self.executor, function, self.jobs)
        number = len(cut(self.examples, self.seed))
        for _ in self.cases:
            pieces: list[T] = []
            try:
                pieces.extend(islice(results, number))
            finally:
                if pieces:
                    yield merge(pieces)


def cut(examples: int, seed: int) -> list[tuple[int, int]]:
    """Share examples out among pieces, each with a seed of its own: the same ones however many workers there are."""
    number = math.ceil(examples / PIECE)
    return [(examples // number + (i < examples % number), seed + i * APART) for i in range(number)]


def case_named(name: str) -> Case:
    """Find a case in the table."""
    return next(case for case in CASES if case.name == name)
