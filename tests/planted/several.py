"""Layers of several outputs, right and wrong: in a tuple, in one with named fields, in a dict."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from handgrad.testing import arrays, labels, masks
from tests.planted.bug import FLOAT32, Bug
from tests.planted.costly import sigmoid
from tests.planted.right import Right


class Fork:
    """The same twice."""

    def forward(self, x):
        return x.copy(), x.copy()

    def backward(self, da, db):
        return da + db


class Halves:
    """A row, cut in the middle."""

    def forward(self, x):
        return tuple(half.copy() for half in np.split(x, 2, axis=-1))

    def backward(self, da, db):
        return np.concatenate([da, db], axis=-1)


class Moments:
    """The mean and the variance of each column, in a dict."""

    def forward(self, x):
        self.centred = x - x.mean(axis=0)
        return {"mean": x.mean(axis=0), "var": (self.centred**2).mean(axis=0)}

    def backward(self, dout):
        return (dout["mean"] + 2 * self.centred * dout["var"]) / len(self.centred)


class State(NamedTuple):
    h: np.ndarray
    c: np.ndarray


class LSTMCell:
    """A step. The gates: input, forget, output, candidate."""

    def __init__(self, W, U, b):
        self.W, self.U, self.b = W, U, b

    def forward(self, x, h, c):
        z = x @ self.W + h @ self.U + self.b[:, None]
        self.gates = i, f, o, g = np.concatenate([sigmoid(z[:3]), np.tanh(z[3:])])
        self.x, self.h, self.c, self.after = x, h, c, np.tanh(f * c + i * g)
        return State(o * self.after, f * c + i * g)

    def backward(self, dh, dc):
        i, f, o, g = self.gates
        dc = self.through(dh * o * (1 - self.after**2), dc)
        dgates = np.stack([dc * g, dc * self.c, dh * self.after, dc * i])
        dz = dgates * np.concatenate([self.gates[:3] * (1 - self.gates[:3]), 1 - self.gates[3:] ** 2])
        self.dW, self.dU, self.db = self.x.T @ dz, self.h.T @ dz, dz.sum(axis=1)
        return (dz @ self.W.swapaxes(1, 2)).sum(axis=0), (dz @ self.U.swapaxes(1, 2)).sum(axis=0), f * dc

    def through(self, of_h, dc):
        """Give what the state hears: from h, and from itself."""
        return of_h + dc


class Step:
    """A step for one token. Where it does not count, the output is 0 and the state stays."""

    def __init__(self, W):
        self.W = W

    def forward(self, t, h, mask):
        self.t, self.mask = t, mask[:, None]
        self.y = np.tanh(self.W[np.where(mask, t, 0)] + h)
        return np.where(self.mask, self.y, 0), np.where(self.mask, self.y, h)

    def backward(self, dout, dh):
        dz = np.where(self.mask, (dout + dh) * (1 - self.y**2), 0)
        self.dW = np.zeros_like(self.W)
        np.add.at(self.dW, self.counted(), dz)
        return None, dz + self.kept(dh), None

    def counted(self):
        return np.where(self.mask[:, 0], self.t, 0)

    def kept(self, dh):
        return np.where(self.mask, 0, dh)


def lstm_cell(x, h, c, W, U, b):
    z = x @ W + h @ U + b[:, None]
    i, f, o = jax.nn.sigmoid(z[:3])
    c = f * c + i * jnp.tanh(z[3])
    return State(o * jnp.tanh(c), c)


def step(t, h, mask, W):
    y = jnp.tanh(W[jnp.where(mask, t, 0)] + h)
    return jnp.where(mask[:, None], y, 0), jnp.where(mask[:, None], y, h)


FORK = Right(Fork, lambda x: (x, x), arrays(x="2 3"))
HALVES = Right(Halves, lambda x: jnp.split(x, 2, -1), arrays(x="2 6"))
MOMENTS = Right(Moments, lambda x: {"mean": x.mean(0), "var": x.var(0)}, arrays(x="3 2"))
LSTM_CELL = Right(LSTMCell, lstm_cell, arrays(x="N D", h="N 3", c="N 3", W="4 D 3", U="4 3 3", b="4 3"))
STEP = Right(Step, step, arrays(t=labels("N", classes="4"), h="N 2", mask=masks("N", of="t"), W="4 2"))

RIGHT = (FORK, HALVES, MOMENTS, LSTM_CELL, STEP)


class ForkOfOne(Fork):
    """Both outputs are one array."""

    def forward(self, x):
        y = x.copy()
        return y, y


class ForkDeaf(Fork):
    """Hears the first output alone."""

    def backward(self, da, db):
        return da.copy()


class ForkInPlace(Fork):
    """Adds the second upstream gradient to the first, in place."""

    def backward(self, da, db):
        da += db
        return da.copy()


class HalvesSwapped(Halves):
    """Takes one half for the other."""

    def backward(self, da, db):
        return super().backward(db, da)


class HalvesOfOnes(Halves):
    """Takes the second upstream gradient for ones."""

    def backward(self, da, db):
        return super().backward(da, np.ones_like(db))


class MomentsUnbiased(Moments):
    """The variance is divided by N - 1."""

    def forward(self, x):
        out = super().forward(x)
        return out | {"var": out["var"] * len(x) / (len(x) - 1)}


class MomentsWithoutMean(Moments):
    """Holds the mean for a constant."""

    def backward(self, dout):
        return super().backward(dout | {"mean": np.zeros_like(dout["mean"])})


class MomentsInFloat64(Moments):
    """The variance is computed in float64, and stays in it."""

    def forward(self, x):
        return super().forward(x) | {"var": x.astype(np.float64).var(axis=0)}


class LSTMCellDeafToItsState(LSTMCell):
    """Ignores the upstream gradient of c."""

    def through(self, of_h, dc):
        return of_h


class LSTMCellWithoutH(LSTMCell):
    """What h says of c is forgotten."""

    def through(self, of_h, dc):
        return dc


class LSTMCellWithoutItsState(LSTMCell):
    """Returns h alone."""

    def forward(self, x, h, c):
        return super().forward(x, h, c).h


class StepForgetsWhatItKept(Step):
    """Where nothing counts, the state's gradient is lost."""

    def kept(self, dh):
        return 0


