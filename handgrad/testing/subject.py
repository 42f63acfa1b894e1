"""The layer under test, whoever wrote it: called by the names of its arguments."""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from inspect import Parameter
from types import MethodType
from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.layer import in_order
from handgrad.testing.trees import Nested

AnyArray = npt.NDArray[Any]
Results = dict[str, AnyArray]
FLAT = Nested()


class Subject:
    """A layer's class or factory, or a function (out, pullback), and how it is handed a description's arguments.

    What the signature of `make` names goes to it, the rest to `forward`; what that does not name goes to its
    ``*args``. A function that takes everything is expected to return its output and its pullback.
    """

    def __init__(self, make: Callable[..., Any], names: Sequence[str], nested: Nested = FLAT) -> None:
        if not callable(make):
            raise TypeError(f"layer is {an(type(make).__name__)} object; give its class, or a factory that makes one")
        self.make, self.nested = make, nested
        self.name = name_of(make)
        named, names = _named(make), nested.holders(names)
        unknown = [name for name in names if name not in taken_by(make, names)]
        self.is_function = getattr(make, "takes_all", not isinstance(make, type) and not unknown)
        if self.is_function and unknown:
            raise TypeError(
                f"the inputs name {', '.join(unknown)}, which {self.name} does not take: "
                f"it takes {', '.join(parameters_of(make))}"
            )
        self.constructor_names = tuple(name for name in names if name in named and not self.is_function)
        self.forward_names = tuple(name for name in names if name not in self.constructor_names)

    def build(self, arguments: Mapping[str, Any]) -> "Run":
        """Make a new layer."""
        return self.as_run(self.construct(arguments))

    def construct(self, arguments: Mapping[str, Any]) -> Any:
        """Call the constructor, or leave a function as it is."""
        given = self.nested.together(arguments)
        return self.make if self.is_function else self.make(**{name: given[name] for name in self.constructor_names})

    def as_run(self, layer: Any) -> "Run":
        """Take what was constructed as a layer. Raise TypeError unless it is one that takes the arguments."""
        if self.is_function:
            return Run(self, FunctionAsLayer(layer), layer)
        missing = [method for method in ("forward", "backward") if not callable(getattr(layer, method, None))]
        if missing:
            raise TypeError(f"{self.name} makes {an(type(layer).__name__)}, which has no {' and no '.join(missing)}")
        if self.name == "<lambda>":
            self.name = name_of(getattr(layer, "adapted_class", type(layer)))
        return Run(self, layer, layer.forward)


class FunctionAsLayer:
    """A function that returns (out, pullback), as a layer."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def forward(self, **inputs: Any) -> Any:
        """Call the function, and remember its pullback."""
        made = call_by_name(self.function, inputs)
        if not (isinstance(made, tuple) and len(made) == 2 and callable(made[1])):
            returned = f"({', '.join(map(_type, made))})" if isinstance(made, tuple) else an(_type(made))
            raise TypeError(
                f"{name_of(self.function)} takes every input, so it should return (out, pullback); "
                f"it returned {returned}"
            )
        out, self.pullback = made
        self.kind = type(out)
        return out

    def backward(self, *douts: Any) -> Any:
        """Call the pullback, with a tuple where the output is one: also one with named fields."""
        if not issubclass(self.kind, tuple):
            return self.pullback(*douts)
        return self.pullback(getattr(self.kind, "_make", tuple)(douts))


def _type(thing: Any) -> str:
    return type(thing).__name__


class Run:
    """One layer, on which forward and backward are called."""

    def __init__(self, subject: Subject, layer: Any, forward: Callable[..., Any]) -> None:
        self.subject = subject
        self.layer = layer
        self.names = tuple(taken_by(forward, subject.forward_names))
        unknown = [name for name in subject.forward_names if name not in self.names]
        if unknown:
            raise TypeError(
                f"the inputs name {', '.join(unknown)}, which neither {subject.name} "
                f"nor its forward takes (forward takes {', '.join(parameters_of(forward)) or 'nothing'})"
            )

    def forward(self, arguments: Mapping[str, Any]) -> Any:
        """Call forward, and give what it returns."""
        whole = self.subject.nested.together(arguments)
        given = {name: whole[name] for name in self.names}
        first = next(iter(given.values()), 0.0)
        self.axes = None if isinstance(first, dict | list | tuple) else np.ndim(first)
        return call_by_name(self.layer.forward, given)

    def takes(self, name: str) -> bool:
        """Tell whether an array is one of forward's inputs, or in one of them."""
        return self.subject.nested.holder(name) in self.names

    def returned(self, *douts: Any) -> Any:
        """Call backward, and give what it returns."""
        return self.layer.backward(*douts)

    def backward(self, *douts: Any) -> Results:
        """Call backward, and give the gradients of inputs and params by the names of what they are gradients of."""
        given = self.returned(*douts)
        if isinstance(given, list) and not self._is_one_gradient(given):
            raise TypeError("backward returned a list; return a tuple of gradients")
        returned = in_order(given)
        if len(returned) > len(self.names):
            raise TypeError(f"backward returned {len(returned)} gradients, but forward has inputs {self.names}")
        grads = dict(zip(self.names, returned, strict=False))
        grads |= {name: getattr(self.layer, f"d{name}") for name in self.params()}
        each = self.subject.nested.apart({name: grad for name, grad in grads.items() if grad is not None})
        return {name: numbers("backward", grad) for name, grad in each.items() if grad is not None}

    def _is_one_gradient(self, given: list[Any]) -> bool:
        """Tell a gradient of the first input from a list of gradients, which has an axis more or makes no array."""
        try:
            return self.axes is None or np.ndim(given) <= self.axes
        except ValueError:
            return False

    def params(self) -> tuple[str, ...]:
        """Name the constructor's arguments of which a gradient is left, as d<name>."""
        return tuple(name for name in self.subject.constructor_names if hasattr(self.layer, f"d{name}"))


