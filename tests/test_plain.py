"""The pages as a terminal shows them."""

import pytest

from reference.comparisons.pages.markdown import folded, table
from reference.comparisons.pages.plain import plain


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("two **different** words", "two different* words"),
        ("the *Title* of a book", "the Title of a book"),
        ("**`[0.5, 0.5]`**", "[0.5, 0.5]*"),
        ("**da 1.2**, **db 3.4**", "da 1.2*, db 3.4*"),
        ("[`comparisons/book.py`](comparisons/book.py) has it", "comparisons/book.py has it"),
        ("`2 ** x ** y`, `a * b * c`, `t[0](1)`", "2 ** x ** y, a * b * c, t[0](1)"),
        ("## Relu", "Relu\n===="),
        ("### How close", "How close\n---------"),
        ("```text\nout = x_1 * x_2\n```", "    out = x_1 * x_2"),
    ],
)
def test_marks_become_plain(markdown, text):
    assert plain(markdown) == text


def test_a_table_becomes_columns_that_line_up():
    markdown = table(["a", "answer"], [["`x | y`", "**1**"], ["2", "3"]])
    assert plain(f"Before.\n\n{markdown}\n\nAfter.") == "Before.\n\na      answer\nx | y  1*\n2      3\n\nAfter."


def test_what_is_folded_is_shown_below_its_summary():
    assert (
        plain(f"Before.\n\n{folded('Other cases', 'Some.')}\n\nAfter.")
        == "Before.\n\nOther cases:\n\nSome.\n\nAfter."
    )


def test_lines_are_as_long_as_the_terminal_is_wide():
    assert plain("one two three\nfour five", width=9) == "one two\nthree\nfour five"


def test_items_hang():
    markdown = "- At the kink, `x = [0, -0]`:\n  more\n  - `jnp.maximum(x, 0)`: **`[0.5]`**"
    assert plain(markdown, width=20).splitlines() == [
        "- At the kink, x =",
        "  [0, -0]: more",
        "  - jnp.maximum(x,",
        "    0): [0.5]*",
    ]


def test_the_terminal_tells_how_wide_it_is(monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    assert max(map(len, plain("word " * 40).splitlines())) <= 20
