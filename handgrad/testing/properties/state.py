"""What a layer remembers: its last forward, nothing before it, and nothing of other layers."""

from contextlib import suppress
from dataclasses import replace

import numpy as np

from handgrad.testing.inputs.axes import bare, names_in
from handgrad.testing.outputs import gradients
from handgrad.testing.subject import Results, Run
from handgrad.testing.trial import Trial, copies, expect_identical


def deterministic(trial: Trial) -> None:
    """Two new layers say the same: nothing is drawn at random, and nothing is kept outside of the layer."""
    again = trial.fresh(copies(trial.inputs), copies(trial.douts))
    expect_identical(again, trial.kept, "differs between two new layers that get the same arguments")


def repeatable(trial: Trial) -> None:
    """Backward may be called again, for the same upstream gradient or another: it says what it would say first.

    Another one may be in the same array.
    """
    expect_identical(trial.again, trial.kept, "differs when backward is called again")
    douts = copies(trial.douts)
    trial.backward(trial.run, douts)
    for name, other in trial.other_douts.items():
        douts[name][...] = other
    fresh = gradients(trial.fresh(copies(trial.inputs), trial.other_douts))
    again = trial.backward(trial.run, douts)
    expect_identical(again, fresh, "differs when backward has been called for another dout before")


def stateless(trial: Trial) -> str | None:
    """Only the last forward counts: what the layer has seen before leaves no trace.

    That may have been of another shape, with other options, or in the same arrays, which are filled anew.
    """
    run = trial.build(copies(trial.inputs))
    others = {name: array for name, array in others_than(trial).items() if run.takes(name)}
    earlier = longer(trial, others)
    try:
        _use(trial, run, earlier)
    except Exception:  # whatever a layer raises
        if _raises(trial, earlier):
            return "a new layer raises for another batch, too"
        raise
    if trial.earlier:
        with suppress(Exception):  # what is drawn with these options may not go with others
            _use(replace(trial, options=trial.earlier), run, others)
    _use(trial, run, others)
    for name, array in others.items():
        array[...] = trial.inputs[name]
    again = {**trial.forward(run, {**trial.inputs, **others}), **trial.backward(run, copies(trial.douts))}
    expect_identical(again, trial.kept, "depends on what the layer saw before")
    return None


def _raises(trial: Trial, inputs: Results) -> bool:
    """Tell whether a new layer raises for other inputs, too."""
    try:
        _use(trial, trial.build(copies(trial.inputs)), copies(inputs))
    except Exception:  # whatever a layer raises
        return True
    return False


def _use(trial: Trial, run: Run, inputs: Results) -> None:
    """Call forward and backward."""
    out = trial.forward(run, {**trial.inputs, **inputs})
    trial.backward(run, {f"d{name}": np.ones(each.shape, trial.dtype) for name, each in out.items()})


def separate(trial: Trial) -> None:
    """Layers share nothing: another one, at work between a layer's forward and its backward, changes nothing."""
    run = trial.build(copies(trial.inputs))
    out = trial.forward(run, copies(trial.inputs))
    trial.fresh(others_than(trial), trial.other_douts)
    results = {**out, **trial.backward(run, copies(trial.douts))}
    expect_identical(results, trial.kept, "changes when another layer is at work in between")


def others_than(trial: Trial) -> Results:
    """Make other inputs of the same shapes: flipped, but for what strategies draw, which may need its order."""
    return {
        name: array.copy() if trial.described.arguments[name].drawn else np.array(np.flip(array))
        for name, array in trial.inputs.items()
    }


def longer(trial: Trial, inputs: Results) -> Results:
    """Make the batch twice as long: along an axis that comes first wherever it occurs."""
    axes = {name: trial.described.arguments[name].axes for name in trial.inputs}
    later = {
        other
        for name, each in axes.items()
        for place, axis in enumerate(each)
        for other in names_in(axis)
        if place or name not in inputs or other != bare(axis)
    }
    first = {name: bare(each[0]) for name, each in axes.items() if each}
    batch = {axis for axis in first.values() if trial.sizes.get(axis)} - later
    return {
        name: np.concatenate([array, array]) if first.get(name) in batch else array for name, array in inputs.items()
    }
