"""All that a page says about one layer; `--case` prints the same."""

import re
from collections.abc import Iterator, Mapping, Sequence

from reference.cases import Case
from reference.comparisons.compared import LINE, Compared
from reference.comparisons.corners.asked import departures_of, questions_of, short_for
from reference.comparisons.corners.beside import listed
from reference.comparisons.corners.conventions import answered
from reference.comparisons.corners.departures import departed
from reference.comparisons.measure import Row
from reference.comparisons.pages.along import along_the_line
from reference.comparisons.pages.closeness import NOT_MEASURED, closeness
from reference.comparisons.pages.derived import formula_of, gradient_of
from reference.comparisons.pages.markdown import folded
from reference.comparisons.pages.searched import searched
from reference.comparisons.pages.special import special_function

Rows = Mapping[str, Sequence[Row]]


def about_layer(cases: Sequence[Case], compared: Mapping[str, Compared], rows: Rows, illustrated: bool) -> str:
    """Say of a layer, given its cases, what it computes, how close it is, and what it answers in the corners."""
    layer, family = cases[0].layer_name, cases[0].family
    parts = {
        "How close": _how_close(cases, compared, rows),
        "Along the float32 line": "\n\n".join(_along(cases, compared, illustrated)),
        "Its special function": special_function(layer),
        "In the corners": corners(family, layer),
        "Beside the book": beside_the_book(family, layer),
    }
    titled = [f"### {title}\n\n{body}" for title, body in parts.items() if body]
    return "\n\n".join([f"## {layer}", formulas(cases[0].layer_class), *titled])


def formulas(layer: object) -> str:
    """Give a layer's formula and the gradient that is derived from it."""
    does, formula = formula_of(layer)
    return f"{does}.\n\n```text\n{formula}\n{gradient_of(layer)}\n```"


def _how_close(cases: Sequence[Case], compared: Mapping[str, Compared], rows: Rows) -> str:
    """Show the case in which handgrad is at its worst, or else JAX is, and fold the others."""
    worst = max(cases, key=lambda case: [round(each, 2) for each in compared[case.name].worst("float32")])
    others = [case for case in cases if case is not worst]
    shown, *hidden = [
        f"{closeness(case, compared[case.name])}\n\n{searched(rows[case.name])}" for case in (worst, *others)
    ]
    summary = f"{worst.name} is the worst in float32; other cases: {', '.join(case.name for case in others)}"
    return "\n\n".join([shown, folded(summary, "\n\n".join(hidden))]) if others else shown


def _along(cases: Sequence[Case], compared: Mapping[str, Compared], illustrated: bool) -> Iterator[str]:
    for each in (compared[case.name] for case in cases):
        if each.curves:
            if illustrated:
                yield f"![{each.case}: value, slope, and errors of both, beside JAX]({figure_of(each.case)})"
            yield along_the_line(each.curves)
        elif LINE in each.unmeasured:
            yield f"{each.case} is {NOT_MEASURED}: {each.unmeasured[LINE]}."


def figure_of(case: str) -> str:
    """Name the figure of a case, beside the pages."""
    return f"figures/{re.sub('[^a-z0-9]+', '-', case.lower()).strip('-')}.svg"


def corners(family: str, layer: str) -> str:
    """Set handgrad's answers to the questions about a layer beside JAX's."""
    asked = [each for each in questions_of(family) if each.layer_name == layer]
    answers = listed([answered(each, short_for(family)) for each in asked])
    shorter = {short: whole for short, whole in short_for(family).items() if short in answers}
    return "\n\n".join([*(f"`{short}` is short for `{whole}`." for short, whole in shorter.items()), answers]).strip()


def beside_the_book(family: str, layer: str) -> str:
    """Set handgrad's answers beside those of the book's layer and of the twin."""
    return listed([departed(each) for each in departures_of(family) if each.layer == layer])
