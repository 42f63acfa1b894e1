"""What handgrad and JAX answer where mathematics leaves a choice: kinks, infinities, NaN, empty and masked input."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from handgrad.layer import in_order
from handgrad.testing.subject import Subject, name_of
from reference.comparisons.corners.beside import Beside
from reference.comparisons.corners.said import nested, said


@dataclass(frozen=True)
class Question:
    """What a layer is asked: a result (out, or a gradient such as dx) for these arguments.

    The same is asked of `in_jax`, expressions of the arguments. `dout` is 1 everywhere unless it is given. Of several
    outputs, it is about the one in the place `of`.
    """

    layer: Callable[..., Any]
    about: str
    asked: str
    arguments: Mapping[str, Any]
    in_jax: Sequence[str]
    dout: Any = 1.0
    of: int = 0

    @property
    def layer_name(self) -> str:
        """Name the layer."""
        return name_of(self.layer)

    def ours(self) -> Any:
        """Ask handgrad."""
        arguments = {name: np.asarray(each) for name, each in self.arguments.items()}
        run = Subject(self.layer, list(arguments)).build(arguments)
        outs = in_order(run.forward(arguments))
        if self.asked == "out":
            return outs[self.of]
        douts = [np.full(np.shape(out), self.dout if place == self.of else 0.0) for place, out in enumerate(outs)]
        return run.backward(*douts)[self.asked[1:]]

    def jaxs(self, expression: str) -> Any:
        """Ask JAX, in one of the spellings."""
        arguments = {name: jnp.asarray(each) for name, each in self.arguments.items()}

        def compute(**changed: Any) -> Any:
            return eval(expression, SPELLINGS | arguments | changed)

        if self.asked == "out":
            return compute()
        name = self.asked[1:]
        out, pullback = jax.vjp(lambda argument: compute(**{name: argument}), arguments[name])
        return pullback(jnp.broadcast_to(jnp.asarray(self.dout), out.shape))[0]


SPELLINGS = {"jax": jax, "jnp": jnp}


def answered(question: Question, short_for: Mapping[str, str]) -> Beside:
    """Ask handgrad, and JAX in every spelling, which is written out where it is short for more."""
    others = {
        f"`{spelling}`": said(partial(question.jaxs, _written_out(spelling, short_for)))
        for spelling in question.in_jax
    }
    asked = f"out[{question.of}]" if question.asked == "out" and question.of else question.asked
    return Beside(question.about, asked, given(question), said(question.ours), others)


def _written_out(spelling: str, short_for: Mapping[str, str]) -> str:
    for short, whole in short_for.items():
        spelling = spelling.replace(short, f"({whole})")
    return spelling


def given(question: Question) -> str:
    """Write down what decides the answer: the arguments, except for weights, and dout where it is not 1."""
    params = Subject(question.layer, list(question.arguments)).constructor_names
    shown = {name: each for name, each in question.arguments.items() if name not in params or not np.ndim(each)}
    shown |= {} if question.dout == 1.0 else {"dout": question.dout}
    return ", ".join(f"{name} = {_brief(each)}" for name, each in shown.items())


def _brief(argument: Any) -> str:
    array = np.asarray(argument)
    return nested(array.tolist()) if array.size else f"zeros({array.shape})"
