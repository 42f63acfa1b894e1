"""Which numbers a search tries: tables of 256 of them, in which the bytes that Hypothesis draws look them up.

Simple numbers come first, towards which Hypothesis shrinks; then any numbers; and in the second half those that are
to be frequent.

A layer may be wrong on a stretch of the line only: where it falls back to another formula, beside a kink, at the end
of its domain. So tables leave no gaps. Between them they have every scale from 1e-6 to 1e4; numbers where functions
turn, at which exp, tanh and log1p saturate or overflow in one dtype or another (17, 37, 88, 104, 709, 745); the whole
of a declared domain, with both ends; and both sides of every declared kink, from one ulp away to 0.1.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.testing.dtypes import limits

Numbers = npt.NDArray[np.float64]

TABLE = 256
SPECIAL = (0.0, 1.0, -1.0, -0.0, 0.5, 2.0)
SCALES = (1.0, 1e-3, 1e3, 1.0, 1e-6, 1e3, 1.0, 1e-3)  # what occurs more often is drawn more often
FAR = 1e3  # added to numbers, their differences cancel
ALL_EQUAL = (0.0, 1.0)
SCALES_AND_OFFSETS = (
    *((scale, -0.0) for scale in SCALES),  # adding -0.0 keeps the sign of a zero
    *((scale, FAR) for scale in sorted({*SCALES})),
    ALL_EQUAL,
)
EVERY_SCALE, TURNING = (1e-6, 1e4), (10.0, 1e3)
CLEARLY_BESIDE, BESIDE = 1e-4, 0.1
ANY = TABLE // 2
EVENLY = (np.arange(ANY) + np.random.default_rng(0).random(ANY)) / ANY  # from 0 to 1
SIGNS = np.resize([1.0, -1.0], ANY)


def real_tables(low: float, high: float, kinks: Sequence[float], dtype: np.dtype[Any]) -> list[Numbers]:
    """Make the tables of a domain: its numbers near 1; those without gaps; those near 1, scaled and shifted."""
    base = near_1(low, high, kinks)
    gapless = [
        numbers[(low <= numbers) & (numbers <= high) & (np.abs(numbers) <= float(limits(dtype).max))]
        for numbers in without_gaps(low, high, kinks, dtype)
    ]
    scaled = [_within(low, high, base * scale + offset, base) for scale, offset in SCALES_AND_OFFSETS]
    return [base, *(table(_nearest_first(numbers), numbers) for numbers in gapless if numbers.size), *scaled]


def near_1(low: float, high: float, kinks: Sequence[float]) -> Numbers:
    """Make a table of special numbers, which tie, among any from -10 to 10, or as near to that as a domain is."""
    bottom, top = max(low, min(-10.0, 2 * high)), min(high, max(10.0, 2 * low))
    special = [number for number in (*SPECIAL, *kinks, low, high) if bottom <= number <= top]
    any_numbers = bottom + (top - bottom) * np.random.default_rng(0).random(ANY - len(special))
    return table([*special, *sorted(any_numbers, key=abs)], special)


def without_gaps(low: float, high: float, kinks: Sequence[float], dtype: np.dtype[Any]) -> Iterator[Numbers]:
    """Give numbers where functions turn, of every scale, of the whole domain, and beside its kinks."""
    yield SIGNS * between(*TURNING)
    yield -SIGNS * between(*TURNING)
    yield SIGNS * between(*EVERY_SCALE)
    for end, other, inwards in ((low, high, 1.0), (high, low, -1.0)):
        if math.isfinite(end):
            distance = abs(other - end) * EVENLY if math.isfinite(other) else between(*EVERY_SCALE)
            yield end + inwards * np.where(np.arange(ANY) % 4, distance, 0)
    if kinks:
        turn = np.arange(ANY)  # below and above, two from one ulp away on, two from CLEARLY_BESIDE on; then the next
        at = np.array(kinks, np.float64)[turn // 4 % len(kinks)]
        ulp = np.spacing(np.where(at == 0, 1, np.abs(at)).astype(dtype)).astype(np.float64)
        yield at + np.where(turn % 2, 1, -1) * between(np.where(turn % 4 < 2, ulp, CLEARLY_BESIDE), BESIDE)


def between(smallest: Any, largest: float) -> Numbers:
    """Give positive numbers of all scales: as many from 1 to 10 as from 10 to 100."""
    return np.asarray(smallest * (largest / smallest) ** EVENLY)


def _within(low: float, high: float, wanted: Numbers, otherwise: Numbers) -> Numbers:
    """Take numbers of a domain, and others of it in the place of those that are outside."""
    return np.where((low <= wanted) & (wanted <= high), wanted, otherwise)


def _nearest_first(numbers: Numbers) -> Numbers:
    return numbers[np.argsort(np.abs(numbers), kind="stable")]


def table(simple_first: npt.ArrayLike, often: npt.ArrayLike) -> Numbers:
    """Make a table of 256 numbers, the second half of it of those that are to be frequent."""
    first, frequent = np.asarray(simple_first, np.float64), np.asarray(often, np.float64)
    return np.concatenate([np.resize(first, ANY), np.resize(frequent if frequent.size else first, ANY)])
