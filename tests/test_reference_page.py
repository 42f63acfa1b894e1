"""The pages of `reference/` say what the code says now."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from handgrad.testing import arrays
from handgrad.testing.outputs import is_output
from reference.cases import CASES, DTYPES, Case, by_family, by_layer
from reference.comparisons.accuracy import Accuracy
from reference.comparisons.compared import Compared
from reference.comparisons.corners import asked
from reference.comparisons.figures.function import CAPTION
from reference.comparisons.measure import Row, Searched
from reference.comparisons.pages import along, entrance, networks, reading, terms
from reference.comparisons.pages.about import beside_the_book, corners, figure_of, formulas
from reference.comparisons.pages.closeness import closeness, inputs_of
from reference.comparisons.pages.derived import formula_of, gradient_of
from reference.comparisons.pages.family import family_page, introduction, page_of
from reference.comparisons.pages.markdown import FIGURES, PAGES, read_sections, table, write_sections
from reference.comparisons.pages.summary import summary
from reference.comparisons.score import VERDICTS, Score
from reference.comparisons.speed import section as speed
from reference.comparisons.sweep import is_of_one_number

WRITE = "the pages are old: run python -m reference --write"
WIDEST = 112
FAMILIES = by_family(CASES)
LAYERS = by_layer(CASES)
SECTIONS = {family: read_sections(page_of(family)) for family in FAMILIES}
WRITTEN = [entrance.PAGE, networks.PAGE, *map(page_of, FAMILIES)]

each_family = pytest.mark.parametrize("family", FAMILIES)
each_layer = pytest.mark.parametrize("layer", LAYERS)
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def part_of(layer, title):
    """Give what a layer's section has below a title."""
    _, *parts = re.split(r"^### ", SECTIONS[LAYERS[layer][0].family].get(layer, ""), flags=re.MULTILINE)
    return {part.partition("\n")[0]: part.partition("\n")[2].strip() for part in parts}.get(title, "")


def cells(row):
    return [cell.strip() for cell in row.strip("|").split("|")]


def rows_of(text):
    """Give the cells of each row of a table, without its header."""
    return [cells(line) for line in text.splitlines() if line.startswith("|")][2:]


# The entrance


def test_the_sections_of_the_entrance_stand_in_their_order():
    sections = read_sections(entrance.PAGE)
    assert [title for title in entrance.TITLES if title in sections] == list(sections), WRITE
    assert set(entrance.TITLES) - set(sections) <= {"Speed"}, WRITE


def test_the_entrance_begins_as_the_code_says():
    assert entrance.PAGE.read_text().startswith(entrance.INTRO), WRITE


def test_every_layer_has_its_row_below_its_family():
    names = [row[0] for row in rows_of(read_sections(entrance.PAGE)["All layers"])]
    grouped = [(f"**[{family}.md]**", *(f"[{layer}]" for layer in by_layer(FAMILIES[family]))) for family in FAMILIES]
    assert names == [name for group in grouped for name in group], WRITE


def test_every_row_leads_to_a_section_that_is_there():
    text = read_sections(entrance.PAGE)["All layers"]
    links = dict(re.findall(r"^\[(.+?)\]: (.+)$", text, re.MULTILINE))
    for family in FAMILIES:
        assert (PAGES / links[f"{family}.md"]).exists(), WRITE
        for layer in by_layer(FAMILIES[family]):
            page, _, anchor = links[layer].partition("#")
            headings = re.findall(r"^## (.*)$", (PAGES / page).read_text(), re.MULTILINE)
            assert anchor in [heading.lower() for heading in headings], WRITE


def test_the_results_are_counted_in_every_dtype():
    counted = rows_of(read_sections(entrance.PAGE)["How close"])
    assert [row[0] for row in counted] == [*DTYPES, "all"]
    assert all(int(row[1]) == sum(map(int, row[2:5])) for row in counted)


@pytest.mark.parametrize("verdict", ["closer", "farther"])
def test_the_verdicts_that_are_counted_are_those_of_the_pages_of_the_families(verdict):
    index = 2 + VERDICTS.index(verdict)
    *_, (_, *counted) = rows_of(read_sections(entrance.PAGE)["How close"])
    sections = [section for family in FAMILIES for section in SECTIONS[family].values()]
    found = [cell for section in sections for row in rows_of(section) for cell in row if cell.endswith(f" {verdict}")]
    assert int(counted[index - 1]) == len(found)


def test_the_entrance_explains_itself_as_the_code_does():
    text = entrance.PAGE.read_text()
    assert all(each in text for each in (terms.TERMS, terms.JUDGED, terms.RULE, terms.WHY_FARTHER, entrance.COLUMNS))


