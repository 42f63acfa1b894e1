"""Tables in Markdown."""

from collections.abc import Sequence
from typing import Any


def table(head: Sequence[Any], rows: Sequence[Sequence[Any]]) -> str:
    """Write a table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
