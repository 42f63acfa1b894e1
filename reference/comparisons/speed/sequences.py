"""The works on sequences: an LSTM, and attention in several heads."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import handgrad
from reference.comparisons.speed import bare
from reference.comparisons.speed.contenders import BARE, FLOOR, JAX, OURS, TORCH, ByTorch, Jitted, Step, by_numpy
from reference.comparisons.speed.work import Work, normal


def lstm(rows: int, steps: int, inputs: int, hidden: int, targets: Mapping[str, float]) -> Work:
    """Time an LSTM. Its floor is its products: three for Wx of all steps at once, and of Wh one more; two wait."""
    x, dout = normal(rows, steps, inputs), normal(rows, steps, hidden)
    Wx, Wh = (normal(length, 4 * hidden) / np.float32(np.sqrt(length)) for length in (inputs, hidden))
    b = np.zeros(4 * hidden, np.float32)

    def products() -> Step:
        all_x, da, h = normal(rows * steps, inputs), normal(steps * rows, 4 * hidden), normal(rows, hidden)
        hs, back = normal(steps * rows, hidden), Wh.T.copy()

        def step() -> Any:
            waiting = [(h @ Wh, da[:rows] @ back) for _ in range(steps)]
            return waiting, all_x @ Wx, da @ Wx.T, all_x.T @ da, hs.T @ da

        return step

    def in_jax(x: Any, Wx: Any, Wh: Any, b: Any) -> Any:
        def step(state: Any, a: Any) -> Any:
            h, c = state
            f, g, i, o = jnp.split(a + h @ Wh, 4, -1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        nothing = jnp.zeros((rows, hidden), x.dtype)
        return jax.lax.scan(step, (nothing, nothing), (x @ Wx + b).swapaxes(0, 1))[1].swapaxes(0, 1)

    def in_torch(torch: Any, x: Any, Wx: Any, Wh: Any, b: Any) -> Any:
        nothing = torch.zeros(1, rows, hidden)
        weights = Wx.T.contiguous(), Wh.T.contiguous(), b, torch.zeros_like(b)
        return torch.lstm(x, (nothing, nothing), weights, True, 1, 0.0, True, False, True)[0]

    return Work(
        f"Lstm {(rows, steps, inputs)} to {hidden}",
        {
            OURS: lambda: by_numpy(handgrad.Lstm(Wx, Wh, b), (x,), dout),
            FLOOR: products,
            BARE: lambda: bare.lstm(x, Wx, Wh, dout),
            JAX: lambda: Jitted(in_jax, x, Wx, Wh, b, dout=dout),
            TORCH: lambda: ByTorch(in_torch, x, Wx, Wh, b, dout=dout),
        },
        targets,
    )


def attention(rows: int, length: int, width: int, heads: int, targets: Mapping[str, float]) -> Work:
    """Time attention in several heads. Its floor is its products: three for each of four W, six of each head."""
    x, dout = normal(rows, length, width), normal(rows, length, width)
    params = [np.roll(normal(width, width), i) / np.float32(np.sqrt(width)) for i in range(4)]

    def products() -> Step:
        flat, each = normal(rows * length, width), normal(rows, heads, length, width // heads)
        scores, back = normal(rows, heads, length, length), each.swapaxes(-1, -2).copy()

        def step() -> Any:
            of_params = [(flat @ W, flat @ W.T, flat.T @ flat) for W in params]
            return of_params, [each @ back for _ in range(2)], [scores @ each for _ in range(4)]

        return step

    def in_jax(x: Any, Wq: Any, Wk: Any, Wv: Any, Wo: Any) -> Any:
        q, k, v = ((x @ W).reshape(rows, length, heads, -1) for W in (Wq, Wk, Wv))
        return jax.nn.dot_product_attention(q, k, v).reshape(x.shape) @ Wo

    def in_torch(torch: Any, x: Any, Wq: Any, Wk: Any, Wv: Any, Wo: Any) -> Any:
        q, k, v = ((x @ W).unflatten(-1, (heads, -1)).transpose(1, 2) for W in (Wq, Wk, Wv))
        return torch.nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(-2) @ Wo

    return Work(
        f"MultiHeadAttention {x.shape}",
        {
            OURS: lambda: by_numpy(handgrad.MultiHeadAttention(*params, heads=heads), (x,), dout),
            FLOOR: products,
            JAX: lambda: Jitted(in_jax, x, *params, dout=dout),
            TORCH: lambda: ByTorch(in_torch, x, *params, dout=dout),
        },
        targets,
    )
