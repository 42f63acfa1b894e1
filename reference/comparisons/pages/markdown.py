"""Markdown pages: tables, folded parts, and sections in a fixed order, each of which can be refreshed on its own."""

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

PAGES = Path(__file__).parents[2]
FIGURES = PAGES / "figures"
WIDTH = 118


def write_sections(sections: Mapping[str, str], page: Path, titles: Sequence[str], intro: str) -> None:
    """Write these sections by their titles, and keep what the page has of the others."""
    unknown = set(sections) - set(titles)
    if unknown:
        raise ValueError(f"the page has no section {', '.join(sorted(unknown))}; there are {', '.join(titles)}")
    bodies = read_sections(page) | {title: body.strip() for title, body in sections.items()}
    written = [f"## {title}\n\n{bodies[title]}" for title in titles if title in bodies]
    page.write_text("\n\n".join([intro.strip(), *written]) + "\n", encoding="utf-8")


def read_sections(page: Path) -> dict[str, str]:
    """Read the bodies of the page's sections by their titles."""
    if not page.exists():
        return {}
    _, *parts = re.split(r"^## ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    split = (part.partition("\n") for part in parts)
    return {title: body.strip() for title, _, body in split}


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lay out a Markdown table whose columns also line up in a terminal."""
    cells = [[_escaped(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def _escaped(cell: object) -> str:
    return str(cell).replace("|", "\\|")


def folded(summary: str, body: str) -> str:
    """Hide something behind its summary until a reader opens it."""
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"


def paragraph(text: str) -> str:
    """Wrap a sentence with computed numbers in it, for those who read the page in a terminal."""
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def brief(error: float) -> str:
    """Write an error with two decimals, or without any if it is large."""
    return f"{error:.2f}" if error < 100 else f"{error:.0e}"
