"""Search every layer for its worst disagreement with JAX, then train on real digits by both.

Exits with 1 if anything disagrees.
"""

import argparse
import sys
import time
from collections.abc import Sequence

from handgrad.testing.agreement import LIMIT
from reference.cases import CASES, DTYPES, Case
from reference.digits import Training, train
from reference.measure import Row, measure_all

DIGITS_LIMIT = 1e-12  # float64 rounding, after hundreds of steps that each build on the last
ACCURACY_LIMIT = 0.97


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for, and return the exit code."""
    options = parse(arguments)
    start = time.perf_counter()
    agrees = compare_layers(options.cases, options.examples, options.seed)
    if options.cases == CASES:
        agrees &= compare_training(options.seed or 0)
    print(f"\n{'Everything agrees' if agrees else 'NOT everything agrees'}, in {time.perf_counter() - start:.0f} s.")
    return 0 if agrees else 1


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line. `--case` picks the cases whose name begins with it."""
    parser = argparse.ArgumentParser("python -m reference", description=__doc__)
    parser.add_argument("--examples", type=positive, default=100, metavar="N", help="per case and dtype (100)")
    parser.add_argument("--case", default="", metavar="NAME", help="one layer, such as Relu; no digits then")
    parser.add_argument("--seed", type=int, metavar="S", help="draw other examples than the usual ones")
    options = parser.parse_args(arguments)
    options.cases = tuple(case for case in CASES if case.name.lower().startswith(options.case.lower()))
    if not options.cases:
        names = ", ".join(dict.fromkeys(case.layer.__name__ for case in CASES))
        parser.error(f"no case is called {options.case}; there are {names}")
    return options


def positive(text: str) -> int:
    """Read a number of examples: none would prove nothing."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} examples prove nothing; give 1 or more")
    return number


def compare_layers(cases: Sequence[Case], examples: int, seed: int | None) -> bool:
    """Print a line for every case and dtype as soon as it is measured, and the pages of those that fail."""
    print(f"handgrad against jax.vjp. Cases: {len(cases)}, dtypes: {len(DTYPES)}, examples of each: {examples}.")
    print(f"The worst error found is in units of what rounding explains; above {LIMIT:.0f}, a result disagrees.\n")
    print(f"{'case':<28}{'dtype':<8}{'examples':>8}  {'worst error, in units':<43}verdict")
    pages = []
    for measured in measure_all(cases, examples, seed):
        for row in measured.rows:
            print(line(row), flush=True)
        pages.append(measured.page)
    for page in filter(None, pages):
        print(f"\n{page}")
    return not any(pages)


def line(row: Row) -> str:
    """Print one row of the table."""
    worst = "  ".join(f"{name if name == 'out' else f'd{name}'} {brief(error)}" for name, error in row.worst.items())
    return f"{row.case:<28}{row.dtype:<8}{row.examples:>8}  {worst:<43}{'agrees' if row.agrees else 'DISAGREES'}"


def brief(error: float) -> str:
    """Print an error in five characters at most."""
    return f"{error:.2f}" if error < 100 else f"{error:.0e}"


def compare_training(seed: int) -> bool:
    """Train on the digits and print how far handgrad and JAX come apart."""
    training = train(seed)
    worst = max(training.differences)
    print(f"\nThe book's two-layer network on handwritten digits, {len(training.losses)} steps in float64:\n")
    print(f"{'':<44}{'handgrad':>12}{'JAX':>12}")
    print(f"{'loss of the last batch':<44}{training.losses[-1]:>12.6f}{training.jax_losses[-1]:>12.6f}")
    print(f"{'accuracy on digits held back':<44}{training.accuracy:>12.2%}{training.jax_accuracy:>12.2%}")
    print(f"{'largest difference of any gradient':<44}{worst:>12.2g}")
    print(f"{'a quarter masked, against the smaller batch':<44}{training.masked_difference:>12.2g}")
    return agreement(training)


def agreement(training: Training) -> bool:
    """Judge a training: both learn, and the same."""
    close = max(*training.differences, training.masked_difference) <= DIGITS_LIMIT
    return close and min(training.accuracy, training.jax_accuracy) >= ACCURACY_LIMIT


if __name__ == "__main__":
    sys.exit(main())
