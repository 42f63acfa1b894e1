"""The page's sections as a terminal shows them."""

import pytest

from reference.comparisons.page import table
from reference.comparisons.plain import plain


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("two **different** words", "two different* words"),
        ("the *Title* of a book", "the Title of a book"),
        ("**`[0.5, 0.5]`**", "[0.5, 0.5]*"),
        ("**da 1.2**, **db 3.4**", "da 1.2*, db 3.4*"),
        ("[`comparisons/book.py`](comparisons/book.py) has it", "comparisons/book.py has it"),
        ("`2 ** x ** y`, `a * b * c`, `t[0](1)`", "2 ** x ** y, a * b * c, t[0](1)"),
    ],
)
def test_marks_become_plain(markdown, text):
    assert plain(markdown) == text


def test_a_table_becomes_columns_that_line_up():
    markdown = table(["a", "answer"], [["`x | y`", "**1**"], ["2", "3"]])
    assert plain(f"Before.\n\n{markdown}\n\nAfter.") == "Before.\n\na      answer\nx | y  1*\n2      3\n\nAfter."
