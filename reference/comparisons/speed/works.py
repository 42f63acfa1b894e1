"""The works that are timed, forward and backward in float32, as each contender does them."""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import handgrad
from reference import binary, channel_normalisation, losses, pooling, row_normalisation
from reference import convolution as twin_of_convolution
from reference.comparisons.networks.network import Batch, Params, loss_in_jax
from reference.comparisons.networks.two_layers import two_layers, two_layers_in_jax
from reference.comparisons.speed import bare
from reference.comparisons.speed.contenders import (
    BARE,
    BOOK,
    FLOOR,
    JAX,
    OURS,
    TORCH,
    ByTorch,
    Jitted,
    Numbers,
    Step,
    by_numpy,
    copying,
)
from reference.comparisons.speed.sequences import attention, lstm
from reference.comparisons.speed.work import Shape, Work, labels, normal, one_hot

book: Any = import_module("reference.comparisons.book")  # which has no types


def network(inputs: int, hidden: int, classes: int, rows: int, targets: Mapping[str, float]) -> Work:
    """Time the book's two-layer network. Its floor is its matrix products, three for each W."""
    x, t, params = normal(rows, inputs), labels(rows, classes), weights(inputs, hidden, classes)

    def products() -> Step:
        h, dh, dscores = normal(rows, hidden), normal(rows, hidden), normal(rows, classes)
        W1, W2 = params["W1"], params["W2"]
        return lambda: (x @ W1, h @ W2, dscores @ W2.T, h.T @ dscores, dh @ W1.T, x.T @ dh)

    def jax_loss(params: Any, x: Any) -> Any:
        return loss_in_jax(two_layers_in_jax, params, Batch(x, t))

    def torch_loss(torch: Any, x: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
        scores = torch.relu(x @ W1 + b1) @ W2 + b2
        return torch.nn.functional.cross_entropy(scores, torch.from_numpy(t))

    return Work(
        f"network {inputs}-{hidden}-{classes}, batch {rows}",
        {
            OURS: lambda: partial(two_layers(params).gradient, Batch(x, t)),
            FLOOR: products,
            BOOK: lambda: partial(two_layers(params, book).gradient, Batch(x, one_hot(t, classes))),
            JAX: lambda: Jitted(jax_loss, params, x, dout=np.float32(1)),
            TORCH: lambda: ByTorch(torch_loss, x, *params.values(), dout=np.float32(1)),
        },
        targets,
    )


def loss(rows: int, classes: int, targets: Mapping[str, float]) -> Work:
    """Time the softmax with its loss. Its floor is to copy the scores: they are read, and a gradient is written."""
    x, t = normal(rows, classes), labels(rows, classes)

    def torch_loss(torch: Any, x: Any) -> Any:
        return torch.nn.functional.cross_entropy(x, torch.from_numpy(t))

    return Work(
        f"SoftmaxWithLoss {(rows, classes)}",
        {
            OURS: lambda: by_numpy(handgrad.SoftmaxWithLoss(), (x, t)),
            FLOOR: lambda: copying(x),
            BOOK: lambda: by_numpy(book.SoftmaxWithLoss(), (x, one_hot(t, classes))),
            BARE: lambda: bare.exponential(x),
            JAX: lambda: Jitted(lambda x: losses.softmax_with_loss(x, jnp.asarray(t)), x, dout=np.float32(1)),
            TORCH: lambda: ByTorch(torch_loss, x, dout=np.float32(1)),
        },
        targets,
    )


def binary_loss(rows: int, columns: int, targets: Mapping[str, float]) -> Work:
    """Time the sigmoid with its loss. Its floor is to copy the scores. The book's takes a row of them, and labels."""
    x, t = normal(rows, columns), labels(rows * columns, 2).reshape(rows, columns)
    answers = t.astype(np.float32)

    def torch_loss(torch: Any, x: Any) -> Any:
        return torch.nn.functional.binary_cross_entropy_with_logits(x, torch.from_numpy(answers))

    return Work(
        f"SigmoidWithLoss {(rows, columns)}",
        {
            OURS: lambda: by_numpy(handgrad.SigmoidWithLoss(), (x, answers)),
            FLOOR: lambda: copying(x),
            BOOK: lambda: by_numpy(book.SigmoidWithLoss(), (x.ravel(), t.ravel())),
            BARE: lambda: bare.exponential(x.astype(np.float64)),
            JAX: lambda: Jitted(lambda x: binary.sigmoid_with_loss(x, jnp.asarray(answers)), x, dout=np.float32(1)),
            TORCH: lambda: ByTorch(torch_loss, x, dout=np.float32(1)),
        },
        targets,
    )


def embedding(words: int, width: int, number: int, targets: Mapping[str, float]) -> Work:
    """Time a table of vectors, whose gradient is as large as itself. Its floor is to copy it: that is written."""
    W, indices = normal(words, width), labels(number, words)
    dout = normal(number, width)
    return Work(
        f"Embedding {(words, width)}, {number} indices",
        {
            OURS: lambda: by_numpy(handgrad.Embedding(W), (indices,), dout),
            FLOOR: lambda: copying(W),
            JAX: lambda: Jitted(lambda W: W[indices], W, dout=dout),
            TORCH: lambda: ByTorch(lambda torch, W, i: torch.nn.functional.embedding(i, W), W, indices, dout=dout),
        },
        targets,
    )


def layer_norm(shape: Shape, targets: Mapping[str, float]) -> Work:
    """Time LayerNorm."""

    def in_torch(torch: Any, x: Any, gamma: Any, beta: Any) -> Any:
        return torch.nn.functional.layer_norm(x, gamma.shape, gamma, beta)

    return normalisation(handgrad.LayerNorm, row_normalisation.layer_norm, in_torch, shape, targets)


def batch_norm(shape: Shape, targets: Mapping[str, float]) -> Work:
    """Time BatchNorm, with the statistics of the batch."""

    def in_torch(torch: Any, x: Any, gamma: Any, beta: Any) -> Any:
        return torch.nn.functional.batch_norm(x, None, None, gamma, beta, training=True)

    return normalisation(handgrad.BatchNorm, channel_normalisation.batch_norm, in_torch, shape, targets)


def normalisation(
    make: Callable[[Numbers, Numbers], Any],
    twin: Callable[..., Any],
    in_torch: Callable[..., Any],
    shape: Shape,
    targets: Mapping[str, float],
) -> Work:
    """Time a layer that centres and scales x, with the gradients of its gamma and beta."""
    x, dout, gamma, beta = normal(*shape), normal(*shape), normal(shape[-1]), normal(shape[-1])
    return Work(
        f"{getattr(make, '__name__', '')} {shape}",
        {
            OURS: lambda: by_numpy(make(gamma, beta), (x,), dout),
            FLOOR: lambda: copying(x, dout),
            BARE: lambda: bare.normalising(x, dout),
            JAX: lambda: Jitted(twin, x, gamma, beta, dout=dout),
            TORCH: lambda: ByTorch(in_torch, x, gamma, beta, dout=dout),
        },
        targets,
    )


def convolution(targets: Mapping[str, float]) -> Work:
    """Time a convolution of images by windows of 3 x 3. Its floor is its products, with the copies of windows."""
    x, W, b, dout = normal(32, 16, 28, 28), normal(32, 16, 3, 3), normal(32), normal(32, 32, 26, 26)

    def products() -> Step:
        windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), (2, 3))
        weights, upstream = W.reshape(32, -1), dout.transpose(1, 0, 2, 3).reshape(32, -1)

        def step() -> Any:
            columns = windows.transpose(1, 4, 5, 0, 2, 3).reshape(144, -1)
            return weights @ columns, upstream @ columns.T, weights.T @ upstream

        return step

    return Work(
        f"Convolution {x.shape}, 3 × 3",
        {
            OURS: lambda: by_numpy(handgrad.Convolution(W, b), (x,), dout),
            FLOOR: products,
            JAX: lambda: Jitted(twin_of_convolution.convolution, x, W, b, dout=dout),
            TORCH: lambda: ByTorch(lambda torch, *given: torch.nn.functional.conv2d(*given), x, W, b, dout=dout),
        },
        targets,
    )


