"""What the rows of a search depend on, beside the command line: the sources, and the releases of what they import.

The processor may matter, too, by a rounding here and there, as NumPy chooses its instructions. It is not looked at.
"""

import platform
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable

import jax

PACKAGES = ("handgrad", "reference")
RELEASES = ("numpy", "jax", "jaxlib", "hypothesis", "mpmath")


@cache  # at its first call, so that it is about what was imported, even where files are edited later
def fingerprint() -> dict[str, str]:
    """Give everything by its name."""
    found = {"Python": ".".join(platform.python_version_tuple()[:2]), "device": jax.default_backend()}
    return found | {name: version(name) for name in RELEASES} | {"sources": digest(sources())}


def digest(modules: dict[str, bytes]) -> str:
    """Tell sources from others by a few letters."""
    return sha256(repr(sorted(modules.items())).encode()).hexdigest()[:12]


def sources() -> dict[str, bytes]:
    """Read all modules of our packages, from where they are imported, by their paths."""
    return {path: source for package in PACKAGES for path, source in _modules(files(package), package)}


def _modules(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for each in folder.iterdir():
        inside = f"{path}/{each.name}"
        if each.is_dir():
            yield from _modules(each, inside)
        elif each.name.endswith(".py"):
            yield inside, each.read_bytes()
