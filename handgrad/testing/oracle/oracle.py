"""The oracle: what JAX says that the value and the gradients are, and how much rounding they are entitled to.

Everything is computed in float64 on exactly the numbers that the layer got, whatever the layer's own dtype.
"""

import inspect
import math
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import Any, TypeVar

import jax
import jax.extend.core as jex
import numpy as np
import numpy.typing as npt

from handgrad.testing.dtypes import in_64_bits, in_float64, is_floating
from handgrad.testing.oracle.compiling import compile_for, convolves, keep_compiled
from handgrad.testing.oracle.decisions import decides
from handgrad.testing.oracle.rounding import all_runs, draw_factors, entitlement
from handgrad.testing.outputs import Outputs
from handgrad.testing.subject import FLAT, Identity, an, call_by_name, parameters_of, taken_by
from handgrad.testing.trees import Nested

Arguments = Mapping[str, Any]
Douts = Sequence[npt.NDArray[Any]]
T = TypeVar("T")


@dataclass(frozen=True)
class Exact:
    """One true result, in float64, and the error per element that a precision of 1 would cause in it."""

    value: npt.NDArray[np.float64]
    entitled: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Program:
    """What a reference computes, and at what shapes and options. Two are equal if they compute the same.

    It `decides` if it chooses by numbers that it has computed.
    """

    at: tuple[Any, ...]
    text: str
    constants: tuple[bytes, ...]
    outputs: Outputs
    decides: bool


class UnusableReference(TypeError):
    """A reference that the oracle cannot ask: the layer is not to blame."""


