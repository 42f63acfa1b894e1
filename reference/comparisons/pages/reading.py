"""How to read what is said about a layer."""

from collections.abc import Mapping, Sequence

from reference.cases import Case
from reference.comparisons.compared import Compared
from reference.comparisons.corners.asked import departures_of
from reference.comparisons.figures.function import CAPTION
from reference.comparisons.pages import along
from reference.comparisons.pages.terms import TERMS

NUMBERS = """\
- A table of errors has handgrad's worst error in each dtype, in ulps, and JAX's beside it. `inf` is a result that
  overflows although the exact one does not. An error larger than JAX's is **marked**.
- The search counts in units. A unit is the error that rounding explains for the result at hand, measured on the
  formula itself; 8 of them are the checker's limit. It compares with JAX in float64.
- In the corners, where mathematics leaves a choice or floating-point numbers end, an answer is a convention, and in
  JAX it depends on how a function is spelled. All are in float64, and dout is 1 unless it is given. What differs from
  handgrad's answer is **marked**."""

BOOK = """\
- The book is *Deep Learning from Scratch* (ゼロから作るDeep Learning). Its layers, those of chapters 5 and 7, stand
  in [`comparisons/book.py`](comparisons/book.py) as the book has them; for the squared error, it has a function. The
  twin is the function in JAX that a layer must equal; it trusts its labels."""


def how_to_read(cases: Sequence[Case], compared: Mapping[str, Compared], illustrated: bool) -> str:
    """Explain as much as is said about these cases."""
    guide = [TERMS, NUMBERS]
    if any(compared[case.name].curves for case in cases):
        guide += [along.LINE, *([CAPTION] if illustrated else [])]
    if any(each.layer == case.layer_name for case in cases for each in departures_of(case.family)):
        guide.append(BOOK)
    return "\n".join(guide)
