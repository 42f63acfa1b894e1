"""What a gradient check is given: a layer, the function that it should equal, and one input."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from handgrad.testing.subject import Subject


@dataclass(frozen=True)
class Problem:
    """A layer, what it should equal, and one input. All that runs on it shares its arrays, as in a user's test."""

    subject: Subject
    reference: Callable[..., Any]
    inputs: Mapping[str, Any]

    def copied(self) -> "Problem":
        return replace(self, inputs={name: each.copy() for name, each in self.inputs.items()})

    def forward(self, **changed: Any) -> Any:
        arguments = {**self.inputs, **changed}
        return np.asarray(self.subject.build(arguments).forward(arguments))

    def gradients(self, dout: Any) -> dict[str, Any]:
        run = self.subject.build(self.inputs)
        run.forward(self.inputs)
        return run.backward(dout)

    def wrt(self) -> tuple[str, ...]:
        """Name the inputs of which the layer gives a gradient."""
        apart = self.copied()
        return tuple(apart.gradients(np.ones_like(apart.forward())))

    def random_dout(self) -> Any:
        out = self.copied().forward()
        return np.asarray(np.random.default_rng(1).standard_normal(out.shape)).astype(out.dtype)


Check = Callable[[Problem], None]


def complains(check: Check, problem: Problem) -> bool:
    """Run a check on arrays of its own. Whatever it raises is a complaint, as it would fail a test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            check(problem.copied())
        except Exception:
            return True
    return False