class Oracle:
    """A pure JAX function, its vector-Jacobian product, and the rounding both are entitled to.

    It reads the function anew, since what that closes over may have changed, and compiles only what it has not yet
    compiled in this process.

    Parameters
    ----------
    reference
        Takes every input by name and returns one array, or several in tuples and dicts.
    nested
        Which inputs it takes in dicts, lists and tuples.
    """

    def __init__(self, reference: Callable[..., Any], nested: Nested = FLAT) -> None:
        if not callable(reference):
            raise TypeError(f"reference is {an(type(reference).__name__)}; expected a function written in JAX")
        self.reference, self.nested = reference, nested
        self._programs: dict[Any, Program] = {}
        self._kept = _kept_of(Identity(reference))

    def expect_to_take(self, names: Collection[str]) -> None:
        """Raise TypeError unless the reference can be called with these arguments."""
        names, parameters = self.nested.holders(names), parameters_of(self.reference)
        kinds = {each.kind for each in parameters.values()}
        takes = f"it takes {', '.join(parameters) or 'nothing'}"
        taken = taken_by(self.reference, names)
        unknown = [name for name in names if name not in taken]
        if unknown and inspect.Parameter.VAR_KEYWORD not in kinds:
            raise TypeError(f"the reference does not take {', '.join(unknown)}, which the inputs name: {takes}")
        optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        lacking = [
            each.name
            for each in parameters.values()
            if each.default is each.empty and each.kind not in optional and each.name not in names
        ]
        if lacking:
            raise TypeError(f"the reference needs {', '.join(lacking)}, which the inputs do not name: {takes}")

    def call(self, inputs: Arguments) -> Any:
        """Call the reference itself."""
        return call_by_name(self.reference, self.nested.together(inputs))

    def outputs(self, inputs: Arguments) -> Outputs:
        """Tell what the reference's outputs are like without computing them."""
        return self._program(*_split(inputs)).outputs

    def decides(self, inputs: Arguments) -> bool:
        """Tell whether the reference chooses by numbers that it has computed."""
        return self._program(*_split(inputs)).decides

    def __call__(
        self,
        inputs: Arguments,
        dout: Any,
        wrt: tuple[str, ...],
        thoroughly: bool = False,
        held: tuple[str, ...] = (),
    ) -> dict[str, Exact]:
        """Give the outputs by their names, and the gradient of every input named in `wrt`.

        Of several outputs, `dout` has the tuples and dicts. Its dtype is the one whose rounding they are entitled to.
        Thoroughly, that is measured by more runs.
        The inputs `held` are not nudged by it, as at a kink, from where a nudge would lead to another convention.
        """
        arrays, options = _split(inputs)
        douts = jax.tree.leaves(dout)
        dtype, douts = douts[0].dtype, [*map(in_float64, douts)]
        with jax.enable_x64(True):
            program = self._program(arrays, options)
            compiled = self._keep(("vjp", wrt), program, lambda: self._compile(arrays, options, douts, wrt))

            def runs(nudge: float, times: int) -> npt.NDArray[np.float64]:
                first, *more = (np.asarray(compiled.runs(nudge, seed, held)(arrays, douts)) for seed in range(times))
                return np.concatenate([first, *(each[1:] for each in more)])

            try:
                exact, entitled = entitlement(runs, dtype, thoroughly)
            except Exception as error:
                said = f"{_first_line(error)}{_hint(arrays)}"
                raise UnusableReference(f"JAX cannot run the reference at {_shapes(arrays)}: {said}") from error
        pairs = zip(in_shapes(exact, compiled.shapes), in_shapes(entitled, compiled.shapes), strict=True)
        return {name: Exact(*each) for name, each in zip((*program.outputs.names, *wrt), pairs, strict=True)}

    def plainly(self, inputs: Arguments, dout: Any, wrt: tuple[str, ...]) -> dict[str, Any]:
        """Give the same values as JAX computes them operation by operation, with nothing compiled or replayed."""
        arrays, options = _split(inputs)
        with jax.enable_x64(True):
            douts = [*map(in_float64, jax.tree.leaves(dout))]
            results = value_and_vjp(self.call, wrt, options)(arrays, douts)
            return dict(zip((*self.outputs(inputs).names, *wrt), map(np.asarray, results), strict=True))

    def natively(self, inputs: Arguments, dout: Any, wrt: tuple[str, ...]) -> dict[str, Any]:
        """Give the same values as JAX computes them in the dtypes that the arrays have."""
        arrays, options = _split(inputs)
        native = {name: np.asarray(inputs[name]) for name in arrays}
        with jax.enable_x64(True):
            compute = self.keep(("natively", wrt), inputs, lambda: jax.jit(value_and_vjp(self.call, wrt, options)))
            results = compute(native, jax.tree.leaves(dout))
            return dict(zip((*self.outputs(inputs).names, *wrt), map(np.asarray, results), strict=True))

    def keep(self, what: Hashable, inputs: Arguments, make: Callable[[], T]) -> T:
        """Make something of the reference at the shapes of the inputs, once for as long as it computes the same."""
        return self._keep(what, self._program(*_split(inputs)), make)

    def _keep(self, what: Hashable, program: Program, make: Callable[[], T]) -> T:
        key = what, program
        if key not in self._kept:
            self._kept[key] = make()
        kept: T = self._kept[key]
        return kept

    def _program(self, arrays: Arguments, options: Mapping[str, Any]) -> Program:
        key = _key(arrays, options)
        if key not in self._programs:
            self._programs[key] = Program(key, *self._trace(arrays, options))
        return self._programs[key]

    def _trace(self, arrays: Arguments, options: Mapping[str, Any]) -> tuple[str, tuple[bytes, ...], Outputs, bool]:
        """Read the reference: its text, its constants, what its outputs are like, and whether it decides."""
        shapes = _shapes(arrays)
        with jax.enable_x64(True):
            try:
                jaxpr, out = jax.make_jaxpr(lambda arrays: self.call({**arrays, **options}), return_shape=True)(
                    arrays
                )
            except Exception as error:
                said = _first_line(error)
                raise UnusableReference(
                    f"the reference, which has to be written in JAX, raised at {shapes}: {said}{_hint(arrays)}"
                ) from error
        if not jax.tree.leaves(out):
            expected = "expected an array, or several in a tuple or a dict"
            raise UnusableReference(f"the reference returned {type(out).__name__} at {shapes}; {expected}")
        for each in jax.tree.leaves(out):
            if each.dtype == np.float64:
                continue
            raise UnusableReference(
                f"the reference returned {each.dtype} at {shapes}, from inputs in float64; "
                "expected float64, in which the oracle computes, so that nothing is rounded away"
            )
        for constant in filter(_is_rounded, map(np.asarray, jaxpr.consts)):
            raise UnusableReference(
                f"the reference holds a constant in {constant.dtype} at {shapes}; expected float64, "
                "in which the oracle computes: make it by NumPy, or inside of the reference"
            )
        constants = tuple(np.asarray(each).tobytes() for each in jaxpr.consts)
        return str(jaxpr), constants, Outputs.of(out), decides(jaxpr)

    def _compile(
        self, arrays: Arguments, options: Mapping[str, Any], douts: Douts, wrt: tuple[str, ...]
    ) -> "Compiled":
        try:
            jaxpr = jax.make_jaxpr(value_and_vjp(self.call, wrt, options))(arrays, douts)
        except Exception as error:
            raise UnusableReference(
                f"the reference has no gradient of {', '.join(wrt)} at {_shapes(arrays)}: {_first_line(error)}"
            ) from error
        return _compiled(jaxpr, self._program(arrays, options).text, arrays)