class StepHearsMaskedTokens(Step):
    """What is kept is added to the rows of tokens that do not count."""

    def backward(self, dout, dh):
        dt, dh_before, _ = super().backward(dout, dh)
        np.add.at(self.dW, self.t, np.where(self.mask, 0, dh))
        return dt, dh_before, None


BUGS = (
    Bug(ForkOfOne, FORK, "unshared", r"out\[1\] shares memory with out\[0\]"),
    Bug(ForkDeaf, FORK, "gradient", r"dx does not hear dout\[1\]"),
    Bug(ForkInPlace, FORK, "pure", r"writes into its argument dout\[0\]"),
    Bug(HalvesSwapped, HALVES, "gradient", r"takes dout\[0\] and dout\[1\] for each other"),
    Bug(HalvesOfOnes, HALVES, "gradient", r"ignores dout\[1\]"),
    Bug(MomentsUnbiased, MOMENTS, "value", r"out\['var'\] is (1.5|divided by .* - 1)"),
    Bug(MomentsWithoutMean, MOMENTS, "gradient", r"does not hear dout\['mean'\]"),
    Bug(MomentsInFloat64, MOMENTS, "dtype", r"out\['var'\]\.dtype is float64", FLOAT32),
    Bug(LSTMCellDeafToItsState, LSTM_CELL, "gradient", r"does not hear dout\.c"),
    Bug(LSTMCellWithoutH, LSTM_CELL, "gradient", "tanh held constant"),
    Bug(
        LSTMCellWithoutItsState,
        LSTM_CELL,
        "runs",
        r"forward returned one array \(out\); expected a tuple \(out.h, out.c\)",
    ),
    Bug(StepForgetsWhatItKept, STEP, "gradient", r"dh .* lacks a term"),
    Bug(StepHearsMaskedTokens, STEP, "gradient", "dW .* only where something is masked"),
)
