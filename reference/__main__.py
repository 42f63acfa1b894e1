"""Search every layer for its worst disagreement with JAX, then train real networks by both.

Exits with 1 if anything disagrees, and with 2 if they could not all be compared.
"""

import argparse
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from handgrad.testing.oracle.agreement import LIMIT
from reference.cases import CASES, DTYPES
from reference.comparisons.executors import NoCluster, executor_for
from reference.comparisons.measure import Row, Searched, measure, merged, worst_errors
from reference.comparisons.networks import NETWORKS
from reference.comparisons.networks.network import Network
from reference.comparisons.pages import entrance
from reference.comparisons.pages.markdown import PAGES, paragraph, write_sections
from reference.comparisons.pages.networks import facts
from reference.comparisons.pages.plain import plain
from reference.comparisons.pages.write import print_layers, write
from reference.comparisons.pieces import Plan
from reference.comparisons.speed.section import section, timed
from reference.comparisons.training import Training, train

ENOUGH = 20_000  # examples in all
EXAMPLES = min(100, math.ceil(ENOUGH / (len(CASES) * len(DTYPES))))  # per case and dtype
TRAINING_LIMIT = 1e-12  # float64 rounding, after hundreds of steps that each build on the last
ENOUGH_LEARNT = 0.5  # at most this share of the loss of whoever knows the frequencies of the classes alone


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for, and return the exit code."""
    options = parse(arguments)
    if options.speed:
        return compare_speed(options.write)
    plan = Plan(options.cases, options.examples, options.seed)
    try:
        with executor_for(len(plan.jobs), options.cluster) as executor:
            return compare(replace(plan, executor=executor), options.write)
    except NoCluster as error:
        print(f"python -m reference: {error}", file=sys.stderr)
        return 2


def compare(plan: Plan, writing: bool) -> int:
    """Compare the cases of a plan, and if they are all there are, trainings, too."""
    start = time.perf_counter()
    rows, agrees = compare_layers(plan)
    search = Searched(rows, time.perf_counter() - start)
    if plan.cases == CASES:
        trainings = [compare_training(network, plan.seed) for network in NETWORKS]
        agrees &= all(map(agreement, trainings))
        if writing:
            write(plan, search, trainings)
            print(f"\nWritten: the pages in {PAGES} and their figures")
    else:
        print_layers(plan, search)
    print(f"\nSearched: {search}.")
    print(f"{'Everything agrees' if agrees else 'NOT everything agrees'}, in {time.perf_counter() - start:.0f} s.")
    return 0 if agrees else 1


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line. `--case` picks the cases whose name begins with it."""
    parser = argparse.ArgumentParser("python -m reference", description=__doc__)
    parser.add_argument(
        "--examples", type=positive, default=EXAMPLES, metavar="N", help="per case and dtype, about (%(default)s)"
    )
    parser.add_argument("--case", default="", metavar="NAME", help="one layer, such as Relu; no networks then")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="draw other examples than the usual ones")
    parser.add_argument("--cluster", default="", metavar="tcp://HOST:PORT", help="have a Dask cluster search")
    parser.add_argument("--write", action="store_true", help="write the pages of reference/ and their figures, too")
    parser.add_argument("--speed", action="store_true", help="time the layers instead, beside the book and JAX")
    options = parser.parse_args(arguments)
    searching = ("case", "examples", "seed", "cluster")
    given = [name for name in searching if getattr(options, name) != parser.get_default(name)]
    if options.speed and given:
        parser.error(f"--speed always times the same works; give no --{given[0]}")
    options.cases = tuple(case for case in CASES if case.name.lower().startswith(options.case.lower()))
    if not options.cases:
        names = ", ".join(dict.fromkeys(case.layer.__name__ for case in CASES))
        parser.error(f"no case is called {options.case}; there are {names}")
    if options.write and options.cases != CASES:
        parser.error("--write writes about every layer; give no --case")
    return options


def positive(text: str) -> int:
    """Read a number of examples: none would prove nothing."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} examples prove nothing; give 1 or more")
    return number


def compare_speed(writing: bool) -> int:
    """Print how fast the layers are, and put it into the page if asked to."""
    speed = section(timed())
    print(plain(speed))
    if writing:
        write_sections({"Speed": speed}, entrance.PAGE, entrance.TITLES, entrance.INTRO)
    return 0


def compare_layers(plan: Plan) -> tuple[list[Row], bool]:
    """Print a line for every case and dtype as soon as it is measured, and the pages of those that fail."""
    print(
        f"handgrad against jax.vjp. Cases: {len(plan.cases)}, dtypes: {len(DTYPES)}, "
        f"examples of each: some {plan.examples}."
    )
    print(f"The worst error found is in units of what rounding explains; above {LIMIT:.0f}, a result disagrees.\n")
    print(f"{'case':<28}{'dtype':<8}{'examples':>8}  {'worst error, in units':<40}verdict")
    rows: list[Row] = []
    pages: list[str] = []
    try:
        for measured in plan.on_every_case(measure, merged):
            for row in measured.rows:
                print(line(row), flush=True)
            rows += measured.rows
            pages += filter(None, [measured.page])
    finally:  # what was found is shown, whatever happens to the rest
        for page in pages:
            print(f"\n{page}")
    return rows, not pages


def line(row: Row) -> str:
    """Write one row of the table."""
    verdict = "agrees" if row.agrees else "DISAGREES"
    return f"{row.case:<27} {row.dtype:<8}{row.examples:>8}  {worst_errors(row):<39} {verdict}"


def compare_training(network: Network, seed: int) -> Training:
    """Train a network in handgrad and in JAX, and print how far they come apart."""
    print(f"\n{paragraph(f'{network.name}, in float64: {network.layers}. {network.task.about}')}\n")
    training = train(network, seed, tell=partial(print, flush=True))
    print(f"\n{'':<44}{'handgrad':>12}{'JAX':>12}")
    for about, ours, in_jax in facts(training):
        print(f"{about:<44}{ours:>12}{in_jax:>12}".rstrip())
    return training


def agreement(training: Training) -> bool:
    """Judge a training: both learn, and the same."""
    return close(training) and learnt(training)


def close(training: Training) -> bool:
    """Tell whether no loss and no gradient differs by more than rounding does."""
    of_losses = np.abs(training.losses - training.jax_losses)
    differences = np.concatenate([of_losses, training.differences, training.masked_differences])
    return bool(np.all(differences <= TRAINING_LIMIT))


def learnt(training: Training) -> bool:
    """Tell whether both networks have come well below the loss of the frequencies, and read as well as expected."""
    enough = ENOUGH_LEARNT * training.loss_of_frequencies
    read = min(training.accuracy, training.jax_accuracy) >= training.network.accuracy
    return read and all(loss <= enough for loss in training.last_losses)


if __name__ == "__main__":
    sys.exit(main())
