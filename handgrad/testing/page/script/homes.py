"""Where a new Python can import an object from."""

import keyword
import sys
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any


def import_of(name: str, given: Any) -> list[str]:
    """Write the lines that import a class, a function or a module under a name; none, if it cannot be imported."""
    path = "" if isinstance(given, ModuleType) else getattr(given, "__qualname__", "")
    module = getattr(given, "__module__" if path else "__name__", None) or ""
    family = [each for each in [*sys.modules] if each.partition(".")[0] == module.partition(".")[0]]
    homes = {each: folder for each in family if _member(each, path) is given and (folder := _folder_of(each))}
    if not homes:
        return []
    home = min(homes, key=lambda each: ("._" in each, each != module, len(each)))  # a public one, or else its own
    searched = homes[home].is_relative_to(sysconfig.get_path("stdlib")) or "site-packages" in homes[home].parts
    lines = [] if searched else ["import sys", f"sys.path.insert(0, {str(homes[home])!r})"]
    if not all(part.isidentifier() and not keyword.iskeyword(part) for part in [*home.split("."), path or "_"]):
        return [*lines, "import importlib", f"{name} = importlib.import_module({home!r}){path and '.'}{path}"]
    renamed = "" if name in (path, home) else f" as {name}"
    return [*lines, f"from {home} import {path}{renamed}" if path else f"import {home}{renamed}"]


def _member(module: str, path: str) -> Any:
    found: Any = sys.modules[module]
    for name in filter(None, path.split(".")):
        found = getattr(found, name, None)
    return found


def _folder_of(module: str) -> Path | None:
    """Tell the folder in which a new Python finds a module, if it is built in or its file has its name."""
    if module in sys.builtin_module_names:
        return Path(sysconfig.get_path("stdlib"))
    file, names = Path(getattr(sys.modules[module], "__file__", None) or "").absolute(), module.split(".")
    parts = file.parent.parts if file.stem == "__init__" else (*file.parent.parts, file.name.partition(".")[0])
    return Path(*parts[: -len(names)]) if list(parts[-len(names) :]) == names and module != "__main__" else None
