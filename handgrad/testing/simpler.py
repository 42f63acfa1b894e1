"""Making an example that fails easy to read: as many zeros in it as it fails with, and ones for what is left."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from handgrad.testing.subject import AnyArray
from handgrad.testing.trial import Trial

TRIES = 40  # for each array, which leaves one number of a thousand where one is enough


def simpler(trial: Trial, fails: Callable[[Trial], bool]) -> Trial:
    """Change numbers of an example for simpler ones of their domain, as long as it fails.

    What is drawn as a whole, as rows that sum to 1 or what a strategy gives, stays.
    """
    for name, (low, high) in _domains(trial).items():
        for number in (0.0, 1.0):
            if low <= number <= high:
                trial = _with_more_of(number, trial, name, fails)
    return trial


def _domains(trial: Trial) -> dict[str, tuple[float, float]]:
    """Give the domain of each array of real numbers, upstream gradients among them."""
    described = trial.described.arguments.items()
    reals = {name: (each.low, each.high) for name, each in described if each.is_kink and name in trial.inputs}
    return {**reals, **dict.fromkeys(trial.douts, (-np.inf, np.inf))}


def _with_more_of(number: float, trial: Trial, name: str, fails: Callable[[Trial], bool]) -> Trial:
    """Put a number in the places of all others, or of the half of them, and so on down to single ones."""
    tries, length = TRIES, trial.arrays[name].size
    while length and tries:
        for places in _parts(trial.arrays[name], number, length):
            array = trial.arrays[name].copy()
            array.reshape(-1)[places] = number
            tried = _with(trial, name, array)
            trial, tries = tried if fails(tried) else trial, tries - 1
            if not tries:
                break
        length //= 2
    return trial


def _parts(array: AnyArray, number: float, length: int) -> Iterator[AnyArray]:
    """Cut the places of numbers that are not simple, nor what they are to be, into parts; -0 is not simple."""
    simple = (array == 0) & ~np.signbit(array)
    places = np.flatnonzero(~simple & (array != number) if number else ~simple)
    return (places[start : start + length] for start in range(0, len(places), length))


def _with(trial: Trial, name: str, array: AnyArray) -> Trial:
    """Give the example with another array."""
    if name in trial.inputs:
        return replace(trial, inputs={**trial.inputs, name: array})
    return replace(trial, douts={**trial.douts, name: array})
