"""Monte Carlo arithmetic: how much ordinary rounding would lose in a formula.

A jaxpr is replayed with every floating input and every inexact result multiplied by 1 + δ ξ, with ξ drawn from
a normal distribution and δ about the precision eps of the dtype under test. What the outputs move by, divided by δ,
is the error that a careful evaluation is entitled to, in multiples of eps. Cancellation shows in it, and so does
everything else that makes a formula hard to evaluate; no layer needs a tolerance of its own.

After D. Stott Parker, Monte Carlo Arithmetic (UCLA CSD-970002, 1997).
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import jax
import jax.extend.core as jex
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax import lax

from handgrad.testing.dtypes import limits
from handgrad.testing.oracle.jaxprs import bind, evaluate
from handgrad.testing.oracle.primitives import EXACT, MORE_EXACT, strength_of

RUNS = 8
MANY = 8  # times as many
SPREAD = 8  # times its rounding, by which one careful evaluation may differ from another
SMALLEST_NUDGE = 1e-12  # in a smaller one, the rounding of the replays themselves would show


@dataclass(frozen=True)
class Nudge:
    """The random relative change of one result of a replay: of what shape, and how many times larger than usual."""

    shape: tuple[int, ...]
    strength: float


class Source(Protocol):
    """What a replay nudges its numbers with."""

    def nudge(self, value: Any, strength: float) -> Any:
        """Change every number of a value by a random relative amount, so many times larger than usual."""

    def factors(self, length: int, nudges: Sequence[Nudge]) -> list[Any]:
        """Give the factors of a loop's body, or of a branch, stacked for so many steps."""

    def results(self, equation: jex.JaxprEqn, compute: Callable[[], Sequence[Any]]) -> Sequence[Any]:
        """Give what an operation results in, before it is nudged."""


@dataclass
class Factors:
    """Uses up arrays of factors 1 + δ ξ, one for each nudge."""

    left: Iterator[Any]

    def nudge(self, value: Any, strength: float) -> Any:
        """Multiply by the next factors, which have the strength in them."""
        del strength
        return lax.mul(value, lax.convert_element_type(next(self.left), value.dtype))

    def factors(self, length: int, nudges: Sequence[Nudge]) -> list[Any]:
        """Take the next, one for each nudge."""
        del length
        return [next(self.left) for _ in nudges]

    def results(self, equation: jex.JaxprEqn, compute: Callable[[], Sequence[Any]]) -> Sequence[Any]:
        """Compute it."""
        del equation
        return compute()


@dataclass
class Plan:
    """Lists the nudges of a replay. Shapes and dtypes are enough for that: nothing is computed, nor traced again."""

    nudges: list[Nudge] = field(default_factory=list)

    def nudge(self, value: Any, strength: float) -> Any:
        """Leave the value as it is."""
        self.nudges.append(Nudge(value.shape, strength))
        return value

    def factors(self, length: int, nudges: Sequence[Nudge]) -> list[Any]:
        """List those of a loop."""
        self.nudges.extend(Nudge((length, *each.shape), each.strength) for each in nudges)
        return []

    def results(self, equation: jex.JaxprEqn, compute: Callable[[], Sequence[Any]]) -> Sequence[Any]:
        """Tell what it will be like."""
        del compute
        return [variable.aval for variable in equation.outvars]


def draw_factors(
    jaxpr: jex.ClosedJaxpr, nudge: float, seed: int, held: Collection[int]
) -> list[npt.NDArray[np.float64]]:
    """Draw the factors for an exact run of `jaxpr`, where they are all 1, and for RUNS nudged ones.

    The floating arguments in the places `held` stay as they are in all of them.

    They are arguments of the compiled function, because drawing them inside of it takes several times as long to
    compile as using them.
    """
    random = np.random.default_rng(seed)
    nudges = _nudges(replay, jaxpr)
    noise = [each.strength * random.standard_normal((RUNS, *each.shape)) for each in nudges]
    for place in held:
        noise[place][:] = 0
    return [1 + nudge * np.concatenate([np.zeros((1, *each.shape[1:])), each]) for each in noise]


def all_runs(jaxpr: jex.ClosedJaxpr, args: Sequence[Any], factors: Sequence[Any], one_by_one: bool = False) -> Any:
    """Run `jaxpr` exactly, and then nudged: a row for each run, with the elements of all outputs in it.

    Runs are made one by one or together, which is compiled in half of the time.
    """

    def run(factors: Sequence[Any]) -> Any:
        outputs = replay(jaxpr, args, Factors(iter(factors)))
        return lax.concatenate([lax.reshape(each, (each.size,)) for each in outputs], 0)

    return lax.map(run, factors) if one_by_one else jax.vmap(run)(factors)


