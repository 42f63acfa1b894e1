"""How a script shows that a property fails: for each property of the battery, what follows the example."""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from handgrad.testing.dtypes import is_floating
from handgrad.testing.outputs import called, gradients, variable
from handgrad.testing.page.script.literals import literal, written
from handgrad.testing.properties import Property, contract, layout, memory, numbers, state, targets
from handgrad.testing.subject import positional_only
from handgrad.testing.trees import Code
from handgrad.testing.trial import Trial, copies

SHOW = re.compile(r"show ([^(\n]*[^( \n])( \(.*\))?$", re.MULTILINE)


def tails(trial: Trial, make: str, reference: str, variables: Mapping[str, str]) -> dict[Property, str]:
    """Write them by the names that the layer, the reference and the arguments have in the script."""
    subject, (names, returned) = trial.subject, _gradients(trial)
    outs, douts = [*map(variable, trial.outputs.names)], [*map(variable, trial.douts)]
    arguments = trial.subject.nested.together({name: Code(each) for name, each in variables.items()})
    variables = {**variables, **{name: variable(name) for name in trial.douts}}
    new, values, method, pullback = "", "out, pullback", make, "pullback"
    if not subject.is_function:
        new = f"layer = {_call(make, subject.make, subject.constructor_names, arguments)}; "
        values, method, pullback = "out", "layer.forward", "layer.backward"
    signature = getattr(subject.make, "forward", subject.make)
    apart = "" if trial.outputs.is_single else f"; [{', '.join(outs)}] = jax.tree.leaves(out)"
    forward = f"{values} = {_call(method, signature, subject.forward_names, arguments)}{apart}"
    left = {*subject.nested.holders(names)} & {*subject.constructor_names}
    backward = f"{returned} = {pullback}({_heard(trial, douts)})"
    backward += "".join(f"; d{name} = layer.d{name}" for name in subject.constructor_names if name in left)
    run, grads = f"{new}{forward}; {backward}", ", ".join(map(called, names))
    values, out = ", ".join(outs), ", ".join([*outs, grads])
    inside, before = (f"    {steps}".replace("; ", ";     ") for steps in (run, forward))
    given = ", ".join(variables[name] for name in trial.arrays)
    dout, flipped = ", ".join(douts), ", ".join(f"1 - {each}" for each in douts)
    ones = _heard(trial, [f"np.ones_like({each})" for each in outs])
    others = state.others_than(trial)
    other, longer = (", ".join(map(literal, each.values())) for each in (others, state.longer(trial, others)))
    other_mode = _in_other_mode(trial, variables, f"earlier({other}, {dout})")
    relaid = [f"{variables[name]} = layout({variables[name]})" for name in trial.relaid]
    jax = _jax(trial, _call(reference, trial.oracle.reference, [*arguments], arguments), variables, names)
    expected, of_jax = ("expected", dout) if trial.outputs.is_single else ("*expected", f"[{dout}]")
    beside_jax = f'{run}; ; {jax}; ; show {values}; print("JAX:", {expected}); show {grads}; '
    beside_jax += f'print("JAX:", *pullback({of_jax}))'
    # steps, of which `show` prints arrays with their names, and one that is empty is an empty line
    steps = {
        contract.runs: f"{new}{forward}; show {values}; {backward}; show {grads}",
        state.deterministic: f"said = set(); for _ in range(100):; {inside};     said.add(str([{out}])); "
        'print("different results of 100 new layers:", len(said), *sorted(said)[:2])',
        memory.pure: f"show {given} (before); {run}; show {given} (after)",
        contract.shape: f'{run}; ; {jax}; ; print("shapes of {out}:", *map(np.shape, [{out}])); '
        f'print("JAX:", *map(np.shape, [{expected}, *pullback({of_jax})]))',
        **dict.fromkeys([numbers.value, numbers.gradient, numbers.kinks, numbers.defined], beside_jax),
        state.repeatable: f"{run}; show {grads} (first); {backward}; show {grads} (again); ; "
        f"{'; '.join(f'{each}[...] = 1 - {each}' for each in douts)}; {backward}; show {grads} (for another dout); ; "
        f"{run}; show {grads} (for the other dout first)",
        state.stateless: f"def earlier({given}):; {before};     {pullback}({ones}); ; "
        f"{new}earlier({longer}, {dout}); {other_mode}others = [{other}, {dout}]; earlier(*others); "
        f"for other, each in zip(others, [{given}]):;     other[...] = each; "
        f"[{given}] = others; {forward}; {backward}; show {out} (after other forwards); ; "
        f"{run}; show {out} (by a new layer)",
        state.separate: f"def another_layer({given}):; {inside}; ; "
        f"{new}{forward}; another_layer({other}, {flipped}); {backward}; "
        f"show {out} (with another layer at work in between); ; {run}; show {out} (alone)",
        numbers.zero: f"{'; '.join(f'{each} = np.zeros_like({each})' for each in douts)}; {run}; show {grads}",
        memory.detached: "def overwrite(*results):;     for each in results:; "
        "        if isinstance(each, np.ndarray) and each.flags.writeable:;             each[...] = 7; ; "
        f"{run}; show {grads} (first); ; {new}{forward}; overwrite({values}); {backward}; "
        f"show {grads} (when {values} is overwritten in between); ; overwrite({grads}); {backward}; "
        f"show {grads} (again, when these are overwritten)",
        memory.unshared: f'{run}; earlier = [{out}]; {forward}; {backward}; names = "{given}, {out}".split(", "); '
        f'names += ["earlier " + name for name in "{out}".split(", ")]; arrays = [{given}, {out}, *earlier]; '
        f'for name, each in zip("{out}".split(", "), [{out}]):; '
        "    for other, memory in zip(names, arrays):;         if name != other and np.shares_memory(each, memory):; "
        '            print(name, "shares memory with", other)',
        memory.read_only: f"{run}; show {out}; ; for each in [{given}]:;     each.flags.writeable = False; "
        f"{run}; show {out} (for read-only arguments)",
        layout.layouts: "from handgrad.testing.properties.layout import LAYOUTS; ; "
        f"layout = LAYOUTS[{trial.layout!r}]; {'; '.join(relaid)}; "
        f"{run}; show {out} (when {layout.laid_out(trial)}); ; "
        f'[{given}] = [np.array(each, order="C") for each in [{given}]]; {run}; show {out} (in C order)',
        targets.masked: f"{run}; show {out}; ; {_poisoned(trial, variables)}; "
        f"{run}; show {out} (with other masked entries)",
        numbers.confined: f"{variables.get(numbers.first_floating(trial) or '')}.reshape(-1)[-1] = nan; {beside_jax}",
        contract.dtype: f'{run}; print("dtypes of {out}, expected {trial.dtype}:", *map(np.result_type, [{out}]))',
        targets.refuses: f"{run}; show {out} (taken without an error)",
        contract.quiet: f'import warnings; ; warnings.simplefilter("error"); {run}; show {out} (without a warning)',
    }
    return {holds: SHOW.sub(r'print("\1\2:", \1)', text.replace("; ", "\n")) for holds, text in steps.items()}


