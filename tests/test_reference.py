import re
import sys
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO

import pytest

import handgrad
import reference.__main__ as command
from reference.cases import CASES
from reference.comparisons.measure import Measured, Row, Searched
from reference.comparisons.pieces import Plan


@pytest.fixture(scope="module")
def printed():
    with redirect_stdout(StringIO()) as out:
        assert command.main(["--case", "relu", "--examples", "5"]) == 0
    return out.getvalue()


def test_one_case_is_measured_and_agrees(printed):
    as_measured = printed.partition("How close")[0]
    assert len(re.findall(r"^Relu .*  out 0.00  dx 0.00  ", as_measured, re.MULTILINE)) == 3
    assert "Everything agrees" in printed


def test_a_terminal_gets_plain_text(printed):
    assert "In the corners\n-----" in printed
    assert not re.search(r"\*\*|`|\]\(|^\|", printed, re.MULTILINE)


def test_a_search_tells_how_many_examples_it_had_and_how_fast():
    rows = [Row("Exp", "float64", examples, [], {}, True) for examples in (1000, 500)]
    assert str(Searched(rows, 30.2)) == "1,500 examples in 30 s, 50 per second"


def test_the_closing_lines_have_the_speed_of_the_search(printed):
    closing = printed.splitlines()[-2:]
    assert re.fullmatch(r"Searched: \d+ examples in \d+ s, \d+ per second\.", closing[0])
    assert closing[1].startswith("Everything agrees, in ")


def test_a_layer_that_is_wrong_makes_the_command_fail(capsys, monkeypatch):
    wrong = replace(CASES[0], layer=handgrad.Multiply)
    monkeypatch.setattr("reference.comparisons.pieces.CASES", (wrong,))
    rows, agrees = command.compare_layers(Plan([wrong], 20, 0))
    assert not any(row.agrees for row in rows)
    assert not agrees
    printed = capsys.readouterr().out
    assert "DISAGREES" in printed
    assert "from reference.arithmetic import add" in printed


def test_what_was_found_is_shown_although_the_rest_fails(capsys, monkeypatch):
    def fails_later(name, *_):
        assert name == CASES[0].name, "the machine breaks"
        return Measured([], frozenset({("value", "float64")}), "What was found.")

    monkeypatch.setattr(command, "measure", fails_later)
    with pytest.raises(AssertionError, match="the machine breaks"):
        command.compare_layers(Plan(CASES[:2], 20, 0))
    assert "What was found." in capsys.readouterr().out


def test_a_cluster_without_dask_is_an_error_that_says_what_to_install(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert command.main(["--case", "Relu", "--cluster", "tcp://127.0.0.1:8786"]) == 2
    assert 'pip install "handgrad[cluster]"' in capsys.readouterr().err


def test_the_table_fits_100_columns():
    longest = max((case.name for case in CASES), key=len)
    worst = {"out": 99.99, "x": 1.1e09, "W": 1.1e09, "b": 1.1e09}
    assert len(command.line(Row(longest, "float64", 100_000, [], worst, False))) <= 100


@pytest.mark.parametrize(
    "arguments",
    [
        ["--case", "Nonsense"],
        ["--examples", "0"],
        ["--write", "--case", "Relu"],
        ["--speed", "--seed", "1"],
        ["--speed", "--cluster", "tcp://127.0.0.1:8786"],
    ],
)
def test_a_command_line_that_would_prove_nothing_or_forget_a_part_is_refused(arguments):
    with pytest.raises(SystemExit) as error:
        command.parse(arguments)
    assert error.value.code == 2


def test_names_of_cases_are_unique():
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
