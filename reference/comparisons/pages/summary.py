"""What the entrance says of all results at once."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from reference.cases import DTYPES
from reference.comparisons.accuracy import Accuracy
from reference.comparisons.compared import LINE, Compared
from reference.comparisons.pages.closeness import NOT_MEASURED, farther_of, why
from reference.comparisons.pages.markdown import brief, table
from reference.comparisons.score import VERDICTS


def summary(compared: Iterable[Compared]) -> str:
    """Count the verdicts, and name the worst results, those that are farther, and what is not measured."""
    compared = list(compared)
    results = [each for one in compared for each in one.results]
    in_dtype = {dtype: [each for each in results if each.dtype == dtype] for dtype in DTYPES}
    header = ["dtype", "results", *(f"handgrad is {verdict}" for verdict in VERDICTS)]
    rows = [_counts(dtype, those) for dtype, those in {**in_dtype, "all": results}.items()]
    notes = [*_worst(in_dtype), _larger(results), *_farther(results), *_unmeasured(compared)]
    return "\n\n".join([table(header, rows), "\n".join(notes)])


def _counts(dtype: str, results: Sequence[Accuracy]) -> list[object]:
    verdicts = Counter(each.score.verdict for each in results)
    return [dtype, len(results), *(verdicts[verdict] for verdict in VERDICTS)]


def _worst(in_dtype: dict[str, list[Accuracy]]) -> Iterator[str]:
    for dtype, results in in_dtype.items():
        if results:
            ours, jaxs = max(results, key=lambda each: each.worst), max(results, key=lambda each: each.jax_worst)
            yield (
                f"- Worst of all in {dtype}: {brief(ours.worst)} ulps, {ours.result} of {ours.case}; "
                f"JAX's: {brief(jaxs.jax_worst)}, {jaxs.result} of {jaxs.case}."
            )


def _larger(results: Sequence[Accuracy]) -> str:
    """Say how often the worst error of all is the larger one, whatever the verdict."""
    larger = [each for each in results if each.worst > each.jax_worst]
    if not larger:
        return "- No worst error is larger than JAX's."
    most = max(larger, key=lambda each: each.worst - each.jax_worst)
    return (
        f"- Worst errors larger than JAX's: {len(larger)} of {len(results)}, by {brief(most.worst - most.jax_worst)} "
        f"ulps at most, {most.result} of {most.case} in {most.dtype}."
    )


def _farther(results: Sequence[Accuracy]) -> Iterator[str]:
    found = farther_of(results)
    if not found:
        yield "- No result is farther than JAX's."
    for each in found:
        yield f"- Farther: {each.result} of {each.case} in {each.dtype}. The reason: {why(each)}."


def _unmeasured(compared: Sequence[Compared]) -> Iterator[str]:
    for each in compared:
        for what, reason in each.unmeasured.items():
            where = f"along {LINE}" if what == LINE else f"in {what}"
            yield f"- {each.case} {where} is {NOT_MEASURED}: {reason}."
