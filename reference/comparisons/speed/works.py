"""The works that are timed, forward and backward in float32, as each contender does them.

A contender gets everything ready, and returns the step that is timed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

import handgrad
from reference.activations import relu, sigmoid
from reference.comparisons.networks import Params, two_layers, two_layers_in_jax
from reference.losses import softmax_with_loss

Numbers = npt.NDArray[Any]
Shape = tuple[int, ...]
Step = Callable[[], Any]

book: Any = import_module("reference.comparisons.book")  # which has no types

OURS, FLOOR, BOOK, EXP, JAX, TORCH = CONTENDERS = (
    "handgrad",
    "the floor",
    "the book",
    "`np.exp`",
    "`jax.jit`",
    "PyTorch",
)


@dataclass(frozen=True)
class Work:
    """What is timed, who does it, and what handgrad's time over another's is to be at most."""

    name: str
    contenders: Mapping[str, Callable[[], Step]]
    targets: Mapping[str, float]


def network(inputs: int, hidden: int, classes: int, rows: int, targets: Mapping[str, float]) -> Work:
    """Time the book's two-layer network. Its floor is its matrix products, three for each W."""
    x, t, params = normal(rows, inputs), labels(rows, classes), weights(inputs, hidden, classes)

    def products() -> Step:
        h, dh, dscores = normal(rows, hidden), normal(rows, hidden), normal(rows, classes)
        W1, W2 = params["W1"], params["W2"]
        return lambda: (x @ W1, h @ W2, dscores @ W2.T, h.T @ dscores, dh @ W1.T, x.T @ dh)

    def torch_loss(torch: Any, x: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
        scores = torch.relu(x @ W1 + b1) @ W2 + b2
        return torch.nn.functional.cross_entropy(scores, torch.from_numpy(t))

    return Work(
        f"network {inputs}-{hidden}-{classes}, batch {rows}",
        {
            OURS: lambda: partial(two_layers(params).gradient, x, t),
            FLOOR: products,
            BOOK: lambda: partial(two_layers(params, book).gradient, x, one_hot(t, classes)),
            JAX: lambda: jitted(lambda params, x: two_layers_in_jax(params, x, t), params, x, dout=np.float32(1)),
            TORCH: lambda: by_torch(torch_loss, x, *params.values(), dout=np.float32(1)),
        },
        targets,
    )


def loss(rows: int, classes: int, targets: Mapping[str, float]) -> Work:
    """Time the softmax with its loss. Its floor is to copy the scores: they are read, and a gradient is written."""
    x, t = normal(rows, classes), labels(rows, classes)

    def step_of(layer: Any, t: Numbers) -> Step:
        return lambda: (layer.forward(x, t), layer.backward(1.0))

    def torch_loss(torch: Any, x: Any) -> Any:
        return torch.nn.functional.cross_entropy(x, torch.from_numpy(t))

    return Work(
        f"SoftmaxWithLoss {(rows, classes)}",
        {
            OURS: lambda: step_of(handgrad.SoftmaxWithLoss(), t),
            FLOOR: lambda: copying(x),
            BOOK: lambda: step_of(book.SoftmaxWithLoss(), one_hot(t, classes)),
            EXP: lambda: exponential(x),
            JAX: lambda: jitted(lambda x: softmax_with_loss(x, jnp.asarray(t)), x, dout=np.float32(1)),
            TORCH: lambda: by_torch(torch_loss, x, dout=np.float32(1)),
        },
        targets,
    )


def activation(layer: type, twin: Callable[..., Any], shape: Shape, targets: Mapping[str, float]) -> Work:
    """Time an activation. Its floor is to copy x and dout: both are read, and as much is written."""
    x, dout = normal(*shape), normal(*shape)
    name = layer.__name__

    def step_of(layer: Any) -> Step:
        # the book's Relu writes into the dout that it is given
        return lambda: (layer.forward(x), layer.backward(dout))

    return Work(
        f"{name} {shape}",
        {
            OURS: lambda: step_of(layer()),
            FLOOR: lambda: copying(x, dout),
            BOOK: lambda: step_of(getattr(book, name)()),
            JAX: lambda: jitted(twin, x, dout=dout),
            TORCH: lambda: by_torch(lambda torch, x: getattr(torch, name.lower())(x), x, dout=dout),
        }
        | ({EXP: lambda: exponential(x.astype(np.float64))} if layer is handgrad.Sigmoid else {}),
        targets,
    )


def copying(*arrays: Numbers) -> Step:
    """Copy the bytes that have to move, to where nothing has to be allocated."""
    there = [np.empty_like(array) for array in arrays]

    def copy() -> None:
        for to, array in zip(there, arrays, strict=True):
            np.copyto(to, array)

    return copy


def exponential(x: Numbers) -> Step:
    """Compute NumPy's exponential, to where nothing has to be allocated."""
    return partial(np.exp, x, out=np.empty_like(x))


def jitted(function: Callable[..., Any], *arguments: Any, dout: Any) -> Step:
    """Let JAX compile the value and the vector-Jacobian product, with its arguments on its device beforehand."""

    def value_and_gradients(dout: Any, *arguments: Any) -> Any:
        out, pullback = jax.vjp(function, *arguments)
        return out, pullback(dout)

    compiled, ready = jax.jit(value_and_gradients), jax.device_put((dout, *arguments))
    wait: Any = jax.block_until_ready
    return lambda: wait(compiled(*ready))


def by_torch(function: Callable[..., Any], *arguments: Numbers, dout: Any) -> Step:
    """Let PyTorch compute the value and the gradients."""
    torch: Any = import_module("torch")
    torch.set_num_threads(1)
    tensors, upstream = [torch.tensor(each, requires_grad=True) for each in arguments], torch.tensor(dout)
    return lambda: torch.autograd.grad(function(torch, *tensors), tensors, upstream)


def normal(*shape: int) -> Numbers:
    """Draw float32 numbers, the same ones every time."""
    return np.random.default_rng(0).standard_normal(shape, np.float32)


def labels(rows: int, classes: int) -> Numbers:
    """Draw class indices, the same ones every time."""
    return np.random.default_rng(0).integers(0, classes, rows)


def one_hot(t: Numbers, classes: int) -> Numbers:
    """Give labels as the book wants them."""
    return np.eye(classes, dtype=np.float32)[t]


def weights(inputs: int, hidden: int, classes: int) -> Params:
    """Draw the parameters of a two-layer network."""
    return {
        "W1": normal(inputs, hidden) / np.float32(np.sqrt(inputs)),
        "b1": np.zeros(hidden, np.float32),
        "W2": normal(hidden, classes) / np.float32(np.sqrt(hidden)),
        "b2": np.zeros(classes, np.float32),
    }


WORKS: tuple[Callable[[], Work], ...] = (
    lambda: network(784, 50, 10, 100, {FLOOR: 1.15, BOOK: 1.0, JAX: 1.0}),
    lambda: network(784, 50, 10, 1, {BOOK: 1.5, JAX: 1.0}),
    lambda: network(784, 512, 10, 4096, {FLOOR: 1.05}),
    lambda: loss(100, 10, {JAX: 1.0}),
    lambda: loss(4096, 1000, {JAX: 1.0}),
    lambda: loss(128, 50257, {JAX: 1.0}),
    lambda: activation(handgrad.Relu, relu, (100, 50), {JAX: 0.6}),
    lambda: activation(handgrad.Relu, relu, (2000, 2000), {JAX: 1.0, TORCH: 1.0}),
    lambda: activation(handgrad.Sigmoid, sigmoid, (100, 50), {JAX: 0.6}),
    lambda: activation(handgrad.Sigmoid, sigmoid, (2000, 2000), {JAX: 1.0, TORCH: 1.0}),
)
