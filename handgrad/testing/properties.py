"""The battery: what must hold for every layer at every input. One function each; its docstring is its meaning.

A property returns None where it holds, raises a Complaint where it does not, and returns the reason where it has
nothing to say about an example.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.lib.stride_tricks import as_strided

from handgrad.testing.agreement import LIMIT, overflows, units
from handgrad.testing.dtypes import is_floating
from handgrad.testing.oracle import Exact
from handgrad.testing.shapes import bare, shape_of
from handgrad.testing.subject import AnyArray, Results
from handgrad.testing.trial import (
    Complaint,
    Trial,
    brief,
    called,
    copies,
    expect_close,
    expect_identical,
    expect_within_limit,
    gradients,
    identical,
)

Property = Callable[[Trial], str | None]


def runs(trial: Trial) -> None:
    """Forward and backward accept every input that the description allows, and leave gradients to judge."""
    if not gradients(trial.results):
        raise Complaint("backward returned no gradient and left none in an attribute d<name>")
    for name in trial.subject.constructor_names:
        floating = name in trial.inputs and is_floating(trial.inputs[name])
        if floating and name not in trial.results:
            raise Complaint(f"backward left no d{name}; bind {name} with functools.partial if it needs no gradient")


def deterministic(trial: Trial) -> None:
    """Two new layers say the same: nothing is drawn at random, and nothing is kept outside of the layer."""
    again = trial.fresh(copies(trial.inputs), trial.dout.copy())
    expect_identical(again, trial.kept, "differs between two new layers that get the same arguments")


def pure(trial: Trial) -> None:
    """Inputs, params and dout are left unchanged, to the bit."""
    _ = trial.results
    for name, array in {**trial.inputs, "dout": trial.dout}.items():
        if trial.given[name].tobytes() != array.tobytes():
            raise Complaint(f"{name} was changed: it is {brief(trial.given[name])}, and was {brief(array)}")


def shape(trial: Trial) -> None:
    """The output has the shape of the reference's, and every gradient the shape of what it is the gradient of."""
    for name, array in trial.results.items():
        expected = trial.truth[name].value.shape
        if array.shape != expected:
            raise Complaint(f"{called(name)}.shape is {array.shape}; expected {expected}")


def value(trial: Trial) -> None:
    """Forward equals the reference."""
    expect_close(trial.kept, trial.truth, {name: each for name, each in trial.errors.items() if name == "out"})


def gradient(trial: Trial) -> str | None:
    """Every gradient equals the reference's vector-Jacobian product, for any upstream gradient."""
    if overflows(trial.truth["out"], trial.dtype):
        return "the value overflows"
    expect_close(trial.kept, trial.truth, gradients(trial.errors))
    return None


def kinks(trial: Trial) -> str | None:
    """At declared kinks and ties, value and gradients are the reference's own, and follow no other convention."""
    if not trial.kinks:
        return "no kinks are declared"
    inputs, dout = {**trial.inputs, **trial.kinks}, trial.kinks["dout"]
    held = tuple(name for name in trial.kinks if name != "dout")
    there = replace(trial, inputs={name: inputs[name] for name in trial.inputs}, dout=dout, held=held)
    try:
        expect_close(there.kept, there.truth, there.errors)
    except Complaint as complaint:
        raise Complaint(str(complaint), there) from None
    return None


def repeatable(trial: Trial) -> None:
    """Backward may be called again, for the same upstream gradient or another: it says what it would say first.

    Another one may be in the same array.
    """
    expect_identical(trial.again, trial.kept, "differs when backward is called again")
    dout, other = trial.dout.copy(), 1 - trial.dout
    trial.run.backward(dout)
    dout[...] = other
    fresh = gradients(trial.fresh(copies(trial.inputs), other.copy()))
    expect_identical(trial.run.backward(dout), fresh, "differs when backward has been called for another dout before")


