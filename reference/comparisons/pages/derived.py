"""A layer's formula and its gradient, as its docstring has them."""

import inspect
import re
from typing import Any

RESULT = r"^so that (d.+?)\.(?:\s|\Z)"


def formula_of(layer: Any) -> tuple[str, str]:
    """Give the first line of a layer's docstring: what it does, and the formula."""
    first, _, _ = (inspect.getdoc(layer) or "").partition("\n")
    does, _, formula = first.partition(": ")
    return does.removesuffix("."), formula.removesuffix(".")


def gradient_of(layer: Any) -> str:
    """Give what the derivation in a layer's docstring comes to: the sentence that begins with "so that"."""
    derivation = (inspect.getdoc(layer) or "").partition("Derivation\n")[2]
    found = re.search(RESULT, derivation, re.MULTILINE | re.DOTALL)
    return " ".join(found[1].split()) if found else ""
