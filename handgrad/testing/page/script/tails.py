"""How a script shows that a property fails: for each property of the battery, what follows the example."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from handgrad.testing.dtypes import is_floating
from handgrad.testing.page.script.calls import Calls
from handgrad.testing.page.script.literals import literal_dtype
from handgrad.testing.properties import Property, contract, layout, memory, numbers, state, targets
from handgrad.testing.properties.layout import REPEATED, laid_out
from handgrad.testing.properties.numbers import first_floating
from handgrad.testing.properties.state import longer, others_than
from handgrad.testing.subject import Results
from handgrad.testing.trial import Trial

Tail = Callable[[Trial, Calls], list[str]]


def _runs(trial: Trial, calls: Calls) -> list[str]:
    params = [name for name in trial.subject.constructor_names if is_floating(np.asarray(trial.inputs.get(name)))]
    left = [f"print(layer.d{name})" for name in params]
    return [*calls.new, calls.forward, "print(out)", f"print({calls.pullback}(dout))", *left]


def _deterministic(_: Trial, calls: Calls) -> list[str]:
    return [
        "said = set()",
        "for _ in range(100):",
        *_indented([*calls.run, f"said.add(str([{', '.join(calls.results)}]))"]),
        'print("different results of 100 new layers:", len(said), *sorted(said)[:2], sep="\\n")',
    ]


def _beside_jax(_: Trial, calls: Calls) -> list[str]:
    return [
        *calls.run,
        "",
        *calls.jax,
        "",
        _show(["out"]),
        'print("JAX:", expected)',
        _show(calls.gradients),
        'print("JAX:", *pullback(dout))',
    ]


def _shape(_: Trial, calls: Calls) -> list[str]:
    listed = ", ".join(calls.results)
    return [
        *calls.run,
        "",
        *calls.jax,
        "",
        f'print("shapes of {listed}:", *map(np.shape, [{listed}]))',
        'print("JAX:", *map(np.shape, [expected, *pullback(dout)]))',
    ]


def _dtype(trial: Trial, calls: Calls) -> list[str]:
    listed = ", ".join(calls.results)
    return [
        *calls.run,
        f'print("dtypes of {listed}:", *(np.asarray(each).dtype for each in [{listed}]))',
        f'print("expected: {trial.dtype}")',
    ]


def _pure(_: Trial, calls: Calls) -> list[str]:
    return [_show(calls.given, "before"), *calls.run, _show(calls.given, "after")]


def _repeatable(_: Trial, calls: Calls) -> list[str]:
    return [
        *calls.run,
        _show(calls.gradients, "first"),
        *calls.backward,
        _show(calls.gradients, "again"),
        "",
        "dout[...] = 1 - dout",
        *calls.backward,
        _show(calls.gradients, "for another dout"),
        *calls.run,
        _show(calls.gradients, "for the other dout first"),
    ]


def _stateless(trial: Trial, calls: Calls) -> list[str]:
    others = {name: array for name, array in others_than(trial).items() if name in trial.run.names}
    given = [calls.inputs[name] for name in others]
    other = [_other(trial, calls, name) for name in others]
    long = [
        f"np.concatenate([{each}] * 2)" if _grows(trial, others, name) else each
        for name, each in zip(others, other, strict=True)
    ]
    return [
        f"def earlier_forward({', '.join(given)}):",
        *_indented([calls.forward, _ones(trial, calls)]),
        "",
        *calls.new,
        f"earlier_forward({', '.join(long)})",
        f"numbers = [{', '.join(f'{each}.copy()' for each in given)}]",
        *(f"{each} = {another}" for each, another in zip(given, other, strict=True)),
        f"earlier_forward({', '.join(given)})",
        *(f"{each}[...] = numbers[{place}]" for place, each in enumerate(given)),
        calls.forward,
        *calls.backward,
        _show(calls.results, "after other forwards"),
        *calls.run,
        _show(calls.results, "by a new layer"),
    ]


def _grows(trial: Trial, others: Results, name: str) -> bool:
    return longer(trial, others)[name].shape != others[name].shape


def _separate(trial: Trial, calls: Calls) -> list[str]:
    return [
        f"def another_layer({', '.join(calls.inputs.values())}):",
        *_indented([*calls.new, calls.forward, _ones(trial, calls)]),
        "",
        *calls.new,
        calls.forward,
        f"another_layer({', '.join(_other(trial, calls, name) for name in trial.inputs)})",
        *calls.backward,
        _show(calls.results, "with another layer at work in between"),
        *calls.run,
        _show(calls.results, "alone"),
    ]


def _ones(trial: Trial, calls: Calls) -> str:
    return f"{calls.pullback}(np.ones(np.shape(out), {literal_dtype(trial.dtype)}))"


def _zero(_: Trial, calls: Calls) -> list[str]:
    return ["dout = np.zeros_like(dout)", *calls.run, _show(calls.gradients)]


def _detached(_: Trial, calls: Calls) -> list[str]:
    return [
        "def fill(*results):",
        "    for each in results:",
        "        if isinstance(each, np.ndarray) and each.flags.writeable:",
        "            each[...] = 7",
        "",
        *calls.run,
        _show(calls.gradients, "first"),
        "",
        *calls.new,
        calls.forward,
        "fill(out)",
        *calls.backward,
        _show(calls.gradients, "when out is overwritten in between"),
        f"fill({', '.join(calls.gradients)})",
        *calls.backward,
        _show(calls.gradients, "again, when these are overwritten"),
    ]


def _unshared(_: Trial, calls: Calls) -> list[str]:
    return [
        *calls.run,
        f"others = {_by_name(calls.given)}",
        f"others |= {_by_name(calls.results, ' of an earlier call')}",
        "",
        calls.forward,
        *calls.backward,
        f"for name, result in {_by_name(calls.results)}.items():",
        "    for other, memory in others.items():",
        "        if np.shares_memory(result, memory):",
        '            print(name, "shares memory with", other)',
        "    others[name] = result",
    ]


def _read_only(_: Trial, calls: Calls) -> list[str]:
    return [
        *calls.run,
        _show(calls.results, "writable"),
        *(f"{name}.flags.writeable = False" for name in calls.given),
        *calls.run,
        _show(calls.results, "read-only"),
    ]


RELAID = {
    "Fortran-ordered": 'np.array({0}, order="F")',
    "strided": "np.repeat({0}, 2, axis=-1)[..., ::2]",
    "negatively strided": "np.flip(np.array(np.flip({0})))",
    REPEATED: "np.lib.stride_tricks.as_strided({0}, {0}.shape, [0] * {0}.ndim)",
}


def _layouts(trial: Trial, calls: Calls) -> list[str]:
    arrays = zip(calls.given, {**trial.inputs, "dout": trial.dout}.items(), strict=True)
    relaid = [
        given
        for given, (name, each) in arrays
        if name in trial.relaid and each.ndim and each.size and (trial.layout != REPEATED or is_floating(each))
    ]
    return [
        *(f"{name} = {RELAID[trial.layout].format(name)}" for name in relaid),
        *calls.run,
        _show(calls.results, f"when {laid_out(trial)}"),
        *(f'{name} = np.array({name}, order="C")' for name in relaid),
        *calls.run,
        _show(calls.results, "in C order"),
    ]


def _masked(trial: Trial, calls: Calls) -> list[str]:
    masked = [(name, mask) for mask, each in trial.described.arguments.items() for name in each.masks]
    poison = {name: repr(trial.poison) if is_floating(trial.inputs[name]) else "-1" for name, _ in masked}
    return [
        *calls.run,
        _show(calls.results),
        *(f"{calls.inputs[name]}[~{calls.inputs[mask]}] = {poison[name]}" for name, mask in masked),
        *calls.run,
        _show(calls.results, "with other masked entries"),
    ]


def _confined(trial: Trial, calls: Calls) -> list[str]:
    return [f"{calls.inputs[first_floating(trial) or '']}.reshape(-1)[-1] = nan", *_beside_jax(trial, calls)]


def _refuses(_: Trial, calls: Calls) -> list[str]:
    return [*calls.run, _show(calls.results, "taken without an error")]


def _quiet(_: Trial, calls: Calls) -> list[str]:
    return [
        "import warnings",
        "",
        'warnings.simplefilter("error")',
        *calls.run,
        _show(calls.results, "without a warning"),
    ]


def _show(names: Sequence[str], when: str = "") -> str:
    listed = ", ".join(names)
    label = f"{listed} {when}".strip()
    return f'print("{label}:", {listed})'


def _by_name(names: Iterable[str], suffix: str = "") -> str:
    items = ", ".join(f'"{name}{suffix}": {name}' for name in names)
    return f"{{{items}}}"


def _other(trial: Trial, calls: Calls, name: str) -> str:
    """Write what `others_than` makes."""
    given = calls.inputs[name]
    return f"{given}.copy()" if trial.described.arguments[name].drawn else f"np.array(np.flip({given}))"


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]


TAILS: dict[Property, Tail] = {
    contract.runs: _runs,
    state.deterministic: _deterministic,
    memory.pure: _pure,
    contract.shape: _shape,
    numbers.value: _beside_jax,
    numbers.gradient: _beside_jax,
    numbers.kinks: _beside_jax,
    state.repeatable: _repeatable,
    state.stateless: _stateless,
    state.separate: _separate,
    numbers.zero: _zero,
    memory.detached: _detached,
    memory.unshared: _unshared,
    memory.read_only: _read_only,
    layout.layouts: _layouts,
    targets.masked: _masked,
    numbers.confined: _confined,
    contract.dtype: _dtype,
    targets.refuses: _refuses,
    contract.quiet: _quiet,
}
