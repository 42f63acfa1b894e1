"""What the other checks miss, by what it is that they do not look at."""

from collections.abc import Sequence

from reference.comparisons.pages.markdown import table
from tests.baselines.checks import CHECKS
from tests.strength.measured import Measured
from tests.strength.verdicts import SHOWN

MISSED = """### What the others miss, and why

The bugs again, by the property of `check_layer` that each of them is planted to violate. *Best* is the one of
the other checks that catches most of them, at its typical input and at the inputs drawn; *all* is what all of
the others together catch. The reason is how those checks are built."""

REASONS: dict[tuple[str, ...], str] = {
    ("gradient",): "All look at this. What is left is below their tolerances, or shows only for a signed dout, or at "
    "few inputs.",
    (
        "value",
    ): "Most take the layer's own forward for the truth, and a wrong forward with its right derivative passes. "
    "Only complex step and allclose compare with another function.",
    ("shape", "runs"): "All compare shapes but the book, which subtracts what broadcasts. An empty batch or a single "
    "row has to be among the inputs.",
    (
        "kinks",
    ): "A central difference at a kink is the mean of both sides. That is right for two equal maxima; at relu's 0 it "
    "rejects the right layer as well. Only "
    "allclose can judge there.",
    (
        "deterministic",
        "repeatable",
        "stateless",
        "zero",
    ): "They call backward once on a new layer, never for a dout of 0, and see no state that is left behind.",
    ("pure", "unshared", "detached", "read_only", "layouts"): "They compare numbers, of arrays that lie in memory as "
    "usual. Complex step, as MyGrad does it, also looks at what was given.",
    ("dtype",): "Numbers are compared, whatever their dtype. Chainer and autograd compare dtypes, too.",
    (
        "masked",
        "confined",
        "refuses",
        "quiet",
    ): "They never put NaN or a wrong label where it must do no harm, and do not look at warnings.",
}


def missed_table(bugs: Sequence[Measured]) -> str:
    """Count by property what the best of the others catches, and all of them together."""
    rows = [
        [", ".join(properties), len(planted), *(cell for shown in SHOWN for cell in _caught(planted, shown)), why]
        for properties, why in REASONS.items()
        if (planted := [bug for bug in bugs if bug.complaint in properties])
    ]
    heads = ["best, typical", "all, typical", "best, drawn", "all, drawn"]
    return table(["what must hold", "planted", *heads, "why"], rows)


def _caught(planted: Sequence[Measured], shown: str) -> tuple[str, int]:
    """Count what the best of the others catches, and what all together do."""
    counts = {name: sum(bug.verdicts[shown, name].caught for bug in planted) for name in CHECKS}
    together = sum(any(bug.verdicts[shown, name].caught for name in CHECKS) for bug in planted)
    best = max(counts, key=lambda name: counts[name])
    return (f"{counts[best]} ({best})" if counts[best] else "0"), together
