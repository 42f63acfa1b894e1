"""Which functions of our own layers are called while something runs, and how long that takes."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from tests.modules import ROOT


@dataclass
class Ran:
    """What was called: functions and methods by their names, behind that of their module."""

    called: set[tuple[str, str]] = field(default_factory=set)
    seconds: float = 0.0


@contextmanager
def recorded() -> Iterator[Ran]:
    """Record what is called meanwhile."""
    ran, codes, start = Ran(), {}, time.process_time()

    def note(frame: FrameType, _event: str, _argument: Any) -> None:  # gives no function for what is in the call
        codes[id(frame.f_code)] = frame.f_code

    sys.settrace(note)
    try:
        yield ran
    finally:
        sys.settrace(None)
        ran.called |= {_name(code) for code in codes.values()}
        ran.seconds = time.process_time() - start


def _name(code: CodeType) -> tuple[str, str]:
    """Name a function's module and the function; one inside of another has the name of the outer one."""
    path = Path(code.co_filename)
    module = path.stem if path.parent == ROOT / "handgrad" else ""
    return module, code.co_qualname.partition(".<locals>")[0]


def callers(runs: Mapping[str, Ran], module: str, function: str) -> list[str]:
    """Name what calls a function of a module, the fastest first."""
    found = [name for name, ran in runs.items() if (module, function) in ran.called]
    return sorted(found, key=lambda name: runs[name].seconds)
