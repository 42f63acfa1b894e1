"""Right layers whose references cost JAX the most: convolutions, a matrix product after another, an unrolled loop."""

import jax
import jax.numpy as jnp
import numpy as np

from handgrad.testing import arrays
from tests.planted.right import Right


def windows(x):
    """View the 3 × 3 numbers around every place, with zeros outside: N C H W -> N C H W 3 3."""
    padded = np.zeros((*x.shape[:2], x.shape[2] + 2, x.shape[3] + 2), x.dtype)
    padded[:, :, 1:-1, 1:-1] = x
    return np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))


class Conv2d:
    """A product of 3 × 3 numbers around every place with a kernel of as many."""

    def __init__(self, K):
        self.K = K

    def forward(self, x):
        self.windows = windows(x)
        return np.moveaxis(np.tensordot(self.windows, self.K, ([1, 4, 5], [1, 2, 3])), -1, 1)

    def backward(self, dout):
        self.dK = np.tensordot(dout, self.windows, ([0, 2, 3], [0, 2, 3]))
        return np.moveaxis(np.tensordot(windows(dout), self.K[:, :, ::-1, ::-1], ([1, 4, 5], [0, 2, 3])), -1, 1)


def conv2d(x, K):
    return jax.lax.conv_general_dilated(x, K, window_strides=(1, 1), padding="SAME")


class AttentionHead:
    """Queries, keys and values are of the same x."""

    def __init__(self, Q, K, V):
        self.Q, self.K, self.V = Q, K, V

    def forward(self, x):
        self.x, self.q, self.k, self.v = x, x @ self.Q, x @ self.K, x @ self.V
        scores = self.q @ self.k.swapaxes(-1, -2)
        exps = np.exp(scores - scores.max(-1, keepdims=True))
        self.p = exps / exps.sum(-1, keepdims=True)
        return self.p @ self.v

    def backward(self, dout):
        dp = dout @ self.v.swapaxes(-1, -2)
        dscores = self.p * (dp - (dp * self.p).sum(-1, keepdims=True))
        dq, dk, dv = dscores @ self.k, dscores.swapaxes(-1, -2) @ self.q, self.p.swapaxes(-1, -2) @ dout
        self.dQ, self.dK, self.dV = (np.tensordot(self.x, each, ([0, 1], [0, 1])) for each in (dq, dk, dv))
        return dq @ self.Q.T + dk @ self.K.T + dv @ self.V.T


def attention_head(x, Q, K, V):
    return jax.nn.softmax((x @ Q) @ (x @ K).swapaxes(-1, -2)) @ (x @ V)


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


class LSTM:
    """T steps over N rows, whose last state is the result. The gates: input, forget, output, candidate."""

    def __init__(self, W, U, b):
        self.W, self.U, self.b = W, U, b

    def forward(self, x):
        h = c = np.zeros((x.shape[1], self.U.shape[1]), x.dtype)
        self.steps = []
        for row in x:
            z = row @ self.W + h @ self.U + self.b[:, None]
            gates = np.concatenate([sigmoid(z[:3]), np.tanh(z[3:])])
            i, f, o, g = gates
            after = np.tanh(f * c + i * g)
            self.steps.append((row, h, c, gates, after))
            h, c = o * after, f * c + i * g
        return h.copy()

    def backward(self, dout):
        self.dW, self.dU, self.db = (np.zeros_like(each) for each in (self.W, self.U, self.b))
        dh, dc, dx = dout, np.zeros_like(dout), []
        for row, h, c, gates, after in reversed(self.steps):
            i, f, o, g = gates
            dc = dc + dh * o * (1 - after**2)
            dgates = np.stack([dc * g, dc * c, dh * after, dc * i])
            dz = dgates * np.concatenate([gates[:3] * (1 - gates[:3]), 1 - gates[3:] ** 2])
            self.dW += row.T @ dz
            self.dU += h.T @ dz
            self.db += dz.sum(axis=1)
            dx.append((dz @ self.W.swapaxes(1, 2)).sum(axis=0))
            dh, dc = (dz @ self.U.swapaxes(1, 2)).sum(axis=0), dc * f
        return np.stack(dx[::-1])


def lstm(x, W, U, b):
    h = c = jnp.zeros((x.shape[1], U.shape[1]))
    for t in range(len(x)):
        z = x[t] @ W + h @ U + b[:, None]
        i, f, o = jax.nn.sigmoid(z[:3])
        c = f * c + i * jnp.tanh(z[3])
        h = o * jnp.tanh(c)
    return h


CONV2D = Right(Conv2d, conv2d, arrays(x="N C 6 7", K="O C 3 3"))
ATTENTION_HEAD = Right(AttentionHead, attention_head, arrays(x="N T>0 D", Q="D K", K="D K", V="D V"))
LSTM_LOOP = Right(LSTM, lstm, arrays(x="T>0 N D", W="4 D H", U="4 H H", b="4 H"))

COSTLY = (CONV2D, ATTENTION_HEAD, LSTM_LOOP)
