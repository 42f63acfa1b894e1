"""The layer under test, whoever wrote it: called by the names of its arguments."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.layer import in_order

AnyArray = npt.NDArray[Any]
Results = dict[str, AnyArray]


class Subject:
    """A layer's class or factory, and how a description's arguments are handed to it.

    What the signature of `make` names goes to it. The rest goes to `forward`.
    """

    def __init__(self, make: Callable[..., Any], names: Sequence[str]) -> None:
        self.make = make
        self.name: str = getattr(make, "__name__", type(make).__name__)
        taken = inspect.signature(make).parameters
        self.constructor_names = tuple(name for name in names if name in taken)
        self.forward_names = tuple(name for name in names if name not in taken)

    def build(self, inputs: Mapping[str, AnyArray]) -> "Run":
        """Make a new layer."""
        layer = self.make(**{name: inputs[name] for name in self.constructor_names})
        missing = [method for method in ("forward", "backward") if not callable(getattr(layer, method, None))]
        if missing:
            raise TypeError(f"{self.name} makes a {type(layer).__name__}, which has no {' and no '.join(missing)}")
        return Run(self, layer)


class Run:
    """One layer, on which forward and backward are called."""

    def __init__(self, subject: Subject, layer: Any) -> None:
        self.subject = subject
        self.layer = layer
        parameters = inspect.signature(layer.forward).parameters
        self.names = tuple(name for name in parameters if name in subject.forward_names)
        unknown = [name for name in subject.forward_names if name not in parameters]
        if unknown:
            raise TypeError(
                f"the inputs name {', '.join(unknown)}, which neither {subject.name} "
                f"nor its forward takes (forward takes {', '.join(parameters) or 'nothing'})"
            )

    def forward(self, inputs: Mapping[str, AnyArray]) -> AnyArray:
        """Call forward, and give its result as an array."""
        return np.asarray(self.layer.forward(**{name: inputs[name] for name in self.names}))

    def backward(self, dout: AnyArray) -> Results:
        """Call backward, and give the gradients of inputs and params by the names of what they are gradients of."""
        returned = in_order(self.layer.backward(dout))
        if len(returned) > len(self.names):
            raise TypeError(f"backward returned {len(returned)} gradients, but forward has inputs {self.names}")
        grads = {name: np.asarray(grad) for name, grad in zip(self.names, returned, strict=False)}
        return grads | {name: np.asarray(getattr(self.layer, f"d{name}")) for name in self.params()}

    def params(self) -> tuple[str, ...]:
        """Name the constructor's arguments that have a gradient: declared in `params`, or left as d<name>."""
        declared = getattr(self.layer, "params", ())
        return tuple(
            name for name in self.subject.constructor_names if name in declared or hasattr(self.layer, f"d{name}")
        )
