"""The cases of the nodes that join and cut."""

from typing import Any

import hypothesis.strategies as st
import jax
import jax.numpy as jnp

import handgrad
from handgrad.testing import arrays
from reference import joining
from reference.cases.case import Case


class SplitJoined:
    """Split, its parts joined again in reverse order: the checker takes one output."""

    def __init__(self, parts: Any, axis: int) -> None:
        self.split, self.concatenate = handgrad.Split(parts, axis), handgrad.Concatenate(axis)

    def forward(self, x: Any) -> Any:
        """Split x, and join the parts."""
        return self.concatenate.forward(*self.split.forward(x)[::-1])

    def backward(self, dout: Any) -> Any:
        """Return dx."""
        return self.split.backward(*self.concatenate.backward(dout)[::-1])


def split(x: jax.Array, parts: Any, axis: int) -> jax.Array:
    """Do the same in JAX."""
    return jnp.concatenate(joining.split(x, parts, axis)[::-1], axis)


CASES = (
    Case(
        handgrad.Concatenate,
        joining.concatenate,
        arrays(b="... N D", a="... M D", c="... 2 D", axis=st.just(-2)),
    ),
    Case(handgrad.Concatenate, joining.concatenate, arrays(a="N D", b="M D"), "rows"),
    Case(
        handgrad.Stack,
        joining.stack,
        arrays(b="... D", a="... D", c="... D", axis=st.sampled_from([0, -1, -2])),
    ),
    Case(
        SplitJoined,
        split,
        arrays(x="... 6 D", parts=st.sampled_from([3, [1, 1, 4], []]), axis=st.just(-2)),
        "joined",
        about=handgrad.Split,
    ),
)
