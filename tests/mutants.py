"""Mechanical mutants of our own layers: which of them does the checker notice?

    python -m tests.mutants [--room affine] [--processes 1]

changes the source of the layers, one small thing at a time, and runs `check_layer` on the cases concerned; what
passes is given to the tests of the room. Survivors that compute the same function are listed with the reason in
tests/equivalent_mutants.py. The exit code is 1 if there are others, or if an entry there is out of date.
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.equivalent_mutants import EQUIVALENT
from tests.killing import killed_by_checker, killed_by_tests
from tests.modules import MODULES, source_of
from tests.mutators import Mutant, mutants

BY_CHECKER, BY_TESTS, SURVIVES = KINDS = ("killed by check_layer", "killed by the room's tests", "survives")


def main() -> int:
    """Run the mutants, print what became of them, and return the exit code."""
    parser = argparse.ArgumentParser("python -m tests.mutants", description=__doc__)
    parser.add_argument("--room", choices=MODULES, help="mutate one module only")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="if not one for each processor")
    options = parser.parse_args()
    rooms = [options.room] if options.room else MODULES
    planted = [(room, mutant) for room in rooms for mutant in mutants(source_of(room))]
    with ProcessPoolExecutor(options.processes, get_context("spawn")) as processes:
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
    if killed_by_checker(module, mutant):
        return BY_CHECKER
    return BY_TESTS if killed_by_tests(module, mutant) else SURVIVES


if __name__ == "__main__":
    sys.exit(main())