def stateless(trial: Trial) -> None:
    """Only the last forward counts: what the layer has seen before leaves no trace.

    That may have been of another shape, or in the same arrays, which are filled anew.
    """
    run = trial.build(copies(trial.inputs))
    others = {name: array for name, array in others_than(trial).items() if name in run.names}
    for earlier in (longer(trial, others), others):
        out = trial.forward(run, {**trial.inputs, **earlier})
        run.backward(np.ones(out.shape, trial.dtype))
    for name, array in others.items():
        array[...] = trial.inputs[name]
    again = {"out": trial.forward(run, {**trial.inputs, **others}), **run.backward(trial.dout.copy())}
    expect_identical(again, trial.kept, "depends on what the layer saw before")


def separate(trial: Trial) -> None:
    """Layers share nothing: another one, at work between a layer's forward and its backward, changes nothing."""
    run = trial.build(copies(trial.inputs))
    out = trial.forward(run, copies(trial.inputs))
    trial.fresh(others_than(trial), 1 - trial.dout)
    results = {"out": out, **run.backward(trial.dout.copy())}
    expect_identical(results, trial.kept, "changes when another layer is at work in between")


def others_than(trial: Trial) -> Results:
    """Make other inputs of the same shapes: flipped, but for what strategies draw, which may need its order."""
    return {
        name: array.copy() if trial.described.arguments[name].drawn else np.array(np.flip(array))
        for name, array in trial.inputs.items()
    }


def longer(trial: Trial, inputs: Results) -> Results:
    """Make the batch twice as long: along an axis that comes first wherever it occurs."""
    axes = {name: [bare(axis) for axis in trial.described.arguments[name].axes] for name in trial.inputs}
    later = {axis for name, each in axes.items() for axis in (each[1:] if name in inputs else each)}
    batch = {each[0] for each in axes.values() if each and trial.sizes.get(each[0])} - later
    return {
        name: np.concatenate([array, array]) if batch.intersection(axes[name][:1]) else array
        for name, array in inputs.items()
    }


def zero(trial: Trial) -> str | None:
    """An upstream gradient of 0 gives gradients of exactly 0."""
    if not all(np.isfinite(array).all() for array in trial.kept.values()):
        return "a result is not finite"
    for name, grad in gradients(trial.fresh(copies(trial.inputs), np.zeros_like(trial.dout))).items():
        if np.any(grad != 0):
            raise Complaint(f"for dout = 0, d{name} is {brief(grad)}")
    return None


def detached(trial: Trial) -> None:
    """Writing into a result does not change what the layer says next; a result it relies on is read-only."""
    run = trial.build(copies(trial.inputs))
    out = trial.forward(run, copies(trial.inputs))
    _overwrite({"out": out})
    grads = run.backward(trial.dout.copy())
    expect_identical(grads, trial.kept, "changes when the output is written to in between")
    _overwrite(grads)
    again = run.backward(trial.dout.copy())
    expect_identical(again, trial.again, "changes when an earlier gradient is written to")


def _overwrite(results: Mapping[str, AnyArray]) -> None:
    for array in results.values():
        if array.flags.writeable:
            array[...] = 7


def unshared(trial: Trial) -> None:
    """No result shares memory with an argument, with another result or with what the layer gives the next time."""
    results = list(trial.results.items())
    later = {"out": trial.forward(trial.run, trial.given), **trial.run.backward(trial.given["dout"])}
    for i, (name, array) in enumerate(results):
        others = {**trial.given, **{called(other): result for other, result in results[:i]}}
        for other, memory in others.items():
            if np.shares_memory(array, memory):
                raise Complaint(f"{called(name)} shares memory with {other}")
        if array.flags.writeable and np.shares_memory(array, later[name]):
            raise Complaint(_overwritten(name))
    trial.forward(trial.run, {**trial.given, **others_than(trial)})
    trial.run.backward(1 - trial.dout)
    for name, array in results:
        if not identical(array, trial.kept[name]):
            raise Complaint(_overwritten(name))


def _overwritten(name: str) -> str:
    return f"{called(name)} is overwritten by the next {'forward' if name == 'out' else 'backward'}"


