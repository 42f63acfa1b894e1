"""One line about what is probably wrong: explanations, tried on examples that fail and on such that hold."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from handgrad.testing.diagnosis.anatomy import of_constants, of_steps
from handgrad.testing.diagnosis.conditions import at_a_kink, condition, where
from handgrad.testing.diagnosis.explanations import Explanations, explain, of_gradient, of_value
from handgrad.testing.diagnosis.jumps import beside_a_jump
from handgrad.testing.diagnosis.residuals import (
    UNEXPLAINED,
    added,
    fits_own_forward,
    is_cancellation,
    is_narrow,
    loses_digits,
    size_of_error,
)
from handgrad.testing.found import Failure, attempt
from handgrad.testing.oracle.agreement import LIMIT
from handgrad.testing.outputs import called, gradients, is_output, values
from handgrad.testing.properties import BATTERY, Property
from handgrad.testing.properties.contract import does_run, dtype, quiet, runs, shape
from handgrad.testing.properties.layout import laid_out, layouts
from handgrad.testing.properties.memory import detached, pure, read_only, unshared
from handgrad.testing.properties.numbers import confined, defined, gradient, kinks, value, zero
from handgrad.testing.properties.state import deterministic, repeatable, separate, stateless
from handgrad.testing.properties.targets import masked, refuses
from handgrad.testing.severity import is_wrong_in_wider
from handgrad.testing.subject import AnyArray, Results
from handgrad.testing.trial import DOUBTFUL, Complaint, Trial

REFERENCE_OVERFLOWS = (
    "is finite where the reference is not: write the reference so that it does not overflow on the way, if it does; "
    "or else something bounds the layer"
)
OVERFLOWS = "overflows, or divides 0 by 0, where the reference is finite"
UNDEFINED = (
    "the reference, not the layer, has no number there: write it with jnp.where around what is NaN and around what "
    "goes into that, or describe inputs without such numbers"
)
DIGITS = "loses its digits"
NARROW = "is computed in float32 on the way: a constant, an array or a cast is narrower than the dtype under test"
SUMMED_ANEW = 1e-3  # of the largest number: float16 has no more digits
OF_DRAWS = (
    "let forward take what it draws, as in arrays(x='N', kept=flags('N')), or the seed of a generator that it makes "
    "itself, as in arrays(x='N', seed=st.integers(0, 9)), of which the reference makes its own"
)


def diagnose(failures: Sequence[Failure], sample: Callable[[str], Sequence[Trial]]) -> dict[str, str]:
    """Name the probable fault behind each property that fails, the likeliest cause of the worst first.

    Parameters
    ----------
    failures
        What failed.
    sample
        Gives many examples in a dtype.
    """
    first: dict[str, Failure] = {}
    for failure in sorted(failures, key=lambda failure: (failure.rank, CAUSES.index(failure.property))):
        first.setdefault(failure.property.__name__, failure)
    drawn = cache(sample)

    def say(failure: Failure) -> str:
        return attempt(
            lambda: _diagnose(failure, drawn(str(failure.trial.dtype)), set(first)),
            "not known, since diagnosing it raised",
        )

    return {name: say(failure) for name, failure in first.items()}


def _diagnose(failure: Failure, trials: Sequence[Trial], failed: set[str]) -> str:
    failing, holding = _split(failure.property, trials)
    only = condition(failing, holding) if failing else ""
    failing = failing or [failure.trial]
    if "kinks" in failed and failure.property in (gradient, kinks) and all(map(at_a_kink, failing)):
        return SENTENCES[kinks](failure)
    if failure.property is value:
        return _of_value(failing, holding, failed)
    if failure.property is gradient:
        return _of_gradient(failing, holding)
    said = _of_shape(failing) if failure.property is shape else SENTENCES[failure.property](failure)
    return f"{said}{f', only where {only}' if only else ''}"


def _split(holds: Property, trials: Sequence[Trial]) -> tuple[list[Trial], list[Trial]]:
    """Tell the examples for which a property fails from those for which it holds."""
    failing: list[Trial] = []
    holding: list[Trial] = []
    able = [trial for trial in trials if holds is runs or does_run(trial)]
    for trial in able:
        try:
            if holds(trial) is None:
                holding.append(trial)
        except Complaint as complaint:
            failing.append(complaint.trial or trial)
        except Exception:  # a layer that raises fails
            failing.append(trial)
    return failing, holding


def _of_value(failing: Sequence[Trial], holding: Sequence[Trial], failed: set[str]) -> str:
    what = _of_results(values, failing, lambda name, having: _of_output(name, having, holding))
    if what.endswith(REFERENCE_OVERFLOWS):
        return what
    if "gradient" not in failed:
        return f"forward, not backward, is at fault: {what}"
    fits = [fits for trial in failing if (fits := fits_own_forward(trial)) is not None]
    of_own = f"; backward {'is' if all(fits) else 'is not even'} the derivative of it" if fits else ""
    return f"forward is at fault: {what}{of_own}"


def _of_output(name: str, failing: Sequence[Trial], holding: Sequence[Trial]) -> str:
    finite = [np.isfinite(trial.kept[name]).all() for trial in failing]
    if all(finite) and all(not np.isfinite(trial.truth[name].value).all() for trial in failing):
        return REFERENCE_OVERFLOWS
    if not any(finite):
        infinite = all(np.isinf(trial.truth[name].value).any() for trial in failing)
        return "is not what the reference is where that is infinite" if infinite else OVERFLOWS
    what = _of_result(name, failing, holding, of_value)
    return OVERFLOWS if what.startswith(DIGITS) and not all(finite) else what


def _of_gradient(failing: Sequence[Trial], holding: Sequence[Trial]) -> str:
    what = _of_results(gradients, failing, lambda name, having: _of_result(name, having, holding, of_gradient))
    return f"backward: {what}"


def _of_results(
    kind: Callable[[Results], Results], failing: Sequence[Trial], say: Callable[[str, Sequence[Trial]], str]
) -> str:
    """Say what is wrong with results of a kind, each with all others of which the same can be said.

    What is wrong outright comes before what has but lost digits, and what is explained before what is not.
    """
    said, worst = {}, {}
    for name in dict.fromkeys(name for trial in failing for name in kind(trial.results)):
        having = [trial for trial in failing if name in trial.kept]
        if any(_is_wrong(trial, name) for trial in having):
            said[name] = say(name, having)
            worst[name] = max(float(trial.blamed[name].max()) for trial in having if _is_wrong(trial, name))
    in_order = sorted(said, key=lambda name: (worst[name] <= DOUBTFUL, UNEXPLAINED in said[name]))
    alike = {said[name]: [called(other) for other in said if said[other] == said[name]] for name in in_order}
    return "; ".join(f"{_each_of(names)} {what}" for what, names in alike.items())


def _each_of(names: Sequence[str]) -> str:
    *others, last = names
    return f"each of {', '.join(others)} and {last}" if others else last


def _of_result(
    name: str,
    failing: Sequence[Trial],
    holding: Sequence[Trial],
    explanations: Callable[[Trial, str], Explanations],
) -> str:
    """Explain a wrong result: everywhere; or where it is wrong; or under which condition; or at least by how much."""
    bad = [trial for trial in failing if _finite(trial, name) and _is_wrong(trial, name)]
    good = [trial for trial in holding if name in trial.kept and _finite(trial, name)]
    if not bad:
        own = all(np.isfinite(trial.kept[name]).all() for trial in failing)
        return f"is {'finite' if own else 'not finite'} where the reference is{' not' if own else ''}"
    if not is_output(name) and all(beside_a_jump(trial, name) for trial in bad):
        return (
            "follows another convention than the reference where the derivative jumps; either may be right: "
            "write the reference so that it has yours"
        )
    for each in (explanations, of_steps, of_constants):
        everywhere = explain([*bad, *good], name, each)
        if everywhere:
            return everywhere
    if is_narrow(bad, name):
        return NARROW
    only = condition(failing, holding)
    said = explain(bad, name, explanations) or added(bad, name) or _error(bad, name)
    return f"{said}{f', only where {only}' if only else ''}"


def _error(trials: Sequence[Trial], name: str) -> str:
    """Say what can be said of an error that nothing explains."""
    if loses_digits(trials, name):
        return f"{DIGITS}: the same formula is right, or far closer, in a wider dtype"
    if is_cancellation(trials, name) and not any(is_wrong_in_wider(trial, name) for trial in trials):
        return f"{DIGITS} where larger numbers cancel: it is off by no more than their rounding"
    place = where([_wrong(trial, name) for trial in trials], trials, name)
    return " ".join(filter(None, (size_of_error(trials, name), place)))


def _wrong(trial: Trial, name: str) -> AnyArray:
    return trial.blamed[name] > LIMIT if name in trial.blamed else np.zeros(trial.kept[name].shape, np.bool_)


def _is_wrong(trial: Trial, name: str) -> bool:
    return bool(_wrong(trial, name).any())


def _finite(trial: Trial, name: str) -> bool:
    return bool(np.isfinite(trial.kept[name]).all() and np.isfinite(trial.truth[name].value).all())


def _of_shape(failing: Sequence[Trial]) -> str:
    trial = max(failing, key=lambda each: sum(array.size for array in each.inputs.values()))
    broadcast = {name for name in trial.results if all(_is_broadcast(each, name) for each in failing)}
    said, douts = [], {dout.shape for dout in trial.douts.values()}
    for name, array in trial.results.items():
        want = trial.truth[name].value.shape
        if array.shape == want[::-1] != want:
            said.append(f"{called(name)} is transposed")
        elif array.shape != want and not is_output(name) and (array.shape in douts or name in broadcast):
            said.append(f"{called(name)} is not summed over the axes along which {name} is broadcast")
        elif array.ndim == len(want) and array.shape != want:
            said.append(f"{called(name)} has other lengths: {array.shape} instead of {want}")
        elif array.shape != want:
            said.append(f"{called(name)} has an axis too many or too few: {array.shape} instead of {want}")
    return said[0]


def _is_broadcast(trial: Trial, name: str) -> bool:
    """Tell whether a result has the length of another argument's axis wherever it should have the length 1."""
    want, got = trial.truth[name].value.shape, trial.results[name].shape
    return len(want) == len(got) and all(a in (1, b) for a, b in zip(want, got, strict=True))


