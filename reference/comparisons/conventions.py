"""What handgrad and JAX answer where mathematics leaves a choice: kinks, infinities, NaN, empty and masked input."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from handgrad import Affine, Exp, IdentityWithLoss, Reciprocal, Relu, Sigmoid, SoftmaxWithLoss
from handgrad.testing.subject import Subject
from reference.comparisons.page import table
from reference.comparisons.said import nested, said

inf, nan = np.inf, np.nan


def rows(x: jax.Array, t: jax.Array) -> jax.Array:
    """Compute the cross-entropy of each row, as it is commonly spelled."""
    return -jnp.take_along_axis(jax.nn.log_softmax(x), t[:, None], -1)[:, 0]


@dataclass(frozen=True)
class Question:
    """What a layer is asked: a result (out, or a gradient such as dx) for these arguments.

    The same is asked of `in_jax`, expressions of the arguments. `dout` is 1 everywhere unless it is given.
    """

    layer: Callable[..., Any]
    about: str
    asked: str
    arguments: Mapping[str, Any]
    in_jax: Sequence[str]
    dout: Any = 1.0

    def ours(self) -> Any:
        """Ask handgrad."""
        arguments = {name: np.asarray(each) for name, each in self.arguments.items()}
        run = Subject(self.layer, list(arguments)).build(arguments)
        out = run.forward(arguments)
        if self.asked == "out":
            return out
        return run.backward(np.broadcast_to(self.dout, out.shape))[self.asked[1:]]

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


@dataclass(frozen=True)
class Answer:
    """A row of the table: one question, one spelling in JAX."""

    layer: str
    about: str
    given: str
    asked: str
    ours: str
    jaxs: str
    spelling: str


SPELLINGS = {"jax": jax, "jnp": jnp, "rows": rows}
FAR = [-inf, -1e4, 1e4, inf]
TWO_ROWS: dict[str, Any] = {"x": [[1.0, 2.0], [nan, nan]], "t": [0, 1], "mask": [True, False]}
NOTHING_COUNTS: dict[str, Any] = TWO_ROWS | {"x": [[1.0, 2.0], [3.0, 4.0]], "mask": [False, False]}
RELU, MAXIMUM = "jax.nn.relu(x)", "jnp.maximum(x, 0)"
SIGMOID, QUOTIENT = "jax.nn.sigmoid(x)", "1 / (1 + jnp.exp(-x))"
ROWS = "rows(x, t).mean()"
MULTIPLIED, SELECTED = "(rows(x, t) * mask).sum() / mask.sum()", "jnp.where(mask, rows(x, t), 0).sum() / mask.sum()"
ONE_HOT = "-(jax.nn.one_hot(t, 3) * jax.nn.log_softmax(x)).sum(-1).mean()"
SQUARES = "0.5 * jnp.square(x - t).sum(-1).mean()"

QUESTIONS = (
    Question(Relu, "at the kink", "dx", {"x": [0.0, -0.0]}, [RELU, MAXIMUM]),
    Question(Relu, "NaN", "out", {"x": [nan]}, [RELU, MAXIMUM]),
    Question(Relu, "NaN", "dx", {"x": [nan]}, [RELU, MAXIMUM]),
    Question(Relu, "±inf", "out", {"x": [-inf, inf]}, [RELU]),
    Question(Relu, "±inf", "dx", {"x": [-inf, inf]}, [RELU]),
    Question(Relu, "blocked, dout not finite", "dx", {"x": [-1.0, -1.0]}, [RELU, "x * (x > 0)"], dout=[inf, nan]),
    Question(Sigmoid, "far out", "out", {"x": FAR}, [SIGMOID, QUOTIENT]),
    Question(Sigmoid, "far out", "dx", {"x": FAR}, [SIGMOID, QUOTIENT]),
    Question(Sigmoid, "left tail", "out", {"x": [-100.0]}, [SIGMOID, "(1 + jnp.tanh(x / 2)) / 2"]),
    Question(Sigmoid, "right tail", "dx", {"x": [40.0]}, [SIGMOID, "jnp.exp(jax.nn.log_sigmoid(x))"]),
    Question(Exp, "beyond float64", "out", {"x": [-1000.0, 1000.0]}, ["jnp.exp(x)"]),
    Question(Exp, "beyond float64", "dx", {"x": [-1000.0, 1000.0]}, ["jnp.exp(x)"]),
    Question(Reciprocal, "±0 and ±inf", "out", {"x": [0.0, -0.0, inf, -inf]}, ["1 / x"]),
    Question(Reciprocal, "±0 and ±inf", "dx", {"x": [0.0, -0.0, inf, -inf]}, ["1 / x"]),
    Question(Affine, "no rows", "dW", {"x": np.ones((0, 2)), "W": np.ones((2, 2)), "b": np.ones(2)}, ["x @ W + b"]),
    Question(Affine, "no rows", "db", {"x": np.ones((0, 2)), "W": np.ones((2, 2)), "b": np.ones(2)}, ["x @ W + b"]),
    Question(Affine, "no batch axis", "dW", {"x": [2.0, 5.0], "W": np.ones((2, 2)), "b": np.ones(2)}, ["x @ W + b"]),
    Question(SoftmaxWithLoss, "no rows", "out", {"x": np.ones((0, 3)), "t": np.ones(0, np.int64)}, [ROWS]),
    Question(SoftmaxWithLoss, "no rows", "dx", {"x": np.ones((0, 3)), "t": np.ones(0, np.int64)}, [ROWS]),
    Question(SoftmaxWithLoss, "everything masked", "out", NOTHING_COUNTS, [MULTIPLIED, SELECTED]),
    Question(SoftmaxWithLoss, "everything masked", "dx", NOTHING_COUNTS, [MULTIPLIED, SELECTED]),
    Question(SoftmaxWithLoss, "NaN in a masked row", "out", TWO_ROWS, [MULTIPLIED, SELECTED]),
    Question(SoftmaxWithLoss, "NaN in a masked row", "dx", TWO_ROWS, [MULTIPLIED, SELECTED]),
    Question(SoftmaxWithLoss, "a class ruled out", "out", {"x": [[0.0, -inf, 0.0]], "t": [0]}, [ROWS]),
    Question(SoftmaxWithLoss, "a class ruled out", "dx", {"x": [[0.0, -inf, 0.0]], "t": [0]}, [ROWS]),
    Question(SoftmaxWithLoss, "the target ruled out", "out", {"x": [[0.0, -inf, 0.0]], "t": [1]}, [ROWS]),
    Question(SoftmaxWithLoss, "the target ruled out", "dx", {"x": [[0.0, -inf, 0.0]], "t": [1]}, [ROWS]),
    Question(SoftmaxWithLoss, "every class ruled out", "out", {"x": [[-inf, -inf]], "t": [0]}, [ROWS]),
    Question(SoftmaxWithLoss, "every class ruled out", "dx", {"x": [[-inf, -inf]], "t": [0]}, [ROWS]),
    Question(SoftmaxWithLoss, "label -1", "out", {"x": [[0.0, 1.0, 5.0]], "t": [-1]}, [ROWS, ONE_HOT]),
    Question(SoftmaxWithLoss, "label 3 of 3 classes", "out", {"x": [[0.0, 1.0, 5.0]], "t": [3]}, [ROWS, ONE_HOT]),
    Question(
        SoftmaxWithLoss,
        "a hopeless target",
        "out",
        {"x": [[0.0, 1000.0]], "t": [0]},
        [ROWS, "-jnp.log(jax.nn.softmax(x)[:, 0]).mean()"],
    ),
    Question(
        SoftmaxWithLoss,
        "targets that sum to 4",
        "dx",
        {"x": [0.0, 0.0], "t": [3.0, 1.0]},
        ["-(t * jax.nn.log_softmax(x)).sum()", "-(t * jnp.log(jax.nn.softmax(x))).sum()"],
    ),
    Question(IdentityWithLoss, "no rows", "out", {"x": np.ones((0, 3)), "t": np.ones((0, 3))}, [SQUARES]),
    Question(IdentityWithLoss, "no batch axis", "out", {"x": [3.0, 4.0], "t": [0.0, 0.0]}, [SQUARES]),
)


def answers(layers: Collection[str]) -> list[Answer]:
    """Ask every question about these layers."""
    return [
        Answer(
            question.layer.__name__,
            question.about,
            given(question),
            question.asked,
            said(question.ours),
            said(partial(question.jaxs, spelling)),
            spelling,
        )
        for question in QUESTIONS
        if question.layer.__name__ in layers
        for spelling in question.in_jax
    ]


def given(question: Question) -> str:
    """Write down what decides the answer: the arguments, except weights, and dout where it is not 1."""
    shown = {name: each for name, each in question.arguments.items() if name not in ("W", "b")}
    shown |= {} if question.dout == 1.0 else {"dout": question.dout}
    return ", ".join(f"{name} = {_brief(each)}" for name, each in shown.items())


def _brief(argument: Any) -> str:
    array = np.asarray(argument)
    return nested(array.tolist()) if array.size else f"zeros({array.shape})"


def section(found: Sequence[Answer]) -> str:
    """Set handgrad's answers beside JAX's, for the page."""
    header = ["layer", "situation", "input", "result", "handgrad", "JAX", "spelled in JAX"]
    rows = [
        [each.layer, each.about, f"`{each.given}`", each.asked, f"`{each.ours}`", _marked(each), f"`{each.spelling}`"]
        for each in found
    ]
    differing = sum(each.ours != each.jaxs for each in found)
    total = f"Of {len(found)} answers of JAX, {differing} differ from handgrad's: they are **marked**."
    return "\n\n".join([_CHOICE, table(header, rows), total])


_CHOICE = """\
Where mathematics leaves a choice, or floating-point numbers end, an answer is a convention. In JAX it depends on how
a function is spelled; the last column has the spelling, in which `rows(x, t)` is the usual
`-jnp.take_along_axis(jax.nn.log_softmax(x), t[:, None], -1)[:, 0]`. Everything is in float64, and dout is 1 unless it
is given."""


def _marked(answer: Answer) -> str:
    return f"`{answer.jaxs}`" if answer.jaxs == answer.ours else f"**`{answer.jaxs}`**"
