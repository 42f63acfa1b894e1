"""The page of a family of layers."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

from reference.cases import Case, by_layer
from reference.comparisons.compared import Compared
from reference.comparisons.pages.about import Rows, about_layer
from reference.comparisons.pages.markdown import PAGES, folded, paragraph
from reference.comparisons.pages.reading import how_to_read


def page_of(family: str) -> Path:
    """Tell where the page of a family is."""
    return PAGES / f"{family}.md"


def family_page(family: str, cases: Sequence[Case], compared: Mapping[str, Compared], rows: Rows) -> str:
    """Write a family's page: what it is, how to read it, and a section for each layer."""
    guide = folded("How to read this page", how_to_read(cases, compared, illustrated=True))
    sections = [about_layer(those, compared, rows, illustrated=True) for those in by_layer(cases).values()]
    return "\n\n".join([introduction(family, cases), guide, *sections]) + "\n"


def introduction(family: str, cases: Sequence[Case]) -> str:
    """Say what a family is, and where it is."""
    room = import_module(cases[0].layer_class.__module__)
    does = (room.__doc__ or "").partition("\n\n")[0].strip()
    where = (
        f"Layers: {', '.join(f'[{layer}](#{layer.lower()})' for layer in by_layer(cases))}. "
        f"Their code: [`handgrad/{family}.py`](../handgrad/{family}.py); what they must equal in JAX: "
        f"[`{family}.py`]({family}.py); what both are given: [`cases/{family}.py`](cases/{family}.py). "
        "[All families](README.md)."
    )
    return "\n\n".join([f"# {family.capitalize()}", does, paragraph(where)])
