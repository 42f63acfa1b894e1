"""The page's Markdown as plain text for a terminal: tables in columns, **marked** text with a star, links by name."""

import re

CELL = r"(?<!\\)\|"
CODE = r"`([^`]*)`"
HELD = "\0"  # stands for code, in which nothing is a mark
MARKS = {
    r"\[([^]]*)\]\([^)]*\)": r"\1",
    r"\*\*([^*]*)\*\*": r"\1★",
    r"\*([^*]*)\*": r"\1",
    "★": "*",
}


def plain(markdown: str) -> str:
    """Turn the Markdown of a section into plain text."""
    return "\n\n".join(_columns(part) if part.startswith("|") else _unmarked(part) for part in markdown.split("\n\n"))


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