def _compiled(jaxpr: jex.ClosedJaxpr, program: str, arrays: Arguments) -> "Compiled":
    """Compile the outputs and the gradients of a program, exact and nudged."""
    keep_compiled()

    @partial(jax.jit, compiler_options=compile_for(program))
    def compute(arrays: Arguments, douts: Douts, factors: Sequence[Any]) -> Any:
        # with a kernel for each run, convolutions together take longer than one by one
        return all_runs(jaxpr, jax.tree.leaves((arrays, douts)), factors, one_by_one=convolves(program))

    floating = [name for name, array in arrays.items() if is_floating(array)]

    @cache
    def runs(nudge: float, seed: int, held: tuple[str, ...]) -> Callable[[Arguments, Douts], Any]:
        factors = draw_factors(jaxpr, nudge, seed, [floating.index(name) for name in held])
        return partial(compute, factors=jax.device_put(factors))

    return Compiled(runs, [aval.shape for aval in jaxpr.out_avals])


def value_and_vjp(
    call: Callable[[Arguments], Any], wrt: Sequence[str], options: Mapping[str, Any] | None = None
) -> Callable[[Arguments, Any], tuple[Any, ...]]:
    """Make a function of arrays by name and of dout that gives the outputs, and the gradients of those in `wrt`.

    Of several outputs, in tuples or dicts, it takes the upstream gradients in any: their order tells them apart.
    """

    def compute(arrays: Arguments, dout: Any) -> tuple[Any, ...]:
        rest = {name: array for name, array in arrays.items() if name not in wrt}
        value, pullback = jax.vjp(
            lambda *args: call({**dict(zip(wrt, args, strict=True)), **rest, **(options or {})}),
            *(arrays[name] for name in wrt),
        )
        douts = jax.tree.unflatten(jax.tree.structure(value), jax.tree.leaves(dout))
        return *jax.tree.leaves(value), *pullback(douts)

    return compute


@dataclass(frozen=True)
class Compiled:
    """A reference with its gradients: `runs` gives a row for each run, with all results.

    It does so for a nudge, a seed, and the names of inputs that are held.
    """

    runs: Callable[[float, int, tuple[str, ...]], Callable[[Arguments, Douts], Any]]
    shapes: Sequence[tuple[int, ...]]


def in_shapes(row: npt.NDArray[Any], shapes: Iterable[tuple[int, ...]]) -> Iterator[npt.NDArray[Any]]:
    """Take arrays out of a row that has the elements of all of them in it."""
    start = 0
    for shape in shapes:
        end = start + math.prod(shape)
        yield row[start:end].reshape(shape)
        start = end


@lru_cache(maxsize=256)
def _kept_of(reference: Identity) -> dict[Any, Any]:
    """Give what is kept of a reference in this process."""
    del reference
    return {}


def _split(inputs: Arguments) -> tuple[OrderedDict[str, npt.NDArray[Any]], dict[str, Any]]:
    """Tell numbers, which JAX traces, from options such as an axis, which it compiles in.

    The numbers stay in their order, which a reference with ``*args`` goes by: a dict, JAX would sort by its keys.
    """
    numbers = {name: each for name, each in inputs.items() if isinstance(each, (np.ndarray, np.generic, float))}
    options = {name: each for name, each in inputs.items() if name not in numbers}
    return OrderedDict((name, in_64_bits(np.asarray(each))) for name, each in numbers.items()), options


def _key(arrays: Arguments, options: Mapping[str, Any]) -> tuple[Any, ...]:
    shapes = ((name, array.shape, array.dtype.kind) for name, array in arrays.items())
    return *shapes, *((name, repr(option)) for name, option in options.items())


def _shapes(arrays: Arguments) -> str:
    return ", ".join(f"{name} {array.shape}" for name, array in arrays.items())


def _is_rounded(constant: npt.NDArray[Any]) -> bool:
    """Tell whether a constant is narrow, and probably rounded: some numbers are no integers, and have many bits."""
    if not is_floating(constant) or constant.itemsize >= 8:
        return False
    finite = constant[np.isfinite(constant)].astype(np.float64)
    mantissas = np.frexp(finite)[0] * 2.0 ** (np.finfo(np.float32).nmant // 2)
    return bool(((finite % 1 != 0) & (mantissas % 1 != 0)).any())


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


def _hint(arrays: Arguments) -> str:
    return (
        "; an axis that must not be empty is described as 'N>0'"
        if any(not each.size for each in arrays.values())
        else ""
    )
