"""The page that a failure prints: what does not hold, on which example, and Python that shows it again."""

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from handgrad.testing.found import Failure, attempt
from handgrad.testing.page.script import script
from handgrad.testing.page.script.literals import assignment
from handgrad.testing.trial import Trial

LARGEST = 100  # elements of an array that anybody would read


def write_page(layer: str, diagnoses: Mapping[str, str], failures: Sequence[Failure], summary: Sequence[str]) -> str:
    """Write what is probably wrong, every property that failed, the likeliest cause first, and what held."""
    by_property = {
        name: same
        for name in diagnoses
        if (same := [failure for failure in failures if failure.property.__name__ == name])
    }
    first, cause = next(iter(by_property.values()))[0], next(iter(diagnoses.values()))
    return "\n\n".join(
        [
            f"{layer} fails in {len(by_property)} {'property' if len(by_property) == 1 else 'properties'}.",
            *_probably("", _beside(first.complaint, cause)),
            *(_section(same, diagnoses[name], cause) for name, same in by_property.items()),
            *(["\n".join(_wrapped("", line) for line in summary)] if summary else []),
            attempt(lambda: _again(script(first)), "The script that shows it again could not be written"),
        ]
    )


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
    if given.size > LARGEST:
        return f"{name}: {given.dtype} in the shape {given.shape}"
    return "\n".join(assignment(name, given))


def _wrapped(label: str, text: str) -> str:
    return textwrap.fill(label + text, 96, subsequent_indent=" " * len(label), break_long_words=False)
