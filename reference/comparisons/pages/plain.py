"""The pages' Markdown as plain text for a terminal: tables in columns, **marked** text with a star, links by name."""

import re
import shutil
import textwrap
from collections.abc import Iterator

CELL = r"(?<!\\)\|"
CODE = r"`([^`]*)`"
ITEM = r"^( *)- "
SUMMARY = r"<details><summary>(.*)</summary>"
HELD = "\0"  # stands for code, in which nothing is a mark
MARKS = {
    r"\[([^]]*)\]\([^)]*\)": r"\1",
    r"\*\*([^*]*)\*\*": r"\1★",
    r"\*([^*]*)\*": r"\1",
    "★": "*",
}
UNDERLINES = {"##": "=", "###": "-"}


def plain(markdown: str, width: int | None = None) -> str:
    """Turn Markdown into plain text, as wide as the terminal; only tables keep their width."""
    width = width or shutil.get_terminal_size().columns
    parts = (_part(part, width) for part in markdown.split("\n\n"))
    return "\n\n".join(filter(None, parts))


def _part(part: str, width: int) -> str:
    """Turn what stands between two empty lines into plain text."""
    if part.startswith("|"):
        return _columns(part)
    if part.startswith("#"):
        return _heading(part)
    if part.startswith("```"):
        return "\n".join(_wrapped(line, width, "    ") for line in part.splitlines()[1:-1])
    if re.match(ITEM, part):
        return "\n".join(_wrapped(_unmarked(item), width) for item in _items(part))
    part = re.sub(SUMMARY, r"\1:", part).replace("</details>", "")
    return _wrapped(_unmarked(" ".join(part.split())), width)


def _heading(part: str) -> str:
    level, _, title = part.partition(" ")
    return f"{title}\n{UNDERLINES.get(level, '=') * len(title)}"


def _items(part: str) -> Iterator[str]:
    """Give the items of a list, each in one line, with the spaces before it."""
    for item in re.split(r"\n(?= *- )", part):
        indent = item[: len(item) - len(item.lstrip())]
        yield indent + " ".join(item.split())


def _wrapped(text: str, width: int, indent: str = "") -> str:
    """Break a text into lines; those of an item after its first are indented by two more."""
    item = re.match(ITEM, text)
    hanging = f"{item[1]}  " if item else indent
    return textwrap.fill(text, width, initial_indent=indent, subsequent_indent=hanging, break_on_hyphens=False)


def _columns(table: str) -> str:
    header, _, *rows = [
        [_unmarked(cell.strip()) for cell in re.split(CELL, line)[1:-1]] for line in table.splitlines()
    ]
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (header, *rows)
    ]
    return "\n".join(lines)


def _unmarked(text: str) -> str:
    codes = re.findall(CODE, text)
    text = re.sub(CODE, HELD, text)
    for mark, instead in MARKS.items():
        text = re.sub(mark, instead, text)
    for code in codes:
        text = text.replace(HELD, code, 1)
    return text.replace("\\|", "|")
