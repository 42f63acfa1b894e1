"""What the page says of speed follows from the times."""

import os
import re

import pytest

from reference.comparisons.speed.contenders import BARE, BOOK, FLOOR, JAX, OURS
from reference.comparisons.speed.section import section
from reference.comparisons.speed.turns import Timed, environment


def timed(targets, **others):
    """Let handgrad take 1 second, and others what is given."""
    names = {"floor": FLOOR, "book": BOOK, "bare": BARE, "jax": JAX}
    times = {OURS: [1.0] * 3} | {names[name]: [seconds] * 3 for name, seconds in others.items()}
    peaks = {OURS: 2_000_000, JAX: 1_500_000} | ({BOOK: 1_000_000} if "book" in others else {})
    return Timed("work", targets, times, peaks, "openblas for Zen")


def rows_of(works):
    return [line for line in section(works).splitlines() if line.startswith("| work ")]


def test_an_aim_that_is_missed_is_marked():
    row, *_ = rows_of([timed({BOOK: 1.0, JAX: 0.6}, floor=0.5, book=1.0, jax=1.25)])
    assert [cell.strip() for cell in row.split("|")[1:-1]] == [
        "work",
        "2.00",
        "1.00 (1)",
        "0.80 (0.6)*",
    ]


def test_the_aims_are_counted():
    said = section(
        [timed({BOOK: 1.0}, floor=1, book=2, jax=1), timed({BOOK: 1.0, JAX: 1.0}, floor=1, book=0.5, jax=1)]
    )
    assert "Of 3 aims, 2 are met; the others have a *." in said


def test_an_aim_at_who_was_not_timed_does_not_count():
    assert "Of 1 aims, 1 are met" in section([timed({BOOK: 1.0, "PyTorch": 1.0}, floor=1, book=2, jax=1)])


@pytest.mark.parametrize(
    ("work", "named"),
    [
        (
            timed({JAX: 1.0}, floor=0.1, book=1, bare=0.5, jax=0.25),
            ["- work: bare NumPy misses the aim, too; it takes 2.00 times as long as `jax.jit`."],
        ),
        (
            timed({JAX: 1.0}, floor=0.1, book=0.2, bare=0.2, jax=0.25),
            ["- work: bare NumPy takes 0.80 times as long as `jax.jit`; what handgrad takes more is its own."],
        ),
        (
            timed({FLOOR: 1.15}, floor=0.5, book=1, jax=1),
            ["- work: the book misses the aim, too; it takes 2.00 times as long as the floor."],
        ),
        (
            timed({FLOOR: 1.15}, floor=0.5, book=0.5, jax=1),
            ["- work: the book takes 1.00 times as long as the floor; what handgrad takes more is its own."],
        ),
        (timed({FLOOR: 1.15}, floor=1, book=2, jax=1), []),
    ],
    ids=[
        "the bare steps are slower",
        "nobody else is",
        "the book misses it, too",
        "the book does not",
        "no aim is missed",
    ],
)
def test_who_does_less_is_named_where_they_miss_the_aim_too(work, named):
    after_the_aims = section([work]).split("Measured with ")[1]
    assert re.findall("^- .*", after_the_aims, re.MULTILINE) == named


def test_ratios_are_medians_over_turns():
    assert Timed("work", {}, {OURS: [1.0, 9.0, 2.0], JAX: [1.0, 1.0, 1.0]}, {}).ratio(OURS, JAX) == 2


def test_a_contender_that_a_work_has_not_leaves_its_cell_empty():
    rows = rows_of([timed({JAX: 1.0}, floor=1, book=1, bare=1, jax=1), timed({}, floor=1, book=1, jax=1)])
    assert [row.split("|")[4].strip() for row in rows[:2]] == ["1.00", ""]


def test_memory_stands_beside_that_of_whoever_was_measured():
    memory = section([timed({}, floor=1, book=1, jax=1), timed({}, floor=1, jax=1)]).split("Memory")[1]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in memory.splitlines() if "|" in line]
    assert rows[0] == ["MB", OURS, BOOK, JAX]
    assert rows[2:] == [["work", "2.00", "1.00", "1.50"], ["work", "2.00", "", "1.50"]]


def test_the_spread_over_the_turns_is_that_of_their_middle_half():
    work = Timed("work", {}, {OURS: [1.0, 2.0, 3.0, 4.0, 9.0], JAX: [1.0] * 5}, {}, "openblas for Zen")
    assert "| work                     | 2–4       |" in section([work]).split("Spread")[1]


def test_the_kernel_is_named():
    assert "; matrix products by openblas for Zen." in section([timed({}, floor=1, jax=1)]).replace("\n", " ")


def test_nobody_is_pinned_to_an_older_kernel(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Prescott")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    with environment():
        assert "OPENBLAS_CORETYPE" not in os.environ
        assert os.environ["OMP_NUM_THREADS"] == "1"
    assert os.environ["OPENBLAS_CORETYPE"] == "Prescott"
    assert os.environ["OMP_NUM_THREADS"] == "7"
