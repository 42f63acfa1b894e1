"""How close a case is to the exact results, beside JAX: the table and what is to be said below it."""

from collections.abc import Iterator, Sequence

from reference.cases import DTYPES, Case
from reference.comparisons.accuracy import Accuracy
from reference.comparisons.compared import LINE, Compared
from reference.comparisons.pages.markdown import brief, table

NOT_MEASURED = "not measured"


def closeness(case: Case, compared: Compared) -> str:
    """Set the worst errors of a case beside JAX's, a column for each dtype."""
    names = list(dict.fromkeys(each.result for each in compared.results))
    header = ["result", *(column for dtype in DTYPES for column in (dtype, "JAX"))]
    rows = [[name, *(cell for dtype in DTYPES for cell in _cells(compared, name, dtype))] for name in names]
    return "\n\n".join(filter(None, [inputs_of(case), table(header, rows), "\n".join(_notes(compared))]))


def inputs_of(case: Case) -> str:
    """Write down the inputs of a case with their axes."""
    axes = {name: "drawn" if each.drawn else ", ".join(each.axes) for name, each in case.inputs.arguments.items()}
    return f"{case.name}: {', '.join(f'{name} ({each})' for name, each in axes.items())}"


def _cells(compared: Compared, name: str, dtype: str) -> list[str]:
    found = [each for each in compared.results if (each.result, each.dtype) == (name, dtype)]
    return [text for each in found for text in (_ours(each), brief(each.jax_worst))] or [NOT_MEASURED, ""]


def _ours(each: Accuracy) -> str:
    worst = f"**{brief(each.worst)}**" if each.worst > each.jax_worst else brief(each.worst)
    return worst if each.score.verdict == "as close" else f"{worst} {each.score.verdict}"


def _notes(compared: Compared) -> Iterator[str]:
    for dtype, reason in compared.unmeasured.items():
        if dtype != LINE:
            yield f"- {dtype} is {NOT_MEASURED}: {reason}."
    yield from map(farther, farther_of(compared.results))


def farther_of(results: Sequence[Accuracy]) -> list[Accuracy]:
    """Pick the results that are farther from the exact ones than JAX's."""
    return [each for each in results if each.score.verdict == "farther"]


def farther(result: Accuracy) -> str:
    """Say by how much a result is farther, and why."""
    with_it, without = (
        f"JAX is closer in {score.theirs} examples, handgrad in {score.ours}"
        for score in (result.score, result.unoptimised)
    )
    return (
        f"- Farther: {result.result} in {result.dtype}. {with_it}; without the optimiser, {without}. "
        f"The reason: {why(result)}."
    )


def why(result: Accuracy) -> str:
    """Give the reason why a result is farther."""
    goes = 2 * result.unoptimised.lead < result.score.lead
    return "FMA" if goes else "another order of summation, another formula, or chance"
