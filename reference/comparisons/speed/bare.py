"""NumPy's bare steps of a formula, into arrays that are there already: no checks, no masks, no infinities, no tails.

Where these alone miss an aim, no layer that is made of NumPy's operations could meet it.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from handgrad.normal import P, Q
from reference.comparisons.speed.contenders import Numbers, Step

BLOCK = 2**14  # numbers, which stay in the processor's cache


def exponential(x: Numbers) -> Step:
    """Compute the exponential alone."""
    return partial(np.exp, x, out=np.empty_like(x))


def softmax(x: Numbers, dout: Numbers) -> Step:
    """Compute y = exp(x - max x) / Σ exp(x - max x) and dx = y (dout - Σ dout y), in float32."""
    y, dx = np.empty_like(x), np.empty_like(x)

    def steps() -> None:
        np.subtract(x, x.max(-1, keepdims=True), out=y)
        np.exp(y, out=y)
        np.divide(y, y.sum(-1, keepdims=True), out=y)
        np.multiply(dout, y, out=dx)
        np.subtract(dout, dx.sum(-1, keepdims=True), out=dx)
        np.multiply(dx, y, out=dx)

    return steps


def normalising(x: Numbers, dout: Numbers) -> Step:
    """Compute z = (x - mean) / std of each row and dx = (dout - mean dout - z mean(dout z)) / std, in float32."""
    z, dx, product = np.empty_like(x), np.empty_like(x), np.empty_like(x)

    def steps() -> None:
        np.subtract(x, x.mean(-1, keepdims=True), out=z)
        std = np.sqrt(np.square(z, out=product).mean(-1, keepdims=True))
        np.divide(z, std, out=z)
        np.multiply(z, np.multiply(dout, z, out=product).mean(-1, keepdims=True), out=product)
        np.subtract(dout, dout.mean(-1, keepdims=True), out=dx)
        np.divide(np.subtract(dx, product, out=dx), std, out=dx)

    return steps


def silu(x: Numbers, dout: Numbers) -> Step:
    """Compute x σ(x) and dout σ(x) (1 + x (1 - σ(x))), in float64, block by block."""
    e, s = rooms(x)

    def steps(x: Numbers, dout: Numbers, out: Numbers, dx: Numbers) -> None:
        np.exp(np.negative(x, out=e), out=e)
        np.divide(1, np.add(e, 1, out=e), out=s)
        np.multiply(x, s, out=out)
        np.multiply(x, np.subtract(1, s, out=e), out=e)
        np.multiply(s, np.add(e, 1, out=e), out=e)
        np.multiply(dout, e, out=dx)

    return in_blocks(steps, x, dout, np.empty_like(x), np.empty_like(x))


def lstm(x: Numbers, Wx: Numbers, Wh: Numbers, dhs: Numbers) -> Step:
    """Compute an LSTM without a bias, in float32: all of x Wx, the steps one way and back, and dx, dWx and dWh."""
    (rows, length, _), hidden = x.shape, len(Wh)
    h, c, tanh = (np.zeros((length + 1, rows, hidden), np.float32) for _ in range(3))
    gates, da = (np.empty((length, rows, 4 * hidden), np.float32) for _ in range(2))
    dh, dc = np.empty((2, rows, hidden), np.float32)
    by_step, dhs, back = x.swapaxes(0, 1).copy(), dhs.swapaxes(0, 1).copy(), Wh.T.copy()
    f, g, i, o = np.split(gates, 4, -1)
    da_f, da_g, da_i, da_o = np.split(da, 4, -1)

    def steps() -> Any:
        np.matmul(by_step, Wx, out=gates)
        for t in range(length):
            gates[t] += h[t] @ Wh
            new = np.tanh(g[t])
            np.divide(1, 1 + np.exp(-gates[t]), out=gates[t])
            g[t] = new
            np.add(f[t] * c[t], i[t] * new, out=c[t + 1])
            np.multiply(o[t], np.tanh(c[t + 1], out=tanh[t]), out=h[t + 1])
        dh.fill(0)
        dc.fill(0)
        for t in reversed(range(length)):
            np.add(dh, dhs[t], out=dh)
            np.add(dc, dh * o[t] * (1 - tanh[t] ** 2), out=dc)
            np.multiply(dc * c[t], f[t] * (1 - f[t]), out=da_f[t])
            np.multiply(dc * i[t], 1 - g[t] ** 2, out=da_g[t])
            np.multiply(dc * g[t], i[t] * (1 - i[t]), out=da_i[t])
            np.multiply(dh * tanh[t], o[t] * (1 - o[t]), out=da_o[t])
            np.matmul(da[t], back, out=dh)
            np.multiply(dc, f[t], out=dc)
        flat = da.reshape(-1, 4 * hidden)
        return flat @ Wx.T, by_step.reshape(len(flat), -1).T @ flat, h[:-1].reshape(len(flat), -1).T @ flat

    return steps


def gelu(x: Numbers, _: Numbers) -> Step:
    """Compute the two polynomials of Φ(x) in float64, block by block, and no more."""
    y, number = rooms(x)

    def steps(x: Numbers) -> None:
        number[...] = x
        for coefficients in (P, Q):
            y.fill(coefficients[-1])
            for coefficient in coefficients[-2::-1]:
                np.multiply(y, number, out=y)
                np.add(y, coefficient, out=y)

    return in_blocks(steps, x)


def rooms(x: Numbers) -> tuple[Numbers, Numbers]:
    """Make room for two blocks in float64."""
    length = min(BLOCK, x.size)
    return np.empty(length), np.empty(length)


def in_blocks(steps: Callable[..., None], *arrays: Numbers) -> Step:
    """Go through arrays of one size in whole blocks. A shorter rest is left out."""
    flat = [array.reshape(-1) for array in arrays]
    size, length = flat[0].size, min(BLOCK, flat[0].size)

    def step() -> None:
        for start in range(0, size - size % length, length):
            steps(*(array[start : start + length] for array in flat))

    return step
