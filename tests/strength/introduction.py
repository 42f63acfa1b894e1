"""What the page says before its tables."""

from reference.comparisons.pages.markdown import table
from tests.baselines.checks import CHECKS

INTRODUCTION = """\
# Which gradient check catches what

Whoever writes a backward pass by hand checks it: mostly by differentiating forward numerically and comparing.
This page measures what such checks let through. Bugs are planted in right layers, one at a time, and each check
is asked whether it notices: the ones that people use, and `handgrad.testing.check_layer`.

`python -m tests.strength --write` measures the page and writes it. The bugs are in `tests/planted/`, the other
checks in `tests/baselines/`, each with the step and the tolerance that its users give it:"""


def introduction() -> str:
    """Say what is compared."""
    first_lines = {name: (check.__doc__ or "").split("\n")[0] for name, check in CHECKS.items()}
    return f"{INTRODUCTION}\n\n{table(['check', 'what it is'], list(first_lines.items()))}"