def _keeps_a_generator(layer: Any, deep: int = 2) -> bool:
    """Tell whether a layer, or one that it is made of, holds a generator of random numbers, which goes on."""
    held = getattr(layer, "__dict__", {}).values()
    kinds = np.random.Generator | np.random.RandomState
    return any(isinstance(each, kinds) or (deep > 0 and _keeps_a_generator(each, deep - 1)) for each in held)


def _of_repetition(failure: Failure) -> str:
    try:
        again = failure.trial.again
    except Exception:  # backward raises when it is called again
        return failure.complaint
    first = gradients(failure.trial.kept)
    if any(_is_twice(again[name], first[name]) for name in first):
        return "backward accumulates: called again, it adds to what it gave before"
    return "backward depends on an earlier call: it changes what it needs, or keeps what it gave"


def _is_twice(again: AnyArray, first: AnyArray) -> bool:
    """Tell whether an array is another one doubled, but for the rounding of sums that went on from there."""
    largest = np.abs(first).max(initial=0)
    return bool(largest > 0 and np.allclose(again, 2 * first, rtol=0, atol=largest * SUMMED_ANEW))


SENTENCES: dict[Property, Callable[[Failure], str]] = {
    runs: lambda failure: failure.complaint,
    deterministic: lambda _: f"the layer keeps something outside of itself, or is random: {OF_DRAWS}",
    pure: lambda failure: f"the layer writes into its argument {failure.complaint.split(' ')[0]}, in place",
    kinks: lambda failure: f"wrong at a declared kink or tie: {failure.complaint}",
    repeatable: _of_repetition,
    stateless: lambda failure: (
        f"the layer draws from a generator that it keeps: {OF_DRAWS}"
        if _keeps_a_generator(failure.trial.run.layer)
        else "the layer remembers an earlier call: it gives what it gave then, or mixes that in; what it is meant to "
        "keep is declared by adapters.layer(..., state=...)"
    ),
    separate: lambda _: "layers share what they remember: keep it in self, and not in the class or outside of it",
    zero: lambda failure: f"a constant is added to the gradient: {failure.complaint}",
    detached: lambda _: "the layer hands out the very array that it remembers: return a copy, or make it read-only",
    unshared: lambda failure: f"{failure.complaint}: return a copy",
    read_only: lambda failure: f"read-only arrays are refused, or treated otherwise: {failure.complaint}",
    layouts: lambda failure: (
        f"results are wrong only where {laid_out(failure.trial)}: the layer relies on how memory is laid out"
    ),
    masked: lambda failure: f"masked entries count (0 · NaN is NaN: select, do not multiply): {failure.complaint}",
    confined: lambda failure: f"a NaN spreads to where it does not belong: {failure.complaint}",
    defined: lambda failure: f"{UNDEFINED}: {failure.complaint}",
    dtype: lambda failure: f"a dtype leaks in: {failure.complaint}",
    refuses: lambda failure: f"a label that names no class is taken for another class: {failure.complaint}",
    quiet: lambda failure: f"a finite number overflows or divides by 0 on the way: {failure.complaint}",
}

# an empty array that raises says less than a wrong result does
BEFORE_RUNS = BATTERY.index(gradient) + 1
CAUSES = (*BATTERY[1:BEFORE_RUNS], runs, *BATTERY[BEFORE_RUNS:])
