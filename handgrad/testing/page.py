"""The page that a failure prints: what does not hold, on which example, and Python that shows it again."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from handgrad.testing.dtypes import is_floating
from handgrad.testing.search import Failure
from handgrad.testing.subject import AnyArray, Subject, positional_only
from handgrad.testing.trial import Trial, gradients


def page(name: str, diagnoses: Mapping[str, str], failures: Sequence[Failure], summary: Sequence[str]) -> str:
    """Print what is probably wrong, every property that failed, the likeliest cause first, and what held."""
    by_property = {
        name: same
        for name in diagnoses
        if (same := [failure for failure in failures if failure.property.__name__ == name])
    }
    first, cause = next(iter(by_property.values()))[0], next(iter(diagnoses.values()))
    return "\n\n".join(
        [
            f"{name} fails in {len(by_property)} {'property' if len(by_property) == 1 else 'properties'}.",
            *_probably("", _beside(first.complaint, cause)),
            *(_section(same, diagnoses[name], cause) for name, same in by_property.items()),
            *(["\n".join(_wrapped("", line) for line in summary)] if summary else []),
            f"This shows the first of them again:\n\n{textwrap.indent(reproduction(first.trial), '    ')}",
        ]
    )


def _beside(complaint: str, diagnosis: str) -> str:
    """Give what a diagnosis says beside the complaint, which the page has in its place."""
    return diagnosis.replace(f": {complaint}", "").replace(complaint, "").lstrip(":, ")


def _probably(indent: str, diagnosis: str) -> list[str]:
    return [_wrapped(f"{indent}Probably: ", f"{diagnosis.removesuffix('.')}.")] if diagnosis else []


def _section(failures: Sequence[Failure], diagnosis: str, said: str) -> str:
    """Describe the failures of one property in several dtypes by the first of them, with what has not been said."""
    first, dtypes = failures[0], ", ".join(str(failure.trial.dtype) for failure in failures)
    new = diagnosis != said and first.complaint not in diagnosis
    return "\n".join(
        [
            _wrapped("", f"{first.property.__name__} ({dtypes}): {first.property.__doc__}"),
            _wrapped("  ", first.complaint),
            *_probably("  ", diagnosis if new else ""),
            *(f"    {line}" for line in arguments(first.trial)),
        ]
    )


def arguments(trial: Trial) -> list[str]:
    """Write a trial's arguments as Python, a line each."""
    drawn = {**trial.inputs, **trial.options, "dout": trial.dout}
    return [
        f"{name} = {literal(each) if isinstance(each, np.ndarray) else repr(each)}" for name, each in drawn.items()
    ]


def reproduction(trial: Trial) -> str:
    """Write Python that runs the layer and JAX on a trial's arguments."""
    subject, reference = trial.subject, trial.oracle.reference
    names = [*trial.inputs, *trial.options]
    wrt = _differentiated(trial)
    return "\n".join(
        [
            "import jax",
            "import numpy as np",
            "from numpy import inf, nan",
            *_definition(subject.make, "layer"),
            *_definition(reference, "reference"),
            "",
            'jax.config.update("jax_enable_x64", True)',
            *arguments(trial),
            "",
            *(_run_of_function(subject) if subject.is_function else _run_of_layer(subject)),
            *(f"{name} = {name}.astype(np.float64)" for name in (*wrt, "dout")),
            f"twin = lambda {', '.join(wrt)}: {_call(reference, 'reference', names)}",
            f"out, pullback = jax.vjp(twin, {', '.join(wrt)})",
            "print(out)",
            "print(*pullback(dout))",
        ]
    )


def _run_of_layer(subject: Subject) -> list[str]:
    params = "".join(f", layer.d{name}" for name in subject.constructor_names)
    return [
        f"layer = {_call(subject.make, 'layer', subject.constructor_names)}",
        f"print(layer.forward({_keywords(subject.forward_names)}))",
        f"print(layer.backward(dout){params})",
    ]


def _run_of_function(subject: Subject) -> list[str]:
    return [
        f"out, pullback = {_call(subject.make, 'layer', subject.forward_names)}",
        "print(out)",
        "print(pullback(dout))",
    ]


def _differentiated(trial: Trial) -> list[str]:
    try:
        return list(gradients(trial.results))
    except Exception:  # the failure may be that the layer raises
        return [name for name, array in trial.inputs.items() if is_floating(array)]


def _definition(given: Callable[..., Any], fallback: str) -> list[str]:
    """Import a class or function; or give its source, if it can be found; or say that it has to be there."""
    inner = getattr(given, "func", given)
    name, module = _called(inner, fallback), getattr(inner, "__module__", "__main__")
    if module != "__main__" and getattr(inner, "__qualname__", "") == name:
        return [f"from {module} import {name}"]
    bases = (
        [each for each in reversed(inner.__mro__) if each.__module__ == module]
        if isinstance(inner, type)
        else [inner]
    )
    sources = [_source(each, name) for each in bases]
    return (
        ["", *"\n".join(sources).splitlines(), ""] if all(sources) else [f"# {name} is what you gave to check_layer"]
    )


def _source(given: Callable[..., Any], name: str) -> str:
    """Find the source of a class or function, or of a lambda, if it is the only one of its statement."""
    try:
        source = textwrap.dedent(inspect.getsource(given))
        tree = ast.parse(source)
    except (OSError, TypeError, SyntaxError):  # typed at a prompt, or part of a longer statement
        return ""
    if source.startswith(("class ", "def ")):
        return source
    lambdas = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Lambda)]
    return f"{name} = {lambdas[0]}\n" if len(lambdas) == 1 else ""


def _called(function: Callable[..., Any], fallback: str) -> str:
    name = getattr(function, "__name__", fallback)
    return name if name.isidentifier() else fallback


def _call(function: Callable[..., Any], fallback: str, names: Sequence[str]) -> str:
    """Write a call by name, with the options that a functools.partial carries."""
    name = _called(getattr(function, "func", function), fallback)
    first = positional_only(function, names)
    carried = [repr(each) for each in getattr(function, "args", ())]
    options = [f"{option}={value!r}" for option, value in getattr(function, "keywords", {}).items()]
    rest = [each for each in names if each not in first]
    return f"{name}({', '.join(filter(None, [*carried, *first, _keywords(rest), *options]))})"


def _keywords(names: Sequence[str]) -> str:
    return ", ".join(f"{name}={name}" for name in names)


def literal(array: AnyArray) -> str:
    """Write an array as Python that gives it back to the bit."""
    dtype = {"bool": "bool", "bfloat16": '"bfloat16"'}.get(str(array.dtype), f"np.{array.dtype}")
    if array.size == 0:
        return f"np.zeros({array.shape}, {dtype})"
    if array.size > 1 and array.tobytes() == array.ravel()[:1].tobytes() * array.size:
        return f"np.full({array.shape}, {array.ravel()[0].item()!r}, {dtype})"
    return f"np.array({array.tolist()}, {dtype})"


def _wrapped(label: str, text: str) -> str:
    return textwrap.fill(label + text, 96, subsequent_indent=" " * len(label), break_long_words=False)
