"""The page that a failure prints: what does not hold, on which example, and Python that shows it again."""

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from handgrad.testing.found import Failure, attempt
from handgrad.testing.page.script import script
from handgrad.testing.page.script.literals import assignment
from handgrad.testing.severity import CONTRACT, INEXACT, WRONG
from handgrad.testing.trial import Trial

LONGEST = 900  # letters of an array that anybody would read
MEANINGS = {
    WRONG: "Wrong, as of another function:",
    INEXACT: "Inexact, which is right but for digits that are lost:",
    CONTRACT: "Against the contract, which changes no number here:",
}


def write_page(layer: str, diagnoses: Mapping[str, str], failures: Sequence[Failure], summary: Sequence[str]) -> str:
    """Write what is probably wrong, every property that failed, the worst first, and what held."""
    by_property = _by_property(diagnoses, failures)
    first, cause = next(iter(by_property.values()))[0], next(iter(diagnoses.values()))
    return "\n\n".join(
        [
            f"{layer} fails in {len(by_property)} {'property' if len(by_property) == 1 else 'properties'}.",
            *_probably("", _beside(first.complaint, cause)),
            *write_sections(diagnoses, failures, cause),
            *(["\n".join(_wrapped("", line) for line in summary)] if summary else []),
            attempt(lambda: _again(script(first)), "The script that shows it again could not be written"),
        ]
    )


def write_sections(diagnoses: Mapping[str, str], failures: Sequence[Failure], said: str = "") -> list[str]:
    """Write every property that failed, below how bad that is, without the diagnosis that has been said."""
    sections, last = [], ""
    for name, same in _by_property(diagnoses, failures).items():
        if same[0].severity != last:
            sections.append(MEANINGS[same[0].severity])
        sections.append(_section(same, diagnoses[name], said))
        last = same[0].severity
    return sections


def _by_property(diagnoses: Mapping[str, str], failures: Sequence[Failure]) -> dict[str, list[Failure]]:
    """Sort failures by property, in the order of the diagnoses, the worst of each first."""
    by_property = {name: [each for each in failures if each.property.__name__ == name] for name in diagnoses}
    return {name: sorted(same, key=lambda each: each.rank) for name, same in by_property.items() if same}


def _again(text: str) -> str:
    """Introduce a script, which may ask for something in comments."""
    asks = ", once what its comments ask for is done" if re.search("^# (define|rename) ", text, re.MULTILINE) else ""
    return f"This shows the first of them again{asks}:\n\n{textwrap.indent(text, '    ')}"


def _beside(complaint: str, diagnosis: str) -> str:
    """Give what a diagnosis says beside the complaint, which the page has in its place."""
    return diagnosis.replace(f": {complaint}", "").replace(complaint, "").lstrip(":, ")


def _probably(indent: str, diagnosis: str) -> list[str]:
    return [_wrapped(f"{indent}Probably: ", f"{diagnosis.removesuffix('.')}.")] if diagnosis else []


def _section(failures: Sequence[Failure], diagnosis: str, said: str) -> str:
    """Describe the failures of one property in several dtypes by the first of them, with what has not been said."""
    first, dtypes = failures[0], ", ".join(str(failure.trial.dtype) for failure in failures)
    meaning = " ".join(str(first.property.__doc__).split())
    new = diagnosis != said and first.complaint not in diagnosis
    return "\n".join(
        [
            _wrapped("", f"{first.property.__name__} ({dtypes}): {meaning}"),
            _wrapped("  ", first.complaint),
            *_probably("  ", diagnosis if new else ""),
            attempt(lambda: _example(first.trial), "    The example could not be written"),
        ]
    )


def _example(trial: Trial) -> str:
    """Show the arguments of an example."""
    arguments = {**trial.inputs, **trial.options, **trial.douts}
    return textwrap.indent("\n".join(_shown(name, each) for name, each in arguments.items()), "    ")


def _shown(name: str, given: Any) -> str:
    """Show an argument, but say only what a large array is."""
    if not isinstance(given, np.ndarray):
        return textwrap.shorten(f"{name} = {given!r}", 92)
    lines = assignment(name, given)
    if len("\n".join(lines)) > LONGEST:
        return f"{name}: {given.dtype} in the shape {given.shape}"
    return "\n".join(lines)


def _wrapped(label: str, text: str) -> str:
    return textwrap.fill(label + text, 96, subsequent_indent=" " * len(label), break_long_words=False)
