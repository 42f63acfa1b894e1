"""`check_layer`: every property, on examples that Hypothesis invents, in every dtype."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy.typing as npt

from handgrad.testing.diagnosis import diagnose
from handgrad.testing.dtypes import as_floating
from handgrad.testing.found import Found
from handgrad.testing.inputs import Inputs
from handgrad.testing.inputs.drawing import Settings
from handgrad.testing.oracle import Oracle
from handgrad.testing.outputs import called
from handgrad.testing.report import Report
from handgrad.testing.search import Search
from handgrad.testing.severity import ALLOWABLE
from handgrad.testing.subject import Subject, an

DTYPES = ("float64", "float32")


def check_layer(
    layer: Callable[..., Any],
    reference: Callable[..., Any],
    inputs: Inputs,
    *,
    max_examples: int = 100,
    dtypes: Sequence[npt.DTypeLike] = DTYPES,
    seed: int = 0,
    climb: bool = False,
    allow: Collection[str] = (),
    raises: bool = True,
) -> Report:
    """Compare a layer with a pure JAX function, and check that it behaves as a layer should.

    Parameters
    ----------
    layer
        A class or factory. What its signature names of `inputs` goes to it, the rest to its ``forward``; options
        that are always the same come in with `functools.partial`. Its ``backward`` returns the gradient of the
        first input, a tuple for the leading ones, or None; gradients of what the constructor took are left in
        attributes ``d<name>``. Of several outputs in a tuple, it takes an upstream gradient each; of some in a dict,
        a dict. Or a function of all inputs that returns ``(out, pullback)``. `handgrad.testing.adapters` makes one of
        either from other forms.
    reference
        A JAX function that takes all inputs by name and returns what the layer does: an array, or several in a
        tuple, also one with named fields, or in a dict.
    inputs
        What `arrays` makes.
    max_examples
        About how many examples to try in each dtype; each shape gets three at least.
    dtypes
        Which floating dtypes to try. A layer that claims to be good in them can be tried in "bfloat16", in which
        sums need a wider dtype, and in "float16", in which squares overflow at 256, too.
    seed
        Which examples to draw. The same seed draws the same ones in every run.
    climb
        Let half of the examples look for the worst error that the other half found.
    allow
        What is reported and does not raise: properties that are a matter of manners, such as ["dtype", "detached"],
        and "inexact" for results that are right but for digits that are lost.
    raises
        Whether a failure raises. If not, its report is returned.

    Returns
    -------
    Report
        What was tried, what held, and how close the results were. Print it.

    Raises
    ------
    AssertionError
        If a property fails that is not allowed to, with a page about all that do.
    TypeError, ValueError
        If the layer, the reference and the inputs do not go together.
    """
    __tracebackhide__ = True  # a failure is about the layer; pytest leaves out the frames of the checker
    if not isinstance(inputs, Inputs):
        raise TypeError(f"inputs is {an(type(inputs).__name__)}; expected what arrays(...) makes")
    if isinstance(dtypes, str) or not isinstance(dtypes, Sequence):
        raise TypeError(f"dtypes is {dtypes!r}; expected a list of them, such as ['float32']")
    if not dtypes:
        raise ValueError("dtypes is empty, and checking in no dtype would prove nothing")
    if not isinstance(max_examples, int):
        raise TypeError(f"max_examples is {max_examples!r}; expected a whole number")
    if max_examples < 1:
        raise ValueError(f"max_examples is {max_examples}, which would prove nothing; expected 1 or more")
    _expect_allowable(allow)
    _expect_something_to_check(inputs)
    subject, oracle = Subject(layer, list(inputs.arguments), inputs.nested), Oracle(reference, inputs.nested)
    oracle.expect_to_take(inputs.arguments)
    settings = Settings(max_examples, seed, climb)
    searches = {str(dtype): Search(subject, oracle, inputs, dtype, settings) for dtype in map(as_floating, dtypes)}
    found = [search.run() for search in searches.values()]
    _expect_numbers(found)
    failures = [failure for each in found for failure in each.failures]
    diagnoses = diagnose(failures, lambda dtype: searches[dtype].sample())
    report = Report(subject.name, found, diagnoses, frozenset(allow))
    if raises and report.blamed:
        raise AssertionError(str(report))
    return report


def _expect_allowable(allow: Collection[str]) -> None:
    """Raise ValueError unless all that is to be allowed changes no number, or digits alone."""
    if isinstance(allow, str) or not isinstance(allow, Collection):
        raise TypeError(f"allow is {allow!r}; expected a list, such as ['dtype']")
    if unknown := [name for name in allow if name not in ALLOWABLE]:
        raise ValueError(f"allow has {', '.join(map(repr, unknown))}; expected some of {', '.join(ALLOWABLE)}")


def _expect_numbers(found: Sequence[Found]) -> None:
    """Raise ValueError where the reference has no number for a result in any example."""
    for each in found:
        if never := [called(name) for name in each.undefined if name not in each.defined]:
            raise ValueError(
                f"the reference is NaN wherever it gives {' and '.join(never)}, and that would prove nothing"
            )


def _expect_something_to_check(inputs: Inputs) -> None:
    """Raise ValueError where arguments have names of results, or would always be empty."""
    if reserved := {"out", "dout"}.intersection(inputs.arguments):
        raise ValueError(
            f"the inputs name {' and '.join(sorted(reserved))}, as the checker calls the output "
            "and its gradient; call the argument something else"
        )
    if all(0 in shape for shape in inputs.shapes()):
        raise ValueError("the inputs have no elements at any lengths of their axes, and that would prove nothing")
