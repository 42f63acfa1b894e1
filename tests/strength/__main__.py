"""How strong the checker is, beside the gradient checks that people use.

    python -m tests.strength [bugs] [mutants] [curve] [seconds] [--write]

measures all four parts, or those that are named, and prints them. With --write it puts them into
reference/checkers.md, in the place of what stands there.
"""

import argparse
from pathlib import Path

from tests.strength import bugs, curve, mutants, seconds
from tests.strength.introduction import introduction

PAGE = Path(__file__).parents[2] / "reference" / "checkers.md"
PARTS = {"bugs": bugs.sections, "mutants": mutants.sections, "curve": curve.sections, "seconds": seconds.sections}


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser("python -m tests.strength", description=__doc__)
    parser.add_argument("parts", nargs="*", help="what to measure; everything, if nothing is named")
    parser.add_argument("--write", action="store_true", help="put it into reference/checkers.md")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"{', '.join(unknown)}: there are {', '.join(PARTS)}")
    page = parse(PAGE.read_text()) if PAGE.exists() else {}
    for name in options.parts or PARTS:
        page[name] = "\n\n".join(PARTS[name]())
        print(page[name], end="\n\n")
    if options.write:
        PAGE.write_text(text_of({**page, "introduction": introduction()}))


def text_of(page: dict[str, str]) -> str:
    """Put the parts of a page together, each below a comment that names it."""
    return "\n".join(f"<!-- {name} -->\n\n{page[name]}\n" for name in ("introduction", *PARTS) if name in page)


def parse(text: str) -> dict[str, str]:
    """Take a page apart."""
    parts = [part.partition(" -->\n\n") for part in text.split("<!-- ")[1:]]
    return {name: part.strip() for name, _, part in parts}


if __name__ == "__main__":
    main()
