"""The reference taken apart: what a result would be if one of its steps, or one of its constants, were another.

A step is one operation of the reference's jaxpr. The gradient is the sum of what comes through a step and of what
goes around it. A backward pass that was derived by hand often has one of the two wrong.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import jax
import jax.extend.core as jex
import jax.numpy as jnp
import numpy as np

from handgrad.testing.diagnosis.explanations import Explanations
from handgrad.testing.dtypes import all_in_64_bits
from handgrad.testing.inputs.axes import Shape
from handgrad.testing.oracle import Exact
from handgrad.testing.oracle.compiling import compile_for
from handgrad.testing.oracle.jaxprs import bind, evaluate
from handgrad.testing.outputs import is_output
from handgrad.testing.subject import AnyArray
from handgrad.testing.trial import Trial

SHOWN_AS = {
    "add": "+",
    "sub": "-",
    "mul": "×",
    "div": "÷",
    "dot_general": "matrix product",
    "integer_pow": "power",
    "logistic": "sigmoid",
    "reduce_max": "max",
    "reduce_sum": "sum",
}
MOVING = frozenset("broadcast_in_dim convert_element_type copy reshape squeeze transpose".split())  # compute nothing
MISTAKEN: tuple[Callable[[float], float], ...] = (
    lambda number: 0 * number,
    lambda number: -number,
    lambda number: number / 10,
    lambda number: number * 10,
    lambda number: number / 2,
    lambda number: number * 2,
    lambda number: number - 1,
    lambda number: number + 1,
)


def of_steps(trial: Trial, name: str) -> Explanations:
    """Predict a gradient for each step that is held constant, alone, negated, or once too often a factor.

    Several that do the same may be held together, as the sums of a mean and a variance.
    """
    if is_output(name):
        return
    parts, want = _parts(trial, name), trial.truth[name]
    around, around_several, results = parts.around_each_step(trial)
    for kind, rest in zip(parts.repeated, around_several, strict=True):
        entitled = want.entitled + np.abs(rest) + np.abs(want.value)
        yield f"is what it would be with each {kind} of the reference held constant", partial(Exact, rest, entitled)
    for step, rest, result in zip(parts.steps, around, results, strict=True):
        through = want.value - rest
        entitled = want.entitled + np.abs(rest) + np.abs(through)
        yield f"is what it would be with the reference's {step} held constant", partial(Exact, rest, entitled)
        yield (
            f"has only what comes through the reference's {step}, and lacks a term",
            partial(Exact, through, entitled),
        )
        yield (
            f"has the wrong sign before what comes through the reference's {step}",
            partial(Exact, rest - through, entitled),
        )
        if _broadcasts(result.shape, rest.shape):
            yield f"is divided by the reference's {step} once too often", partial(_scaled, want, 1 / result)
            yield f"is multiplied by the reference's {step} once too often", partial(_scaled, want, result)


def of_constants(trial: Trial, name: str) -> Explanations:
    """Predict a result for each constant of the reference that may be mistaken for another."""
    parts = _parts(trial, name)
    for (number, other), value in zip(parts.mistaken(), parts.with_each_mistaken(trial), strict=True):
        entitled = trial.truth[name].entitled + np.abs(value)
        yield (
            f"is what it would be for {other:.6g} in the place of the reference's {number:.6g}",
            partial(Exact, value, entitled),
        )


def _broadcasts(shape: Shape, to: Shape) -> bool:
    axes = zip(shape[::-1], to[::-1], strict=False)
    return len(shape) <= len(to) and all(length in (1, wanted) for length, wanted in axes)


def _scaled(exact: Exact, factor: AnyArray) -> Exact:
    return Exact(factor * exact.value, np.abs(factor) * (exact.entitled + np.abs(exact.value)))


class Changes(Protocol):
    """What happens to the steps and constants of a jaxpr that is walked through."""

    def step(self, name: str, result: Any) -> Any:
        """Look at the result of a step, or put another in its place."""

    def constant(self, number: Any) -> Any:
        """Look at a constant, or put another in its place."""


@dataclass
class Look:
    """Writes down the steps, their results and the constants."""

    steps: list[str] = field(default_factory=list)
    results: list[Any] = field(default_factory=list)
    constants: list[float] = field(default_factory=list)

    def step(self, name: str, result: Any) -> Any:
        """Write it down."""
        self.steps.append(SHOWN_AS.get(name, name))
        self.results.append(result)
        return result

    def constant(self, number: Any) -> Any:
        """Write it down."""
        self.constants.append(float(number))
        return number


@dataclass
class Change:
    """Multiplies what backward hears of each step by a factor, and takes other constants."""

    factors: Iterator[Any]
    constants: Iterator[Any]

    def step(self, name: str, result: Any) -> Any:
        """Multiply its gradient by the next factor."""
        del name
        return _with_gradient_times(next(self.factors, 1.0), result)

    def constant(self, number: Any) -> Any:
        """Take the next constant."""
        return next(self.constants, number)


@jax.custom_vjp
def _with_gradient_times(factor: Any, value: Any) -> Any:
    del factor
    return value


_with_gradient_times.defvjp(
    lambda factor, value: (value, factor), lambda factor, dout: (None, (factor * dout).astype(dout.dtype))
)


def walk(jaxpr: jex.ClosedJaxpr, args: Sequence[Any], changes: Changes) -> list[Any]:
    """Evaluate a jaxpr step by step, with changes."""

    def constant(number: Any) -> Any:
        is_factor = np.ndim(number) == 0 and _is_real(number) and np.isfinite(number) and number != 0
        return changes.constant(number) if is_factor else number

    def apply(equation: jex.JaxprEqn, args: Sequence[Any]) -> Sequence[Any]:
        name, results = equation.primitive.name, bind(equation, args)
        if name in MOVING:
            return results
        return [changes.step(name, result) if _is_real(result) else result for result in results]

    return evaluate(jaxpr, args, apply, constant)


def _is_real(value: Any) -> bool:
    return bool(jnp.issubdtype(jnp.result_type(value), jnp.floating))


class Parts:
    """The steps and constants of a reference at certain shapes, and one of its results as a function of them."""

    def __init__(self, trial: Trial, name: str) -> None:
        self.name, self.outputs = name, trial.outputs.names
        inputs, look = all_in_64_bits(trial.inputs), Look()

        def reference(arrays: Mapping[str, Any]) -> Any:
            in_order = {name: arrays[name] for name in inputs}  # JAX sorts a dict by its keys
            return trial.oracle.call({**in_order, **trial.options})

        with jax.enable_x64(True):
            self.jaxpr = jax.make_jaxpr(reference)(inputs)
            jax.eval_shape(lambda arrays: walk(self.jaxpr, jax.tree.leaves(arrays), look), inputs)
        self.steps, self.constants = look.steps, look.constants
        self.repeated = [kind for kind, number in Counter(self.steps).items() if number > 1]
        options = compile_for(str(self.jaxpr))
        self._around = jax.jit(self._trace_around, compiler_options=options)
        self._mistaken = jax.jit(self._trace_mistaken, compiler_options=options)

    def around_each_step(self, trial: Trial) -> tuple[list[AnyArray], list[AnyArray], list[AnyArray]]:
        """Give the gradient with each step held constant, with all of a kind, and what each step gives."""
        with jax.enable_x64(True):
            held, results = self._around(all_in_64_bits(trial.inputs), _douts(trial))
        around, number = list(np.asarray(held)), len(self.steps)
        return around[:number], around[number:], [np.asarray(each) for each in results]

    def mistaken(self) -> list[tuple[float, float]]:
        """List each constant with all that may stand in its place."""
        return [(number, other(number)) for number in self.constants for other in MISTAKEN]

    def with_each_mistaken(self, trial: Trial) -> list[AnyArray]:
        """Give the result for all of them."""
        if not self.constants:
            return []
        with jax.enable_x64(True):
            return list(np.asarray(self._mistaken(all_in_64_bits(trial.inputs), _douts(trial))))

    def _result(self, changes: Changes, arrays: Mapping[str, Any], douts: Any) -> Any:
        def forward(**moved: Any) -> list[Any]:
            return walk(self.jaxpr, jax.tree.leaves({**arrays, **moved}), changes)

        if self.name in self.outputs:
            return forward()[self.outputs.index(self.name)]
        _, pullback = jax.vjp(lambda array: forward(**{self.name: array}), arrays[self.name])
        return pullback(douts)[0]

    def _trace_around(self, arrays: Mapping[str, Any], douts: Any) -> Any:
        look = Look()
        walk(self.jaxpr, jax.tree.leaves(arrays), look)
        kinds = [[float(step != kind) for step in self.steps] for kind in self.repeated]
        at_0 = jnp.concatenate([1 - np.eye(len(self.steps)), np.reshape(kinds, (len(kinds), len(self.steps)))])
        held = jax.vmap(lambda row: self._result(Change(iter(row), iter(())), arrays, douts))(at_0)
        return held, look.results

    def _trace_mistaken(self, arrays: Mapping[str, Any], douts: Any) -> Any:
        rows = np.tile(self.constants, (len(self.constants) * len(MISTAKEN), 1))
        for row, (_, other) in enumerate(self.mistaken()):
            rows[row, row // len(MISTAKEN)] = other
        return jax.vmap(lambda row: self._result(Change(iter(()), iter(row)), arrays, douts))(jnp.asarray(rows))


def _douts(trial: Trial) -> list[AnyArray]:
    """Give the upstream gradients in the order of the outputs."""
    return [*all_in_64_bits(trial.douts).values()]


def _parts(trial: Trial, name: str) -> Parts:
    """Take the reference apart, once for each of its shapes."""
    return trial.oracle.keep(("parts", name), {**trial.inputs, **trial.options}, lambda: Parts(trial, name))