def read_only(trial: Trial) -> None:
    """Read-only arrays are accepted, and give the same numbers."""
    inputs, dout = copies(trial.inputs), trial.dout.copy()
    for array in (*inputs.values(), dout):
        array.flags.writeable = False
    expect_identical(trial.fresh(inputs, dout), trial.kept, "differs when the arguments are read-only")


def layouts(trial: Trial) -> str | None:
    """Fortran-ordered, strided, negatively strided and 0-stride arrays give the same numbers: all, or one alone."""
    arrays = copies({**trial.inputs, "dout": trial.dout})
    arrays |= {name: LAYOUTS[trial.layout](arrays[name]) for name in trial.relaid}
    dout = arrays.pop("dout")
    plain = _in_c_order(trial, arrays, dout)
    got = trial.fresh(arrays, dout)
    if overflows(plain.truth["out"], trial.dtype):
        return "the value overflows"
    right = [name for name, error in plain.errors.items() if error.max(initial=0) <= LIMIT]
    for name in right:  # what is wrong anyway says nothing about the layout
        _expect_like(got[name], plain, name, f" when {laid_out(trial)}")
    return None


def laid_out(trial: Trial) -> str:
    """Say which arrays lie in memory in which way."""
    which = f"{trial.relaid[0]} alone is" if len(trial.relaid) == 1 else "the arguments are"
    return f"{which} {trial.layout}"


def _expect_like(array: AnyArray, plain: Trial, name: str, when: str) -> None:
    """Complain if a result is not what the layer itself gives for arrays in C order, but for rounding."""
    own = plain.kept[name]
    if array.shape != own.shape:
        raise Complaint(f"{called(name)}.shape is {array.shape}{when}; expected {own.shape}")
    if not identical(array, own):
        exact = Exact(own.astype(np.float64), plain.truth[name].entitled)
        expect_within_limit(name, array, exact, units(array, exact, plain.dtype), when)


def _in_c_order(trial: Trial, inputs: Mapping[str, AnyArray], dout: AnyArray) -> Trial:
    """Give the trial with the same numbers in memory as usual: itself, but where a layout changes the numbers."""
    if trial.layout != REPEATED:
        return trial
    contiguous = {name: np.array(array, order="C") for name, array in inputs.items()}
    return replace(trial, inputs=contiguous, dout=np.array(dout, order="C"))


def _strided(array: AnyArray) -> AnyArray:
    if array.ndim == 0:
        return array
    gaps = np.repeat(array, 2, axis=-1)
    return gaps[..., ::2]


def _reversed(array: AnyArray) -> AnyArray:
    return np.asarray(np.flip(np.array(np.flip(array))))


def _repeated(array: AnyArray) -> AnyArray:
    if not array.size or not is_floating(array):
        return array
    return as_strided(array.reshape(-1)[:1].copy(), array.shape, [0] * array.ndim)


REPEATED = "broadcast (0-stride)"
LAYOUTS: dict[str, Callable[[AnyArray], AnyArray]] = {
    "Fortran-ordered": lambda array: np.array(array, order="F"),
    "strided": _strided,
    "negatively strided": _reversed,
    REPEATED: _repeated,
}


def masked(trial: Trial) -> str | None:
    """What a mask leaves out changes nothing, to the bit, whatever it holds, and has a gradient of exactly 0."""
    masks = [each for each in trial.described.arguments.values() if each.masks]
    if not masks:
        return "no argument is described as a mask"
    poisoned, blocked = copies(trial.inputs), {}
    for name in {name for mask in masks for name in mask.masks}:
        blocked[name] = ~entries_that_count(trial, name)
        poisoned[name][blocked[name]] = trial.poison if is_floating(poisoned[name]) else -1
    expect_identical(trial.fresh(poisoned, trial.dout.copy()), trial.kept, "depends on masked entries")
    for name, grad in gradients(trial.kept).items():
        if name in blocked and np.any(grad[blocked[name]] != 0):
            raise Complaint(f"d{name} is not 0 where the mask blocks: {brief(grad)}")
    return None