def max_pool(targets: Mapping[str, float]) -> Work:
    """Time the largest of 2 x 2. Its floor is to copy x and dout: both are read, and as much is written."""
    make, in_jax = partial(handgrad.MaxPool, (2, 2)), partial(pooling.max_pool, size=(2, 2))
    return layer(make, in_jax, lambda torch, x: torch.nn.functional.max_pool2d(x, 2), (32, 32, 28, 28), targets)


def layer(
    make: Callable[[], Any],
    in_jax: Callable[..., Any],
    in_torch: Callable[..., Any],
    shape: Shape,
    targets: Mapping[str, float],
    others: Mapping[str, Callable[[Numbers, Numbers], Step]] | None = None,
) -> Work:
    """Time a layer of one input. Its floor is to copy x and dout: both are read, and as much is written."""
    x = normal(*shape)
    dout = normal(*make().forward(x).shape)
    return Work(
        f"{type(make()).__name__} {shape}",
        {
            OURS: lambda: by_numpy(make(), (x,), dout),
            FLOOR: lambda: copying(x, dout),
            **{name: partial(contender, x, dout) for name, contender in (others or {}).items()},
            JAX: lambda: Jitted(in_jax, x, dout=dout),
            TORCH: lambda: ByTorch(in_torch, x, dout=dout),
        },
        targets,
    )


