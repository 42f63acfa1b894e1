"""Where an object can be imported from."""

import builtins
import sys
import sysconfig
from pathlib import Path
from typing import Any

MAIN = "__main__"


def home_of(given: Any) -> tuple[str, str] | None:
    """Tell the module and the name that a class or function can be imported by, public ones if there are."""
    name, module = getattr(given, "__name__", ""), getattr(given, "__module__", None) or ""
    root = module.partition(".")[0]
    homes = [each for each in (module, *sys.modules) if each.partition(".")[0] == root and _has(each, name, given)]
    return (min(homes, key=lambda each: ("._" in each, each != module, len(each))), name) if homes else None


def _has(module: str, name: str, given: Any) -> bool:
    return module != MAIN and getattr(sys.modules.get(module), "__dict__", {}).get(name) is given


def global_of(given: Any, module: str) -> str | None:
    """Tell the name that a module has for an object."""
    return next((name for name, each in vars(sys.modules.get(module, builtins)).items() if each is given), None)


def folder_of(module: str) -> str | None:
    """Tell the folder to look for a module in, unless a new Python that is started here finds it by itself."""
    file = getattr(sys.modules[module], "__file__", None)
    if file is None:
        return None
    path, levels = Path(file).resolve(), module.count(".")
    folder = path.parents[levels + 1 if path.stem == "__init__" else levels]
    standard = folder.is_relative_to(Path(sysconfig.get_path("stdlib")).resolve())
    if standard or "site-packages" in folder.parts or folder == Path.cwd():
        return None
    return str(folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder)
