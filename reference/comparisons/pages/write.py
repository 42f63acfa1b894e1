"""`python -m reference --write`: measure everything, and write the pages and their figures."""

from collections.abc import Mapping, Sequence

from reference.cases import CASES, by_family, by_layer
from reference.comparisons.compared import Compared, compare_all
from reference.comparisons.figures.function import function_figure
from reference.comparisons.figures.overview import overview
from reference.comparisons.measure import Row, Searched
from reference.comparisons.pages import entrance, networks
from reference.comparisons.pages.about import Rows, about_layer, figure_of
from reference.comparisons.pages.family import family_page, page_of
from reference.comparisons.pages.markdown import FIGURES, PAGES, write_sections
from reference.comparisons.pages.plain import plain
from reference.comparisons.pages.reading import how_to_read
from reference.comparisons.pieces import Plan
from reference.comparisons.training import Training


def write(plan: Plan, search: Searched, trainings: Sequence[Training]) -> None:
    """Write every page, except for the entrance's section "Speed", which is measured by itself."""
    compared, rows = compare_all(plan), by_case(search.rows)
    FIGURES.mkdir(exist_ok=True)
    draw(compared, trainings)
    for family, cases in by_family(CASES).items():
        page_of(family).write_text(family_page(family, cases, compared, rows), encoding="utf-8")
    networks.PAGE.write_text(networks.networks_page(trainings), encoding="utf-8")
    written = entrance.sections(CASES, compared, rows, search)
    write_sections(written, entrance.PAGE, entrance.TITLES, entrance.INTRO)


def draw(compared: Mapping[str, Compared], trainings: Sequence[Training]) -> None:
    """Draw every figure."""
    for training in trainings:
        networks.training_figure(training, networks.figure_of(training))
    for case in CASES:
        if compared[case.name].curves:
            function_figure(case, compared[case.name].curves, PAGES / figure_of(case.name))
    worst = {family: entrance.worst_of_layers(cases, compared) for family, cases in by_family(CASES).items()}
    overview(worst, entrance.ABOUT, PAGES / entrance.OVERVIEW)


def print_layers(plan: Plan, search: Searched) -> None:
    """Print what the pages say of the cases of a plan, as plain text."""
    compared, rows = compare_all(plan), by_case(search.rows)
    print(f"\n{plain(how_to_read(plan.cases, compared, illustrated=False))}")
    for those in by_layer(plan.cases).values():
        print(f"\n{plain(about_layer(those, compared, rows, illustrated=False))}")


def by_case(rows: Sequence[Row]) -> Rows:
    """Group the rows of a search by their cases."""
    return {name: [row for row in rows if row.case == name] for name in dict.fromkeys(row.case for row in rows)}
