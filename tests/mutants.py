"""Mechanical mutants of our own layers: which of them does the checker notice?

    python -m tests.mutants [--room affine]

changes the source of the layers, one small thing at a time, and runs `check_layer` on the cases concerned; what
passes is given to the tests of the room. Survivors that compute the same function are listed with the reason in
tests/equivalent_mutants.py. The exit code is 1 if there are others, or if an entry there is out of date.
"""

import argparse
import importlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from graphlib import TopologicalSorter
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import handgrad
from handgrad.testing import check_layer
from reference.cases import CASES, DTYPES
from tests.equivalent_mutants import EQUIVALENT
from tests.mutators import Mutant, mutants

ROOT = Path(handgrad.__file__).parents[1]
EXAMPLES = 30
SECONDS = 120
BY_CHECKER, BY_TESTS, SURVIVES = KINDS = ("killed by check_layer", "killed by the room's tests", "survives")


def source_of(module: str) -> str:
    """Read a module."""
    return (ROOT / "handgrad" / f"{module}.py").read_text()


def imported_by(module: str) -> set[str]:
    """Name the modules beside it that a module imports."""
    return set(re.findall(r"^from handgrad\.(\w+) import", source_of(module), re.MULTILINE))


NAMES = sorted(path.stem for path in (ROOT / "handgrad").glob("[!_]*.py"))
# each after what it imports, so that all that lean on a changed one can be executed again
MODULES = tuple(TopologicalSorter({name: imported_by(name) for name in NAMES}).static_order())


def main() -> int:
    """Run the mutants, print what became of them, and return the exit code."""
    parser = argparse.ArgumentParser("python -m tests.mutants", description=__doc__)
    parser.add_argument("--room", choices=MODULES, help="mutate one module only")
    options = parser.parse_args()
    rooms = [options.room] if options.room else MODULES
    planted = [(room, mutant) for room in rooms for mutant in mutants(source_of(room))]
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as processes:
        jobs = [processes.submit(judge, *each) for each in planted]
        verdicts = []
        for job in jobs:
            verdicts.append(job.result())
            print(f"\r{len(verdicts)} of {len(planted)}", end="", file=sys.stderr, flush=True)
    return report(rooms, planted, verdicts)


def report(rooms: Sequence[str], planted: Sequence[tuple[str, Mutant]], verdicts: Sequence[str]) -> int:
    """Print a table and the survivors, and return the exit code."""
    print(f"\n| module | mutants | {' | '.join(KINDS)} |\n| --- | ---{' | ---' * len(KINDS)} |")
    for room in rooms:
        count = Counter(verdict for (where, _), verdict in zip(planted, verdicts, strict=True) if where == room)
        print(f"| {room} | {sum(count.values())} | {' | '.join(str(count[kind]) for kind in KINDS)} |")
    survivors = [each for each, verdict in zip(planted, verdicts, strict=True) if verdict == SURVIVES]
    found = {(room, mutant.before, mutant.after) for room, mutant in survivors}
    for room, mutant in survivors:
        why = EQUIVALENT.get((room, mutant.before, mutant.after), "NOT EXPLAINED")
        print(f"\nhandgrad/{room}.py:{mutant.line}\n  {mutant.before}\n  {mutant.after}\n  {why}")
    stale = [key for key in EQUIVALENT if key[0] in rooms and key not in found]
    for key in stale:
        print(f"\nno survivor any more: {key}")
    return int(bool(stale) or not found <= EQUIVALENT.keys())


def judge(module: str, mutant: Mutant) -> str:
    """Tell what becomes of a mutant."""
    if killed_by_checker(module, mutant.source):
        return BY_CHECKER
    return BY_TESTS if killed_by_tests(module, mutant.source) else SURVIVES


def killed_by_checker(module: str, source: str) -> bool:
    """Run check_layer on all cases that the module may concern, with the source in the place of the module's."""
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            install({module: source})
            return any(fails(case) for case in concerned(module))
    except (Exception, TooLong):  # it does not even import, or never ends
        return True
    finally:
        signal.alarm(0)
        install({})


class TooLong(BaseException):
    """No error of the layer, of which the checker would then search the smallest example."""


def _too_long(*_: Any) -> None:
    raise TooLong


def install(sources: dict[str, str]) -> None:
    """Execute the modules again, with other sources for some."""
    for name in MODULES:
        module = importlib.import_module(f"handgrad.{name}")
        code = compile(sources.get(name, source_of(name)), str(module.__file__), "exec", dont_inherit=True)
        exec(code, module.__dict__)


def concerned(module: str) -> list[Any]:
    """Name the cases of all layers that a module may concern."""
    rooms = users(module)
    return [case for case in CASES if case.layer.__module__.rpartition(".")[2] in rooms]


def users(module: str) -> list[str]:
    """Name a module and all that import it, be it by way of others."""
    found = [module]
    for each in MODULES:
        if imported_by(each).intersection(found):
            found.append(each)
    return found


def fails(case: Any) -> bool:
    """Run check_layer on the layer as it is now, dtype by dtype."""
    module = importlib.import_module(case.layer.__module__)
    layer = getattr(module, case.layer.__name__)
    return any(
        check_layer(layer, case.twin, case.inputs, max_examples=EXAMPLES, dtypes=[dtype], raises=False).failed
        for dtype in DTYPES
    )


def killed_by_tests(module: str, source: str) -> bool:
    """Run the tests in a copy of the repository that has the changed source."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("handgrad", "tests", "reference", "pyproject.toml", "README.md"):
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, Path(folder) / name)
        (Path(folder) / "handgrad" / f"{module}.py").write_text(source)
        files = [f"tests/test_{each}.py" for each in (*users(module), "edge_cases", "errors", "layer")]
        tests = [file for file in files if (ROOT / file).exists()]
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
        environment = os.environ | {"PYTHONPATH": folder, "HYPOTHESIS_PROFILE": "quick"}
        found = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False, timeout=600)
        return found.returncode != 0


if __name__ == "__main__":
    sys.exit(main())
