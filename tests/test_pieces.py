"""Cases are cut into pieces by seeds, handed to any executor, and put together again."""

import math
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import StringIO
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.cases import CASES
from reference.comparisons import measure
from reference.comparisons.accuracy import Accuracy
from reference.comparisons.compared import Compared, merged
from reference.comparisons.executors import executor_for, fan_out
from reference.comparisons.measure import Measured, Row
from reference.comparisons.pieces import PIECE, Plan, case_named, cut
from reference.comparisons.score import Score

LONG = 30  # seconds, in which a test that hangs gives up


@pytest.mark.parametrize("examples", [1, 100, PIECE])
def test_a_case_with_few_examples_is_one_piece_with_the_seed_itself(examples):
    assert cut(examples, 7) == [(examples, 7)]


@given(st.integers(1, 10**6), st.integers(-100, 100))
def test_pieces_are_even_and_have_all_examples_and_seeds_that_no_run_nearby_has(examples, seed):
    numbers, seeds = zip(*cut(examples, seed), strict=True)
    assert sum(numbers) == examples
    assert max(numbers) <= PIECE
    assert max(numbers) - min(numbers) <= 1
    assert len(numbers) == math.ceil(examples / PIECE)
    assert len({*seeds, *(other for _, other in cut(examples, seed + 1))}) == 2 * len(seeds)


def test_every_piece_of_a_plan_is_a_job():
    plan = Plan(CASES[:2], PIECE + 1, 7)
    assert [name for name, *_ in plan.jobs] == [CASES[0].name] * 2 + [CASES[1].name] * 2
    assert [tuple(piece) for _, *piece in plan.jobs] == cut(PIECE + 1, 7) * 2


def test_a_case_in_pieces_amounts_to_what_its_pieces_saw(monkeypatch):
    monkeypatch.setattr("reference.comparisons.pieces.PIECE", 30)
    plan = Plan([case_named("Sigmoid")], 60, 0)
    pieces = [measure.measure(*job).rows for job in plan.jobs]
    (measured,) = plan.on_every_case(measure.measure, measure.merged)
    assert len(pieces) == 2
    for row, first, second in zip(measured.rows, *pieces, strict=True):
        assert row.examples == first.examples + second.examples
        assert row.worst == {name: max(first.worst[name], second.worst[name]) for name in ("out", "x")}
        assert list(row.shapes) == list(dict.fromkeys([*first.shapes, *second.shapes]))
        assert row.agrees


RIGHT = Measured([Row("Relu", "float64", 10, [((2,),)], {"out": 0.5}, True)], frozenset(), "")
WRONG = Measured(
    [Row("Relu", "float64", 7, [((3,),), ((2,),)], {"out": 0.25, "x": 9.0}, False)],
    frozenset({("gradient", "float64")}),
    "A page.",
)


def test_what_the_pieces_before_an_error_amount_to_is_not_lost(monkeypatch):
    monkeypatch.setattr("reference.comparisons.pieces.PIECE", 10)
    plan = Plan(CASES[:3], 30, 0)

    def work(*job):
        assert job != plan.jobs[5], "the machine breaks"
        return [job]

    done = plan.on_every_case(work, lambda pieces: [job for piece in pieces for job in piece])
    assert [next(done), next(done)] == [plan.jobs[:3], plan.jobs[3:5]]
    with pytest.raises(AssertionError, match="the machine breaks"):
        next(done)


def test_a_case_disagrees_where_one_of_its_pieces_does():
    (row,) = measure.merged([RIGHT, WRONG, RIGHT]).rows
    assert row == Row("Relu", "float64", 27, [((2,),), ((3,),)], {"out": 0.5, "x": 9.0}, False)


def test_a_page_is_shown_for_everything_that_fails_and_counted_where_it_was_shown():
    both = replace(WRONG, failed=WRONG.failed | {("value", "float64")}, page="Another page.")
    merged = measure.merged([RIGHT, WRONG, both, WRONG, both])
    assert merged.page == "A page.\n\nAnother page.\n\nThe same fails in 2 more of 5 pieces."
    assert merged.failed == both.failed


def test_a_single_piece_is_what_it_was():
    assert [measure.merged([each]) for each in (RIGHT, WRONG)] == [RIGHT, WRONG]


def test_the_accuracy_of_a_case_in_pieces_is_the_worst_and_its_score_the_sum():
    first = Accuracy("Relu", "float64", "out", 0.5, 0.75, Score(1, 2), Score(3, 4))
    second = Accuracy("Relu", "float64", "out", 0.75, 0.5, Score(10, 20), Score(30, 40))
    other = replace(first, result="dx")
    both = Accuracy("Relu", "float64", "out", 0.75, 0.75, Score(11, 22), Score(33, 44))
    pieces = [Compared("Relu", [first, other], {}), Compared("Relu", [second], {})]
    assert merged(pieces) == Compared("Relu", [both, other], {})


def test_for_a_single_job_no_process_is_started():
    with executor_for(1) as executor:
        assert executor is None


def test_results_come_in_order_whatever_is_done_first():
    second = Event()

    def work(job):
        assert second.wait(LONG) if job == 1 else not second.set()
        return job

    with ThreadPoolExecutor(2) as executor:
        assert list(fan_out(executor, work, [(1,), (2,), (3,)])) == [1, 2, 3]


def test_what_one_job_raises_is_raised_at_once_and_the_rest_is_not_begun():
    raised, begun = Event(), []

    def work(job):
        begun.append(job)
        if job == 2:
            raise ZeroDivisionError
        raised.wait(LONG)

    with ThreadPoolExecutor(2) as executor:
        results = fan_out(executor, work, [(1,), (2,), *[(3,)] * 100])
        with pytest.raises(ZeroDivisionError):
            next(results)
        raised.set()
    assert len(begun) < 10


class Terminal(StringIO):
    def isatty(self):
        return True


def test_a_terminal_is_told_how_far_it_has_come_and_gets_its_line_back(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with ThreadPoolExecutor(1) as executor:
        assert list(fan_out(executor, math.sqrt, [(4,), (9,)])) == [2, 3]
    shown = sys.stderr.getvalue().split("\r\033[K")
    assert {"sqrt: 1 of 2", "sqrt: 2 of 2"} <= set(shown)
    assert shown[-1] == ""
