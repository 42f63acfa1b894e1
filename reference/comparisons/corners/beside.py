"""One question, and what handgrad and others answer: a list that reads on a page and in a terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

THE_SAME = "the same"


@dataclass(frozen=True)
class Beside:
    """What is asked (out, or a gradient), for what, what handgrad answers, and what others do, by their names."""

    about: str
    asked: str
    given: str
    ours: str
    others: Mapping[str, str]


def listed(found: Sequence[Beside]) -> str:
    """List handgrad's answers with those of the others below them; what differs is marked."""
    return "\n".join(line for each in found for line in _lines(each))


def _lines(each: Beside) -> list[str]:
    about = each.about[:1].upper() + each.about[1:]
    others = [f"  - {who}: {_beside(answer, each.ours)}" for who, answer in each.others.items()]
    return [f"- {about}, {each.asked} for `{each.given}`: `{each.ours}`", *others]


def _beside(answer: str, ours: str) -> str:
    return THE_SAME if answer == ours else f"**`{answer}`**"
