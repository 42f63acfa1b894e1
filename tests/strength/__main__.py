"""How strong the checker is, beside the gradient checks that people use.

    python -m tests.strength [bugs] [mutants] [curve] [seconds] [--write]

measures all four parts, or those that are named, and prints them; `curve` draws its figure anew. With --write it puts
them into reference/checkers.md, in the place of what stands there.
"""

import argparse
from pathlib import Path

from reference.comparisons.pages.markdown import write_sections
from tests.strength import bugs, curve, mutants, seconds
from tests.strength.introduction import introduction

PAGE = Path(__file__).parents[2] / "reference" / "checkers.md"
PARTS = {"bugs": bugs, "mutants": mutants, "curve": curve, "seconds": seconds}


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser("python -m tests.strength", description=__doc__)
    parser.add_argument("parts", nargs="*", help="what to measure; everything, if nothing is named")
    parser.add_argument("--write", action="store_true", help="put it into reference/checkers.md")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"{', '.join(unknown)}: there are {', '.join(PARTS)}")
    measured = {}
    for part in (PARTS[name] for name in options.parts or PARTS):
        measured[part.TITLE] = "\n\n".join(part.sections())
        print(f"## {part.TITLE}\n\n{measured[part.TITLE]}\n")
    if options.write:
        write_sections(measured, PAGE, [part.TITLE for part in PARTS.values()], introduction())


if __name__ == "__main__":
    main()
