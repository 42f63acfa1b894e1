"""Whose memory is whose: nothing is written to that is not the layer's own, and nothing is shared."""

from collections.abc import Mapping

import numpy as np

from handgrad.testing.outputs import called, is_output
from handgrad.testing.properties.state import others_than
from handgrad.testing.subject import AnyArray
from handgrad.testing.trial import Complaint, Trial, brief, copies, expect_identical, identical


def pure(trial: Trial) -> None:
    """Inputs, params and dout are left unchanged, to the bit."""
    for name in written_into(trial):
        raise Complaint(f"{name} was changed: it is {brief(trial.given[name])}, and was {brief(trial.arrays[name])}")


def written_into(trial: Trial) -> list[str]:
    """Name the arguments that the first run has changed."""
    _ = trial.results
    return [name for name, array in trial.arrays.items() if trial.given[name].tobytes() != array.tobytes()]


def detached(trial: Trial) -> None:
    """Writing into a result does not change what the layer says next; a result it relies on is read-only."""
    run = trial.build(copies(trial.inputs))
    out = trial.forward(run, copies(trial.inputs))
    _overwrite(out)
    grads = trial.backward(run, copies(trial.douts))
    expect_identical(grads, trial.kept, "changes when the output is written to in between")
    _overwrite(grads)
    again = trial.backward(run, copies(trial.douts))
    expect_identical(again, trial.again, "changes when an earlier gradient is written to")


def _overwrite(results: Mapping[str, AnyArray]) -> None:
    for array in results.values():
        if array.flags.writeable:
            array[...] = 7


def unshared(trial: Trial) -> None:
    """No result shares memory with an argument, with another result or with what the layer gives the next time."""
    results = list(trial.results.items())
    later = {**trial.forward(trial.run, trial.given), **trial.backward(trial.run, trial.given)}
    for i, (name, array) in enumerate(results):
        others = {**trial.given, **{called(other): result for other, result in results[:i]}}
        for other, memory in others.items():
            if np.shares_memory(array, memory):
                raise Complaint(f"{called(name)} shares memory with {other}")
        if array.flags.writeable and np.shares_memory(array, later[name]):
            raise Complaint(_overwritten(name))
    trial.forward(trial.run, {**trial.given, **others_than(trial)})
    trial.backward(trial.run, trial.other_douts)
    for name, array in results:
        if not identical(array, trial.kept[name]):
            raise Complaint(_overwritten(name))


def _overwritten(name: str) -> str:
    return f"{called(name)} is overwritten by the next {'forward' if is_output(name) else 'backward'}"


def read_only(trial: Trial) -> None:
    """Read-only arrays are accepted, and give the same numbers."""
    inputs, douts = copies(trial.inputs), copies(trial.douts)
    for array in (*inputs.values(), *douts.values()):
        array.flags.writeable = False
    expect_identical(trial.fresh(inputs, douts), trial.kept, "differs when the arguments are read-only")