def numbers(method: str, result: Any) -> AnyArray:
    """Give a result as an array. Raise TypeError unless it is made of numbers."""
    array = np.asarray(result)
    if array.dtype.kind in "OUSMm":
        raise TypeError(f"{method} gave {an(type(result).__name__)}; expected an array of numbers")
    return array


def call_by_name(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """Call a function by the names of its parameters, also of positional-only ones, such as those of `jnp.tanh`."""
    first, rest = as_passed(function, arguments)
    return function(*first, **rest)


def as_passed(function: Callable[..., Any], arguments: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Tell the arguments that a function takes by position from those that it takes by name."""
    first = positional_only(function, arguments)
    rest = {name: value for name, value in arguments.items() if name not in first}
    return [arguments[name] for name in first], rest


def positional_only(function: Callable[..., Any], names: Collection[str]) -> list[str]:
    """Give those of the names that a function takes by position alone, in its order, with all that stand before."""
    named, taken = _named(function), taken_by(function, names)
    alone = [name not in named or named[name].kind is Parameter.POSITIONAL_ONLY for name in taken]
    return taken[: len(taken) - alone[::-1].index(True)] if any(alone) else []


def taken_by(function: Callable[..., Any], names: Collection[str]) -> list[str]:
    """Give those of the names that a function takes, in its order. Its ``*args`` takes what it does not name."""
    named, taken = _named(function), []
    for name, parameter in parameters_of(function).items():
        if parameter.kind is Parameter.VAR_POSITIONAL:
            taken += [each for each in names if each not in named]
        elif name in named and name in names:
            taken.append(name)
    return taken


def _named(function: Callable[..., Any]) -> Mapping[str, Parameter]:
    variadic = Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD
    return {name: each for name, each in parameters_of(function).items() if each.kind not in variadic}


def parameters_of(function: Callable[..., Any]) -> Mapping[str, Parameter]:
    """Give a function's parameters by name. Reading a signature is slow, and methods of new objects are all new."""
    if inspect.ismethod(function):
        return _parameters_of_method(Identity(function.__func__))
    return _parameters_of(Identity(function))


@dataclass(frozen=True, eq=False)
class Identity:
    """A key that is equal only for the very same object, which need not be hashable."""

    of: Any

    def __hash__(self) -> int:
        return id(self.of)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identity) and self.of is other.of


@lru_cache(maxsize=256)
def _parameters_of(function: Identity) -> Mapping[str, Parameter]:
    return inspect.signature(function.of).parameters


@lru_cache(maxsize=256)
def _parameters_of_method(function: Identity) -> Mapping[str, Parameter]:
    return inspect.signature(MethodType(function.of, object())).parameters


def name_of(function: Callable[..., Any]) -> str:
    """Name a class or a function, also behind a functools.partial or what adapts it."""
    if not hasattr(function, "__name__") and hasattr(function, "func"):
        return name_of(function.func)
    return str(getattr(function, "__name__", type(function).__name__))


def an(noun: str) -> str:
    """Put the article before a noun."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"
