"""What a person reads of a failure, with the script that shows it again."""

from handgrad.testing.page.page import write_page, write_sections

__all__ = ["write_page", "write_sections"]