def test_the_page_says_what_speed_is_measured_by():
    text = read_sections(entrance.PAGE).get("Speed")
    assert text is None or (speed.INTRODUCTION in text and speed.OTHERS in text), f"{WRITE} --speed"


# The pages of the families


@each_family
def test_every_family_has_a_page_with_a_section_for_each_layer(family):
    assert list(SECTIONS[family]) == list(by_layer(FAMILIES[family])), WRITE


@each_family
def test_the_page_of_a_family_explains_itself_as_the_code_does(family):
    text, cases = page_of(family).read_text(), FAMILIES[family]
    assert terms.TERMS in text, WRITE
    assert reading.NUMBERS in text, WRITE
    assert (reading.BOOK in text) == bool(asked.departures_of(family)), WRITE
    of_curves = any(map(is_of_one_number, cases))
    assert (along.LINE in text) == (CAPTION in text) == of_curves, WRITE
    assert introduction(family, cases) in text, WRITE


def test_there_is_no_page_of_a_family_that_is_gone():
    assert {*PAGES.glob("*.md")} == {*WRITTEN, PAGES / "checkers.md"}


@each_layer
def test_the_formula_and_the_gradient_of_every_layer_are_found_in_its_docstring(layer):
    layer_class = LAYERS[layer][0].layer_class
    does, formula = formula_of(layer_class)
    assert does, f"the docstring of {layer} begins with no sentence"
    assert formula, f"the first line of the docstring of {layer} gives no formula after a colon"
    assert gradient_of(layer_class).startswith("d"), f'no line of the derivation of {layer} begins with "so that d"'


@each_layer
def test_the_section_of_every_layer_has_its_formula_and_its_gradient(layer):
    layer_class = LAYERS[layer][0].layer_class
    assert SECTIONS[LAYERS[layer][0].family][layer].startswith(formulas(layer_class)), WRITE


@each_case
def test_every_case_has_its_errors_in_every_dtype_and_what_was_searched(case):
    blocks = part_of(case.layer_name, "How close").split("\n\n")
    assert inputs_of(case) in blocks, WRITE
    errors, *rest = blocks[blocks.index(inputs_of(case)) + 1 :]
    assert all(f" {dtype} " in errors.splitlines()[0] for dtype in DTYPES)
    assert is_output(rows_of(errors)[0][0])
    assert any(block.startswith("Searched in each dtype") for block in rest[:2])


def worst_of(errors):
    """Give handgrad's worst error in float32, and JAX's, of a table."""
    ours, jaxs = zip(*((row[3].split()[0].strip("*"), row[4]) for row in rows_of(errors)), strict=True)
    return max(map(float, ours)), max(map(float, jaxs))


@each_layer
def test_the_case_that_is_shown_is_the_worst_in_float32(layer):
    tables = [block for block in part_of(layer, "How close").split("\n\n") if block.startswith("|")]
    assert tables, WRITE
    shown, *others = tables
    assert all(worst_of(shown) >= worst_of(each) for each in others), WRITE


@each_layer
def test_functions_of_one_number_have_their_figures_and_their_rows_along_the_float32_line(layer):
    text, curves = part_of(layer, "Along the float32 line"), list(filter(is_of_one_number, LAYERS[layer]))
    assert re.findall(r"\((figures/.*?)\)", text) == [figure_of(case.name) for case in curves], WRITE
    tables = [block for block in text.split("\n\n") if block.startswith("|")]
    assert [[row[0] for row in rows_of(each)] for each in tables] == [["out", "dx"]] * len(curves), WRITE
    assert all(cells(each.splitlines()[0]) == along.HEADER for each in tables), WRITE


@each_layer
def test_the_corners_are_what_both_answer_now(layer):
    assert part_of(layer, "In the corners") == corners(LAYERS[layer][0].family, layer), WRITE


@each_layer
def test_the_departures_are_what_the_book_and_handgrad_answer_now(layer):
    assert part_of(layer, "Beside the book") == beside_the_book(LAYERS[layer][0].family, layer), WRITE


def test_questions_are_asked_of_layers_of_their_family():
    families = {path.stem for path in Path(asked.__file__).parent.glob("[!_]*.py")}
    assert families <= set(FAMILIES)
    for family in families:
        layers = [each.layer_name for each in asked.questions_of(family)]
        layers += [each.layer for each in asked.departures_of(family)]
        assert layers
        assert set(layers) <= set(by_layer(FAMILIES[family]))


def test_a_family_of_which_nothing_is_asked_has_no_corners():
    assert (*asked.questions_of("weather"), *asked.departures_of("weather"), *asked.short_for("weather")) == ()


# All pages