def relu(shape: Shape, targets: Mapping[str, float]) -> Work:
    """Time Relu. The book's writes into the dout that it is given."""
    others = {BOOK: lambda x, dout: by_numpy(book.Relu(), (x,), dout)}
    return layer(handgrad.Relu, jax.nn.relu, lambda torch, x: torch.relu(x), shape, targets, others)


def sigmoid(shape: Shape, targets: Mapping[str, float]) -> Work:
    """Time Sigmoid, whose exponential is taken in float64."""
    others = {
        BOOK: lambda x, dout: by_numpy(book.Sigmoid(), (x,), dout),
        BARE: lambda x, _: bare.exponential(x.astype(np.float64)),
    }
    return layer(handgrad.Sigmoid, jax.nn.sigmoid, lambda torch, x: torch.sigmoid(x), shape, targets, others)


def silu(shape: Shape, targets: Mapping[str, float]) -> Work:
    """Time Silu."""
    others = {BARE: bare.silu}
    return layer(handgrad.Silu, jax.nn.silu, lambda torch, x: torch.nn.functional.silu(x), shape, targets, others)


def gelu(shape: Shape, targets: Mapping[str, float]) -> Work:
    """Time Gelu, the exact one."""
    in_jax, others = partial(jax.nn.gelu, approximate=False), {BARE: bare.gelu}
    return layer(handgrad.Gelu, in_jax, lambda torch, x: torch.nn.functional.gelu(x), shape, targets, others)


def softmax(shape: Shape, targets: Mapping[str, float]) -> Work:
    """Time Softmax over the last axis."""
    others = {BARE: bare.softmax}
    return layer(handgrad.Softmax, jax.nn.softmax, lambda torch, x: torch.softmax(x, -1), shape, targets, others)


def total(shape: Shape, targets: Mapping[str, float]) -> Work:
    """Time Sum over the last axis."""
    make, in_jax = partial(handgrad.Sum, axis=-1), partial(jnp.sum, axis=-1)
    return layer(make, in_jax, lambda torch, x: torch.sum(x, -1), shape, targets)


def weights(inputs: int, hidden: int, classes: int) -> Params:
    """Draw the parameters of a two-layer network."""
    return {
        "W1": normal(inputs, hidden) / np.float32(np.sqrt(inputs)),
        "b1": np.zeros(hidden, np.float32),
        "W2": normal(hidden, classes) / np.float32(np.sqrt(hidden)),
        "b2": np.zeros(classes, np.float32),
    }


LARGE, SMALL = (4096, 1024), (100, 50)
AT_LARGE, AT_SMALL = {JAX: 1.5, TORCH: 1.5}, {JAX: 1.0, TORCH: 1.0}

WORKS: tuple[Callable[[], Work], ...] = (
    lambda: network(784, 50, 10, 100, {FLOOR: 1.15, BOOK: 1.0, JAX: 1.0}),
    lambda: network(784, 50, 10, 1, {BOOK: 1.5, JAX: 1.0}),
    lambda: network(784, 512, 10, 4096, {FLOOR: 1.05}),
    lambda: loss(100, 10, {JAX: 1.0}),
    lambda: loss(4096, 1000, {JAX: 1.0}),
    lambda: loss(128, 50257, {JAX: 1.0}),
    lambda: relu((100, 50), {JAX: 0.6}),
    lambda: relu((2000, 2000), {JAX: 1.0, TORCH: 1.0}),
    lambda: sigmoid((100, 50), {JAX: 0.6}),
    lambda: sigmoid((2000, 2000), {JAX: 1.0, TORCH: 1.0}),
    lambda: binary_loss(4096, 1000, AT_LARGE),
    lambda: embedding(50257, 768, 4096, AT_LARGE),
    lambda: convolution({FLOOR: 1.2, TORCH: 1.5}),
    lambda: max_pool({TORCH: 1.5}),
    lambda: lstm(32, 50, 64, 128, {TORCH: 2.0}),
    lambda: attention(8, 128, 256, 8, {JAX: 1.1}),
    *(
        partial(make, shape, targets)
        for make in (softmax, gelu, silu, total, layer_norm, batch_norm)
        for shape, targets in ((SMALL, AT_SMALL), (LARGE, AT_LARGE))
    ),
)
