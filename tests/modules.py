"""The modules of handgrad that layers are in, and which of them lean on which."""

import re
from graphlib import TopologicalSorter
from pathlib import Path

import handgrad

ROOT = Path(handgrad.__file__).parents[1]


def source_of(module: str) -> str:
    """Read a module."""
    return (ROOT / "handgrad" / f"{module}.py").read_text()


def imported_by(module: str) -> set[str]:
    """Name the modules beside it that a module imports."""
    return set(re.findall(r"^from handgrad\.(\w+) import", source_of(module), re.MULTILINE))


NAMES = sorted(path.stem for path in (ROOT / "handgrad").glob("[!_]*.py"))
# each after what it imports
MODULES = tuple(TopologicalSorter({name: imported_by(name) for name in NAMES}).static_order())


def users(module: str) -> list[str]:
    """Name a module and all that import it, be it by way of others."""
    found = [module]
    for each in MODULES:
        if imported_by(each).intersection(found):
            found.append(each)
    return found