def _in_other_mode(trial: Trial, variables: Mapping[str, str], call: str) -> str:
    """Write a call with the options of another example, where these are others and can be written."""
    options = {name: (written(trial.earlier.get(name)), written(each)) for name, each in trial.options.items()}
    told = {variables[name]: each for name, each in options.items() if None not in each and each[0] != each[1]}
    before, after = ("".join(f"{name} = {each[i]}; " for name, each in told.items()) for i in (0, 1))
    return f"{before}{call}; {after}" if told and trial.earlier else ""


def _heard(trial: Trial, douts: Sequence[str]) -> str:
    """Write what backward takes: upstream gradients, in the tuples and dicts of the outputs."""
    written = dict(zip(trial.douts, map(Code, douts), strict=True))
    if trial.subject.is_function and not trial.outputs.is_single:
        return f"jax.tree.unflatten(jax.tree.structure(out), {[*written.values()]})"
    return ", ".join(map(repr, trial.outputs.arguments(written)))


def _gradients(trial: Trial) -> tuple[list[str], str]:
    """Name what there are gradients of, and what backward returns: a gradient, a tuple of them, or nothing."""
    names = [name for name, array in trial.inputs.items() if is_floating(array)]
    inputs, returned = trial.subject.forward_names, None
    with suppress(Exception):  # the failure may be that the layer raises
        names, inputs = [*gradients(trial.results)] or names, trial.run.names
        returned = trial.run.returned(*trial.outputs.arguments(copies(trial.douts)))
    given = trial.subject.nested.holders(names)
    targets = [called(name) if name in given else "_" for name in inputs] or ["_"]
    if not isinstance(returned, tuple):
        return names, targets[0]
    return names, ", ".join(targets[: len(returned)]) if len(returned) > 1 else f"({targets[0]},)"


def _call(name: str, function: Callable[..., Any], names: Sequence[str], arguments: Mapping[str, Any]) -> str:
    """Write a call by the names of the arguments, but of those that are taken by position alone."""
    first = positional_only(function, names)
    rest = [f"{each}={arguments[each]!r}" for each in names if each not in first]
    return f"{name}({', '.join([*(repr(arguments[each]) for each in first), *rest])})"


def _jax(trial: Trial, call: str, variables: Mapping[str, str], names: Sequence[str]) -> str:
    """Write what asks JAX, in float64, for the value and for the pullback."""
    arrays, wrt = trial.arrays.items(), ", ".join(variables[name] for name in names)
    narrow = [variables[name] for name, each in arrays if is_floating(each) and each.dtype.name != "float64"]
    outputs = call if trial.outputs.is_single else f"jax.tree.leaves({call})"
    widened = "".join(f"{name} = {name}.astype(np.float64); " for name in narrow)
    return f"{widened}expected, pullback = jax.vjp(lambda {wrt}: {outputs}, {wrt})"


def _poisoned(trial: Trial, variables: Mapping[str, str]) -> str:
    """Write what fills the entries that masks hide."""
    masks = [(name, mask) for mask, each in trial.described.arguments.items() for name in each.masks]
    poison = {
        name: trial.poison if is_floating(array) else targets.no_label(array.dtype)
        for name, array in trial.inputs.items()
    }
    return "; ".join(f"{variables[name]}[~{variables[mask]}] = {poison[name]!r}" for name, mask in masks)
