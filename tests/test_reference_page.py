"""The page `reference/README.md` says what the code says now."""

import re

import pytest

import handgrad.activations
from reference.cases import CASES, DTYPES
from reference.comparisons import conventions, departures, speed
from reference.comparisons.page import FIGURES, PAGE, TITLES, read_sections, table, write_sections
from reference.comparisons.sweep import elementwise_cases

SECTIONS = read_sections()
WRITE = "; run python -m reference --write"
LAYERS = {case.layer.__name__ for case in CASES}
ACTIVATIONS = [each for each in vars(handgrad.activations).values() if hasattr(each, "backward")]


def cells(row):
    return [cell.strip() for cell in row.strip("|").split("|")]


def tables_of(title):
    """Give the first two cells of each row of each table, without its header."""
    blocks = [block.splitlines() for block in SECTIONS[title].split("\n\n") if block.startswith("|")]
    return [[tuple(cells(row)[:2]) for row in block[2:] if row.startswith("|")] for block in blocks]


def test_the_sections_stand_in_their_order():
    assert [title for title in TITLES if title in SECTIONS] == list(SECTIONS)
    assert set(TITLES) - set(SECTIONS) <= {"Speed"}


@pytest.mark.parametrize("title", ["How close", "What was searched"])
def test_every_case_has_a_row_in_every_dtype(title):
    rows = [(case.name, dtype) for case in CASES for dtype in DTYPES]
    assert tables_of(title)[-1] == rows, title + WRITE


def test_every_function_of_one_number_has_its_rows_along_the_float32_line():
    rows = [(case.name, result) for case in elementwise_cases() for result in ("out", "dx")]
    assert tables_of("The float32 line") == [rows, rows], WRITE


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda activation: activation.__name__)
def test_every_activation_has_its_figure(activation):
    name = f"{activation.__name__.lower()}.svg"
    assert f"(figures/{name})" in SECTIONS["The float32 line"], name + WRITE


def test_every_figure_exists_and_is_shown():
    shown = re.findall(r"\(figures/(.*?)\)", PAGE.read_text())
    assert sorted(shown) == sorted(path.name for path in FIGURES.iterdir()), WRITE


def test_the_page_says_what_speed_is_measured_by():
    assert speed.INTRODUCTION in SECTIONS.get("Speed", speed.INTRODUCTION), WRITE + " --speed"


def test_the_figures_are_small():
    assert all(path.stat().st_size < 100_000 for path in FIGURES.iterdir())


def test_the_conventions_are_what_both_answer_now():
    assert SECTIONS["Conventions"] == conventions.section(conventions.answers(LAYERS)), WRITE


def test_the_departures_are_what_the_book_and_handgrad_answer_now():
    assert SECTIONS["Where handgrad departs from the book"] == departures.section(departures.departed(LAYERS)), WRITE


def test_writing_a_section_keeps_the_others(tmp_path):
    page = tmp_path / "README.md"
    write_sections({"Conventions": "old", "Speed": "fast"}, page)
    write_sections({"Conventions": "new"}, page)
    assert read_sections(page) == {"Conventions": "new", "Speed": "fast"}


def test_another_page_has_its_own_sections_below_its_own_introduction(tmp_path):
    page = tmp_path / "page.md"
    write_sections({"B": "b\n", "A": "a"}, page, ["A", "B"], "# Title")
    assert page.read_text() == "# Title\n\n## A\n\na\n\n## B\n\nb\n"


def test_a_section_without_a_place_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no section Weather"):
        write_sections({"Weather": "fine"}, tmp_path / "README.md")


def test_the_columns_of_a_table_line_up():
    assert table(["a", "long"], [["1", 2], ["3|4", "5"]]).splitlines() == [
        "| a    | long |",
        "|------|------|",
        "| 1    | 2    |",
        "| 3\\|4 | 5    |",
    ]