def deviation(runs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Tell how far nudges move every element of the outputs, as a standard deviation.

    That is half of the largest move, since the largest of RUNS normal numbers is about 2, and of MANY times as many
    not much more. Unlike the root of the mean square, this does not miss what is rare but large. It is infinite where
    every nudge makes a run leave the numbers, as a root of what cancels to 0 may.
    """
    with np.errstate(invalid="ignore"):
        moved = np.abs(runs[1:] - runs[0])
    largest = moved.max(axis=0)
    if not np.isfinite(largest).all():
        finite = np.isfinite(moved)
        largest = np.where(finite.any(axis=0), np.where(finite, moved, 0).max(axis=0), np.inf)
    return largest / 2


def entitlement(
    runs: Callable[[float, int], npt.NDArray[np.float64]], dtype: np.dtype[Any], thoroughly: bool
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Give the exact outputs, and for each element the error that a precision of 1 would cause in a dtype.

    `runs` makes an exact run and nudged ones, for a size of nudges and a number of times. Nudges are as large as the
    dtype's own rounding, which shows what that does also where it is not linear; thoroughly, by many more of them. In
    float64, they have to be larger. Thoroughly, it is told what jumps, which moves as far for rounding as it does for
    nudges: in float64 by nudges a thousand times as large, in others by such as careful evaluations differ by.
    """
    eps = float(limits(dtype).eps)
    nudge = max(eps, SMALLEST_NUDGE)
    near = runs(nudge, MANY if thoroughly else 1)
    moved = deviation(near)
    jumps: Any = False
    if thoroughly and nudge > eps:
        jumps = deviation(runs(1000 * nudge, MANY)) < 30 * moved
    elif thoroughly:
        further = deviation(runs(SPREAD * nudge, MANY))
        jumps = further > 4 * SPREAD * moved
        moved = np.where(jumps, further, moved)
    with np.errstate(over="ignore"):
        return near[0], moved / np.where(jumps, eps, nudge)


def _nudges(evaluate: Callable[..., Any], jaxpr: jex.ClosedJaxpr) -> list[Nudge]:
    plan = Plan()
    evaluate(jaxpr, jaxpr.in_avals, plan)
    return plan.nudges


def replay(jaxpr: jex.ClosedJaxpr, args: Sequence[Any], source: Source) -> list[Any]:
    """Evaluate `jaxpr` with its floating arguments nudged, and all that it rounds on the way."""
    return _replay(jaxpr, [_if_floating(source, arg) for arg in args], source)


def _replay(jaxpr: jex.ClosedJaxpr, args: Sequence[Any], source: Source) -> list[Any]:
    return evaluate(jaxpr, args, lambda equation, args: _apply(equation, args, source))


def _apply(equation: jex.JaxprEqn, args: Sequence[Any], source: Source) -> Sequence[Any]:
    name = equation.primitive.name
    if name == "scan":
        return _scan(equation, args, source)
    if name == "cond":
        return _cond(equation, args, source)
    # whatever else holds a jaxpr, such as a while loop, is nudged from outside like any other primitive
    strength = strength_of(equation)
    if strength > 1:
        args = [_if_floating(source, arg, strength) for arg in args]
    results = source.results(
        equation, lambda: [MORE_EXACT[name](*args)] if name in MORE_EXACT else bind(equation, args)
    )
    return results if name in EXACT else [_if_floating(source, result, strength) for result in results]


def _scan(equation: jex.JaxprEqn, args: Sequence[Any], source: Source) -> Sequence[Any]:
    params = equation.params
    body, length = params["jaxpr"], params["length"]
    constants, start, elements = _arguments_of_scan(params, args)

    def step(carry: Any, row: Any) -> Any:
        each, factors = row
        results = _replay(body, [*constants, *carry, *each], Factors(iter(factors)))
        return results[: len(start)], results[len(start) :]

    def loop() -> Sequence[Any]:
        carry, stacked = lax.scan(step, start, (elements, factors), length=length, reverse=params["reverse"])
        return [*carry, *stacked]

    factors = source.factors(length, _nudges(_replay, body))
    return source.results(equation, loop)


def _arguments_of_scan(params: Any, args: Sequence[Any]) -> tuple[list[Any], list[Any], list[Any]]:
    """Tell a loop's constants, what it carries, and what it takes an element of at each step."""
    if "ft_in" in params:  # from JAX 0.12 on
        constants, start, elements = params["ft_in"].update(args).unpack()
    else:
        consts, end = params["num_consts"], params["num_consts"] + params["num_carry"]
        constants, start, elements = args[:consts], args[consts:end], args[end:]
    return list(constants), list(start), list(elements)


def _cond(equation: jex.JaxprEqn, args: Sequence[Any], source: Source) -> Sequence[Any]:
    index, *operands = args

    def nudged(branch: jex.ClosedJaxpr) -> Callable[..., Any]:
        factors = source.factors(1, _nudges(_replay, branch))
        return lambda *operands: _replay(branch, operands, Factors(each[0] for each in factors))

    branches = [nudged(branch) for branch in equation.params["branches"]]
    return source.results(equation, lambda: lax.switch(index, branches, *operands))


def _if_floating(source: Source, value: Any, strength: float = 1.0) -> Any:
    return source.nudge(value, strength) if jnp.issubdtype(value.dtype, jnp.floating) else value
