"""The entrance, `reference/README.md`: all layers at once, and where to read on."""

from collections.abc import Iterator, Mapping, Sequence

from reference.cases import Case, by_family, by_layer
from reference.comparisons.accuracy import Accuracy
from reference.comparisons.compared import Compared
from reference.comparisons.figures.overview import Worst
from reference.comparisons.machine import machine
from reference.comparisons.measure import Searched
from reference.comparisons.pages.about import Rows
from reference.comparisons.pages.markdown import PAGES, brief, folded, table
from reference.comparisons.pages.searched import agree
from reference.comparisons.pages.summary import summary
from reference.comparisons.pages.terms import JUDGED, RULE, TERMS, WHY_FARTHER
from reference.comparisons.score import VERDICTS

Families = Mapping[str, Sequence[Case]]

PAGE = PAGES / "README.md"
OVERVIEW = "figures/overview.svg"
TITLES = ("All layers", "How close", "Speed")
DTYPE = "float32"
ABOUT = f"worst error in {DTYPE}, in ulps; dashed: half an ulp, which rounding costs at most"
COLUMNS = f"""\
For each layer the worst error of all its results in {DTYPE}, in ulps, and JAX's; how many of these results are closer
than JAX's, as close, or farther; how many examples were searched in all dtypes for a disagreement with JAX in
float64, and whether there is one. A layer's name leads to the rest."""

INTRO = f"""\
# How far the gradients can be trusted

handgrad's layers are derived by hand and written in NumPy. Here each of them stands beside JAX, which derives its
gradients automatically: a layer and its twin, a function in JAX, are given the same inputs in the same dtype, and
both are compared with the exact result.

{TERMS}

The page of a family has each layer's formula and gradient, its worst errors in every dtype, what it answers at kinks,
infinities, NaN and masks beside JAX, and where it departs from the book. Two more pages have
[networks that learn](networks.md), by handgrad's gradients and by JAX's, and
[which gradient check catches what](checkers.md).

Every number here is measured by a command: those of the last section by `python -m reference --speed --write`, all
others by `python -m reference --write`, which draws the figures, too. `python -m reference --case Relu` prints the
same about one layer."""


def sections(cases: Sequence[Case], compared: Mapping[str, Compared], rows: Rows, search: Searched) -> dict[str, str]:
    """Write every section but "Speed", which is measured by itself."""
    judged = folded("How it is judged", "\n\n".join([JUDGED, RULE, WHY_FARTHER]))
    return {
        "All layers": all_layers(cases, compared, rows, search),
        "How close": "\n\n".join([summary(compared.values()), judged, f"Measured with {machine()}."]),
    }


def all_layers(cases: Sequence[Case], compared: Mapping[str, Compared], rows: Rows, search: Searched) -> str:
    """Give each layer a row: its worst errors in float32, how often it is closer, and what was searched."""
    header = ["layer", "handgrad", "JAX", *VERDICTS, "examples", "search"]
    families = by_family(cases)
    return "\n\n".join(
        [
            f"![The worst error of each layer in {DTYPE}, in ulps, beside JAX's]({OVERVIEW})",
            COLUMNS,
            table(header, _rows(families, compared, rows)),
            f"Altogether {search}.",
            "\n".join(_links(families)),
        ]
    )


def _rows(
    families: Mapping[str, Sequence[Case]], compared: Mapping[str, Compared], rows: Rows
) -> Iterator[list[str]]:
    for family, cases in families.items():
        yield [f"**[{family}.md]**", *[""] * (4 + len(VERDICTS))]
        for each, those in zip(worst_of_layers(cases, compared), by_layer(cases).values(), strict=True):
            verdicts = [result.score.verdict for result in _results(those, compared)]
            found = [row for case in those for row in rows[case.name]]
            yield [
                f"[{each.layer}]",
                brief(each.ours),
                brief(each.jaxs),
                *(str(verdicts.count(verdict)) for verdict in VERDICTS),
                f"{sum(row.examples for row in found):,}",
                "agrees" if agree(found) else "**disagrees**",
            ]


def worst_of_layers(cases: Sequence[Case], compared: Mapping[str, Compared]) -> list[Worst]:
    """Give the worst error of each layer, and JAX's."""
    results = {layer: _results(those, compared) for layer, those in by_layer(cases).items()}
    return [
        Worst(layer, max(each.worst for each in those), max(each.jax_worst for each in those))
        for layer, those in results.items()
    ]


def _results(cases: Sequence[Case], compared: Mapping[str, Compared]) -> list[Accuracy]:
    return [each for case in cases for each in compared[case.name].results if each.dtype == DTYPE]


def _links(families: Families) -> Iterator[str]:
    """Say where the table's names lead, which would make its rows wide."""
    for family, cases in families.items():
        yield f"[{family}.md]: {family}.md"
        yield from (f"[{layer}]: {family}.md#{layer.lower()}" for layer in by_layer(cases))
