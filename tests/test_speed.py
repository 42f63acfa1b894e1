"""The stopwatch: what it counts, and that all contenders can be timed. How fast anything is, no test asserts."""

import numpy as np
import pytest

from reference.page import plain
from reference.speed import against, peak, processor, ratio
from reference.works import BOOK, OURS, TORCH, WORKS

SMALL = [
    work for work in (make() for make in WORKS) if not any(size in work.name for size in ("000", "4096", "50257"))
]


def test_a_ratio_is_the_median_over_the_turns():
    times = {OURS: [2.0, 3.0, 40.0], BOOK: [1.0, 2.0, 4.0]}
    assert ratio(times, BOOK) == 2.0


@pytest.mark.parametrize(
    ("target", "said"), [(None, "1.25"), (1.5, "1.25 (aim: 1.50)"), (1.0, "**1.25** (aim: 1.00)")]
)
def test_a_ratio_that_misses_its_aim_is_bold(target, said):
    assert against(1.25, target) == said


def test_the_peak_of_memory_is_that_of_one_step():
    assert 8e6 <= peak(lambda: np.ones(10**6)) < 9e6


def test_the_processor_has_a_name():
    assert processor()


@pytest.mark.parametrize("work", SMALL, ids=lambda work: work.name)
def test_every_contender_can_take_a_turn(work):
    for name, get_ready in work.contenders.items():
        if name != TORCH:
            get_ready()()


def test_a_terminal_gets_no_links_and_no_marks_of_code():
    assert plain("see [`book.py`](book.py), **3**, `x \\| y`") == "see book.py, **3**, x | y"
