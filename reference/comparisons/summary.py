"""What the entrance says of all results at once."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from reference.cases import DTYPES
from reference.comparisons.accuracy import Accuracy
from reference.comparisons.closeness import NOT_MEASURED, farther_of, why
from reference.comparisons.compared import LINE, Compared
from reference.comparisons.page import brief, table
from reference.comparisons.score import VERDICTS


def summary(compared: Iterable[Compared]) -> str:
    """Count the verdicts, and name the worst results, those that are farther, and what is not measured."""
    compared = list(compared)
    results = [each for one in compared for each in one.results]
    in_dtype = {dtype: [each for each in results if each.dtype == dtype] for dtype in DTYPES}
    header = ["dtype", "results", *(f"handgrad is {verdict}" for verdict in VERDICTS), "larger worst error"]
    rows = [_counts(dtype, those) for dtype, those in {**in_dtype, "all": results}.items()]
    notes = [*_worst(in_dtype), *_farther(results), *_unmeasured(compared)]
    return "\n\n".join([table(header, rows), "\n".join(notes)])


def _counts(dtype: str, results: Sequence[Accuracy]) -> list[object]:
    verdicts = Counter(each.score.verdict for each in results)
    larger = sum(each.worst > each.jax_worst for each in results)
    return [dtype, len(results), *(verdicts[verdict] for verdict in VERDICTS), larger]


def _worst(in_dtype: dict[str, list[Accuracy]]) -> Iterator[str]:
    for dtype, results in in_dtype.items():
        if results:
            ours, jaxs = max(results, key=lambda each: each.worst), max(results, key=lambda each: each.jax_worst)
            yield (
                f"- Worst of all in {dtype}: {brief(ours.worst)} ulps, {ours.result} of {ours.case}; "
                f"JAX's: {brief(jaxs.jax_worst)}, {jaxs.result} of {jaxs.case}."
            )


def _farther(results: Sequence[Accuracy]) -> Iterator[str]:
    for each in farther_of(results):
        yield f"- Farther: {each.result} of {each.case} in {each.dtype}. The reason: {why(each)}."


def _unmeasured(compared: Sequence[Compared]) -> Iterator[str]:
    for each in compared:
        for what, reason in each.unmeasured.items():
            where = f"along {LINE}" if what == LINE else f"in {what}"
            yield f"- {each.case} {where} is {NOT_MEASURED}: {reason}."
