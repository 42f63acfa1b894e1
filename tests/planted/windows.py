"""Windows over space that are put back in a wrong way, or see what is not there."""

from math import prod

import jax.numpy as jnp
import numpy as np
from jax import lax

from handgrad.testing import arrays, reals
from tests.planted.bug import Bug
from tests.planted.right import Right


class Windows:
    """Windows of 2 rows and 3 columns, 2 rows and 1 column apart, with padding of `frame` above and to the left."""

    frame = 0.0

    def cut(self, x):
        """Give the windows, as im2col has them: (..., 6, places down, places across)."""
        self.shape, self.dtype = x.shape, x.dtype
        framed = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(1, 0)] * 2, constant_values=self.frame)
        down, across = self.places()
        return np.stack([framed[..., i : i + 2 * down : 2, j : j + across] for i, j in np.ndindex(2, 3)], -3)

    def places(self):
        return (self.shape[-2] - 1) // 2 + 1, self.shape[-1] - 1

    def put_back(self, windows):
        """Add windows up, and cut the padding off."""
        framed = np.zeros((*self.shape[:-2], self.shape[-2] + 1, self.shape[-1] + 1), self.dtype)
        down, across = self.places()
        for k, (i, j) in enumerate(np.ndindex(2, 3)):
            self.add(windows[..., k, :, :], framed[..., i : i + 2 * down : 2, j : j + across])
        return self.unframed(framed).copy()

    def add(self, windows, entries):
        entries += windows

    def unframed(self, framed):
        return framed[..., 1:, 1:]


class Convolution(Windows):
    def __init__(self, W, b):
        self.W, self.b = W, b

    def weights(self):
        return self.W.reshape(len(self.W), -1)

    def forward(self, x):
        windows = self.cut(x)
        self.columns = windows.reshape(len(x), self.W[0].size, prod(self.places()))
        out = self.weights() @ self.columns + self.b[:, None]
        return out.reshape(len(x), len(self.W), *self.places())

    def backward(self, dout):
        dout = dout.reshape(*dout.shape[:2], prod(self.places()))
        self.dW = (dout @ self.columns.mT).sum(axis=0).reshape(self.W.shape)
        self.db = dout.sum(axis=(0, 2))
        windows = self.weights().T @ dout
        return self.put_back(windows.reshape(len(dout), self.shape[1], 6, *self.places()))


class MaxPool(Windows):
    """The first of equal ones hears."""

    frame = -np.inf

    def forward(self, x):
        windows = self.cut(x)
        self.first = windows.argmax(axis=-3)
        return windows.max(axis=-3)

    def backward(self, dout):
        chosen = np.arange(6)[:, None, None] == self.first[..., None, :, :]
        return self.put_back(np.where(chosen, dout[..., None, :, :], 0))


class AveragePool(Windows):
    """Of the entries that are there."""

    def forward(self, x):
        self.number = self.cut(np.ones_like(x)).sum(axis=-3)
        return self.cut(x).sum(axis=-3) / self.number

    def backward(self, dout):
        return self.put_back(np.repeat((dout / self.number)[..., None, :, :], 6, axis=-3))


def convolution(x, W, b):
    return lax.conv_general_dilated(x, W, (2, 1), ((1, 0), (1, 0))) + b[:, None, None]


def taps(x, frame):
    framed = jnp.pad(x, ((0, 0), (1, 0), (1, 0)), constant_values=frame)
    down, across = (x.shape[1] - 1) // 2 + 1, x.shape[2] - 1
    return jnp.stack([framed[:, i : i + 2 * down : 2, j : j + across] for i, j in np.ndindex(2, 3)], -1)


def max_pool(x):
    seen = taps(x, -jnp.inf)
    return jnp.take_along_axis(seen, seen.argmax(-1)[..., None], -1)[..., 0]


def average_pool(x):
    return taps(x, 0.0).sum(-1) / taps(jnp.ones_like(x), 0.0).sum(-1)


CONVOLUTION = Right(Convolution, convolution, arrays(x="N 2 4 5", W="3 2 2 3", b="3"))
MAX_POOL = Right(MaxPool, max_pool, arrays(x=reals("N 4 5", ties=True)))
AVERAGE_POOL = Right(AveragePool, average_pool, arrays(x="N 4 5"))
RIGHT = (CONVOLUTION, MAX_POOL, AVERAGE_POOL)


class ConvolutionFlipped(Convolution):
    """Flips the weights, as mathematics does."""

    def weights(self):
        return self.W[..., ::-1, ::-1].reshape(len(self.W), -1)


class ConvolutionAssigns(Convolution):
    """Windows that overlap overwrite each other."""

    def add(self, windows, entries):
        entries[...] = windows


class ConvolutionCutsBehind(Convolution):
    """Cuts the padding off at the other end: dx is shifted."""

    def unframed(self, framed):
        return framed[..., :-1, :-1]


class ConvolutionKeepsItsFrame(Convolution):
    """Hands back the gradient of the padding, too."""

    def unframed(self, framed):
        return framed


class ConvolutionWithoutItsEnd(Convolution):
    """Cuts off the rows that the stride does not reach."""

    def unframed(self, framed):
        return framed[..., 1 : 2 * self.places()[0], 1:]


class ConvolutionAcrossForDown(Convolution):
    """Takes the number of rows for that of columns."""

    def forward(self, x):
        out = super().forward(x)
        return out.reshape(*out.shape[:2], *out.shape[:1:-1]).swapaxes(2, 3).copy()


class MaxPoolOfPadding(MaxPool):
    """Pads with zeros, which are larger than negative numbers."""

    frame = 0.0


class MaxPoolOfLast(MaxPool):
    """The last of equal numbers hears."""

    def forward(self, x):
        out = super().forward(x)
        self.first = 5 - self.cut(x)[..., ::-1, :, :].argmax(axis=-3)
        return out


class AveragePoolOfPadding(AveragePool):
    """Counts padding as zeros."""

    def forward(self, x):
        out = super().forward(x) * self.number / 6
        self.number[...] = 6
        return out


FORMULA = (
    Bug(ConvolutionFlipped, CONVOLUTION, "value", "the weights are flipped"),
    Bug(ConvolutionAssigns, CONVOLUTION, "gradient", "dx does not add windows that overlap"),
    Bug(ConvolutionCutsBehind, CONVOLUTION, "gradient", "dx is shifted"),
    Bug(ConvolutionAcrossForDown, CONVOLUTION, "value", "out has its axes mixed up"),
)
SHAPE = (
    Bug(ConvolutionKeepsItsFrame, CONVOLUTION, "shape", "dx has other lengths"),
    Bug(ConvolutionWithoutItsEnd, CONVOLUTION, "shape", "dx has other lengths"),
)
SCALE = (Bug(AveragePoolOfPadding, AVERAGE_POOL, "value", "padding is counted"),)
KINK = (Bug(MaxPoolOfLast, MAX_POOL, "kinks", "tie"),)
RARE = (Bug(MaxPoolOfPadding, MAX_POOL, "value", "padding is the largest"),)
