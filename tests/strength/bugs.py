"""Which planted bugs each check catches, kind by kind, and which of them the diagnosis names."""

from collections.abc import Iterable, Iterator

from reference.comparisons.pages.markdown import table
from tests.baselines.checks import FLOAT32, FLOAT64, dtypes_of
from tests.planted.catalogue import BUGS, KINDS, RIGHT
from tests.strength.measured import Measured, measure_bug, rejected_by
from tests.strength.missed import MISSED, missed_table
from tests.strength.processes import each_of
from tests.strength.verdicts import BY_NAME, DRAWN, NAMES, OURS, SHOWN, TYPICAL, counted


def sections() -> Iterator[str]:
    """Measure all bugs and all right layers, and write about them."""
    bugs = each_of(measure_bug, range(len(BUGS)))
    rejected = each_of(rejected_by, list(BY_NAME))
    yield INTRODUCTION
    for shown in SHOWN:
        yield f"{ABOUT[shown]}\n\n{caught_table(bugs, [each[shown] for each in rejected], shown)}"
    yield f"{MISSED}\n\n{missed_table(bugs)}"
    yield f"{NAMED}\n\n{named_table(bugs)}"


TITLE = "Planted bugs"
INTRODUCTION = f"""\
{len(BUGS)} bugs of {len(KINDS)} kinds are planted in {len(RIGHT)} right layers, one at a time. A check has
caught a bug if it complains of it at an input where it does not complain of the right layer. Where a check
complains more often than that, the number of bugs of which it complains at all stands in brackets: the rest are
false alarms that happened to go off on a wrong layer. Each bug is shown in float64 and in float32, and catching
it in one of them is enough.

The last column is no independent result. The catalogue was written along with `check_layer`, and a test demands
that every bug in it be caught. What the tables show is what the *other* columns let through. The mutants below
are the independent figure."""

ABOUT = {
    TYPICAL: """### Each check as it is used, at one typical input

Normally distributed numbers in a small batch, with labels and masks of all kinds. `check_layer` draws its own
inputs. The last rows count the right layers of which a check complains: it cannot be used on them.""",
    DRAWN: """### The same, at inputs as check_layer draws them

Now the others get ten inputs in each dtype, from those that `check_layer` draws: zeros, ties, large numbers,
empty batches. This tells the inputs from what is compared: better inputs help every check, and bring false
alarms to those that differentiate numerically, which cannot be right at a kink or for large numbers.""",
}


def caught_table(bugs: Iterable[Measured], rejected: Iterable[set[tuple[str, str]]], shown: str) -> str:
    """Count the bugs caught, kind by kind, and the right layers rejected."""
    rows = [_caught_row(kind, [bug for bug in bugs if bug.kind == kind], shown) for kind in KINDS]
    total = _caught_row("**all**", list(bugs), shown)
    false = [
        [f"*right layers rejected, {dtype}*", len(RIGHT), *(_rejections(name, dtype, rejected) for name in NAMES)]
        for dtype in (FLOAT64, FLOAT32)
    ]
    return table(["kind of bug", "planted", *NAMES], [*rows, total, *false])


def _caught_row(title: str, bugs: list[Measured], shown: str) -> list[str | int]:
    return [title, len(bugs), *(counted(bug.verdicts[shown, name] for bug in bugs) for name in NAMES)]


def _rejections(name: str, dtype: str, rejected: Iterable[set[tuple[str, str]]]) -> str:
    used = name == OURS or dtype in dtypes_of(name)
    return str(sum((name, dtype) in each for each in rejected)) if used else ""


NAMED = """### Bugs named

`check_layer` says in one line what is probably wrong. A bug counts as named if that line has the words that its
entry in the catalogue asks for. Both were written with these very bugs at hand, so this says what the line can tell,
and not how often it will be right about other bugs. The other checks name nothing."""


def named_table(bugs: list[Measured]) -> str:
    """Say how many bugs the diagnosis names."""
    named = {kind: [bug.named for bug in bugs if bug.kind == kind] for kind in KINDS}
    rows = [[kind, len(each), sum(each)] for kind, each in named.items()]
    total = sum(bug.named for bug in bugs)
    return table(
        ["kind of bug", "planted", "named"], [*rows, ["**all**", len(bugs), f"{total} ({total / len(bugs):.0%})"]]
    )
