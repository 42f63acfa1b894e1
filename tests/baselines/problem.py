"""What a gradient check is given: a layer, the function that it should equal, and one input."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from handgrad.testing.subject import Subject, call_by_name


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
        return joined(self.subject.build(arguments).forward(arguments))

    def truth(self, **changed: Any) -> Any:
        return joined(call_by_name(self.reference, {**self.inputs, **changed}), jnp.concatenate)

    def gradients(self, dout: Any) -> dict[str, Any]:
        run = self.subject.build(self.inputs)
        return run.backward(*apart(dout, run.forward(self.inputs)))

    def wrt(self) -> tuple[str, ...]:
        """Name the inputs of which the layer gives a gradient."""
        apart = self.copied()
        return tuple(apart.gradients(np.ones_like(apart.forward())))

    def random_dout(self) -> Any:
        out = self.copied().forward()
        return np.asarray(np.random.default_rng(1).standard_normal(out.shape)).astype(out.dtype)


def joined(out: Any, concatenate: Callable[..., Any] = np.concatenate) -> Any:
    """Join several outputs in a row: the checks know of one."""
    if isinstance(out, tuple | list | dict):
        return concatenate([each.reshape(-1) for each in jax.tree.leaves(out)])
    return out if isinstance(out, jax.Array) else np.asarray(out)


def apart(dout: Any, out: Any) -> tuple[Any, ...]:
    """Give what backward takes of such a row."""
    if not isinstance(out, tuple | list | dict):
        return (dout,)
    outs, structure = jax.tree.flatten(out)
    rows = np.split(dout, np.cumsum([each.size for each in outs])[:-1])
    douts = structure.unflatten(row.reshape(each.shape) for row, each in zip(rows, outs, strict=True))
    return (douts,) if isinstance(douts, dict) else tuple(douts)


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