def test_every_figure_exists_and_is_shown():
    shown = [name for page in WRITTEN for name in re.findall(r"\(figures/(.*?)\)", page.read_text())]
    assert sorted(shown) == sorted(path.name for path in FIGURES.iterdir()), WRITE


def test_the_figures_are_small():
    assert all(path.stat().st_size < 100_000 for path in FIGURES.iterdir())


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_no_row_of_a_table_is_wide(page):
    assert [line for line in page.read_text().splitlines() if line.startswith("|") and len(line) > WIDEST] == []


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_every_link_between_the_pages_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        assert (PAGES / target).exists(), f"{page.name} links to {target}"


class ScaledDotProductAttention:
    """Attend to values: out = softmax(q kᵀ) v.

    Derivation
    ----------
    so that dv = Aᵀ dout.
    """


def scores(verdict):
    return {"farther": Score(0, 50), "as close": Score(50, 50)}[verdict]


def attention(unmeasured=(), verdict="farther"):
    """Make a case with a long name, at its worst, and what was measured of it."""
    case = Case(ScaledDotProductAttention, lambda q: q, arrays(q="... D"), "grouped queries, causal")
    results = [
        Accuracy(case.name, dtype, result, 123456.0, 12345.0, scores(verdict), scores("as close"))
        for dtype in DTYPES
        for result in ("out", "dq", "dbias")
        if dtype not in unmeasured
    ]
    rows = {case.name: [Row(case.name, dtype, 100_000, [((2, 3),)], {"out": 9.0}, False) for dtype in DTYPES]}
    return case, {case.name: Compared(case.name, results, dict(unmeasured))}, rows


def test_no_row_is_wide_however_long_the_names_and_large_the_numbers():
    case, compared, rows = attention()
    search = Searched(rows[case.name], 1.0)
    text = [*entrance.sections([case], compared, rows, search).values(), closeness(case, compared[case.name])]
    assert max(len(line) for line in "\n".join(text).splitlines() if line.startswith("|")) <= WIDEST


def test_what_disagrees_with_jax_stands_out(monkeypatch):
    case, compared, rows = attention()
    monkeypatch.setattr(ScaledDotProductAttention, "__module__", "handgrad.affine")
    assert "**disagrees**" in entrance.all_layers([case], compared, rows, Searched(rows[case.name], 1.0))
    assert "**Disagrees** in float64, float32, float16; 8 is the limit." in family_page(
        "affine", [case], compared, rows
    ).replace("\n", " ")


def test_what_has_no_exact_form_is_not_measured_and_the_reason_is_given():
    case, compared, _ = attention({"float64": "no exact form of while"})
    said = closeness(case, compared[case.name])
    assert [row[1:3] for row in rows_of(said)] == [["not measured", ""]] * 3
    assert "- float64 is not measured: no exact form of while." in said.splitlines()
    counted = summary(compared.values())
    assert f"- {case.name} in float64 is not measured: no exact form of while." in counted.splitlines()
    assert rows_of(counted)[0][1] == "0"


def test_a_layer_that_is_nowhere_farther_is_told_no_reason():
    case, compared, _ = attention(verdict="as close")
    assert "arther" not in closeness(case, compared[case.name])


def test_a_case_shows_the_axes_of_its_inputs():
    (case,) = (case for case in CASES if case.name == "SoftmaxWithLoss masked")
    assert inputs_of(case) == "SoftmaxWithLoss masked: x (..., C), t (...), mask (...)"


def test_cases_of_a_layer_with_options_have_figures_of_their_own():
    assert figure_of(replace(CASES[0], note="slope -0.1").name) == "figures/add-slope-0-1.svg"


# Sections and tables


def test_writing_a_section_keeps_the_others(tmp_path):
    page = tmp_path / "README.md"
    write_sections({"How close": "old", "Speed": "fast"}, page, entrance.TITLES, entrance.INTRO)
    write_sections({"How close": "new"}, page, entrance.TITLES, entrance.INTRO)
    assert read_sections(page) == {"How close": "new", "Speed": "fast"}


def test_a_page_has_its_sections_below_its_introduction(tmp_path):
    page = tmp_path / "page.md"
    write_sections({"B": "b\n", "A": "a"}, page, ["A", "B"], "# Title")
    assert page.read_text() == "# Title\n\n## A\n\na\n\n## B\n\nb\n"


def test_a_section_without_a_place_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no section Weather"):
        write_sections({"Weather": "fine"}, tmp_path / "README.md", entrance.TITLES, entrance.INTRO)


def test_the_columns_of_a_table_line_up():
    assert table(["a", "long"], [["1", 2], ["3|4", "5"]]).splitlines() == [
        "| a    | long |",
        "|------|------|",
        "| 1    | 2    |",
        "| 3\\|4 | 5    |",
    ]