def confined(trial: Trial) -> str | None:
    """A NaN in the first input reaches nothing outside of its own row that it does not reach in the reference."""
    first = first_floating(trial)
    if first is None:
        return "no input is there to hold a NaN"
    if not trial.dout.size:
        return "the output is empty"
    inputs = copies(trial.inputs)
    inputs[first].reshape(-1)[-1] = np.nan
    got = trial.fresh(copies(inputs), trial.dout.copy())
    reached = {
        name: np.isnan(array) & np.isfinite(trial.kept[name]) & ~_last_row(array, inputs[first])
        for name, array in got.items()
        if array.shape == trial.truth[name].value.shape
    }
    if not any(each.any() for each in reached.values()):
        return None
    if not _further(reached, {name: exact.value for name, exact in trial.ask(inputs, trial.dout).items()}):
        return None
    plain = trial.ask_plainly(inputs, trial.dout)  # compiled, JAX may lose a NaN
    if np.isnan(got["out"]).any() and not np.isnan(plain["out"]).any():
        return "the reference turns a NaN into a number"
    for name in _further(reached, plain):
        raise Complaint(f"with a NaN as the last entry of {first}, {called(name)} is {brief(got[name])}")
    return None


def first_floating(trial: Trial) -> str | None:
    """Name the first argument that has floating numbers in it."""
    return next((name for name, array in trial.inputs.items() if array.size and is_floating(array)), None)


def _further(reached: Mapping[str, AnyArray], truth: Mapping[str, AnyArray]) -> list[str]:
    """Name the results that a NaN has reached where it does not in the reference."""
    return [name for name, each in reached.items() if (each & ~np.isnan(truth[name])).any()]


def _last_row(result: AnyArray, argument: AnyArray) -> AnyArray:
    """Mark the row of a result that belongs to the last row of an argument, if they have rows in common."""
    row, leading = np.zeros(result.shape, np.bool_), argument.shape[:-1]
    if result.shape[: len(leading)] == leading:
        row[(-1,) * len(leading)] = True
    return row


def dtype(trial: Trial) -> None:
    """Floating dtypes are kept: float32 in, float32 out, and so for every gradient."""
    for name, array in trial.results.items():
        if array.dtype != trial.dtype:
            raise Complaint(f"{called(name)}.dtype is {array.dtype}; expected {trial.dtype}")


def refuses(trial: Trial) -> str | None:
    """A label that names no class, below or above those that do, is an error, and not another class."""
    described = trial.described.arguments.items()
    labels = {name: each.classes for name, each in described if each.validated and each.classes}
    if not labels:
        return "no labels are described as validated"
    counting = {name: entries_that_count(trial, name) for name in labels}
    able = [name for name in labels if counting[name].any()]
    for name in able:
        for label in (-1, *shape_of([labels[name]], trial.sizes)):
            wrong = copies(trial.inputs)
            wrong[name][np.unravel_index(int(counting[name].argmax()), counting[name].shape)] = label
            try:
                trial.fresh(copies(wrong), trial.dout.copy())
            except (IndexError, ValueError):
                continue
            raise Complaint(f"the label {label} in {name} is taken without an error", replace(trial, inputs=wrong))
    return None if able else "no label is there that counts"


def entries_that_count(trial: Trial, name: str) -> AnyArray:
    """Tell which entries of an argument no mask leaves out."""
    counting = np.ones(trial.inputs[name].shape, np.bool_)
    for mask, argument in trial.described.arguments.items():
        if name in argument.masks:
            counting[~trial.inputs[mask]] = False
    return counting


def quiet(trial: Trial) -> str | None:
    """Finite inputs cause no warning."""
    if not trial.warned:
        return None
    if any(overflows(exact, trial.dtype) for exact in trial.truth.values()):
        return "a true result overflows"
    raise Complaint(f"{trial.warned[0].category.__name__}: {trial.warned[0].message}")


# in the order in which a fault is looked for: what may be the cause of other failures comes before them
BATTERY: tuple[Property, ...] = (
    runs,
    deterministic,
    pure,
    shape,
    value,
    gradient,
    kinks,
    repeatable,
    stateless,
    separate,
    zero,
    detached,
    unshared,
    read_only,
    layouts,
    masked,
    confined,
    dtype,
    refuses,
    quiet,
)
