"""The right formula, evaluated so that it loses its digits or overflows."""

from math import erf

import numpy as np

from tests.planted.bug import FLOAT32, Bug
from tests.planted.right import (
    FOCAL_LOSS,
    GELU,
    HUBER_LOSS,
    LAYER_NORM,
    SIGMOID,
    SIGMOID_LOSS,
    SOFTMAX,
    SOFTMAX_LOSS,
    SQUARED_LOSS,
    TANH,
    FocalLoss,
    Gelu,
    HuberLoss,
    LayerNorm,
    Sigmoid,
    SigmoidLoss,
    Softmax,
    SoftmaxLoss,
    SquaredLoss,
    Tanh,
)


class SoftmaxOfLargeScores(Softmax):
    """exp without a shift."""

    def forward(self, x):
        e = np.exp(x)
        self.y = e / e.sum(axis=-1, keepdims=True)
        return self.y.copy()


class SigmoidOverflows(Sigmoid):
    """exp(-x) overflows, on the way to a right result."""

    def forward(self, x):
        self.y = np.asarray(1 / (1 + np.exp(-x)))
        return self.y.copy()


class SigmoidByTanh(Sigmoid):
    """(1 + tanh(x / 2)) / 2 has no digits left for negative x."""

    def forward(self, x):
        self.y = np.asarray((1 + np.tanh(x / 2)) / 2)
        return self.y.copy()


class LayerNormInOnePass(LayerNorm):
    """The variance as a difference of means."""

    def forward(self, x):
        mean = x.mean(axis=-1, keepdims=True)
        variance = np.maximum((x**2).mean(axis=-1, keepdims=True) - mean**2, 0)
        self.std = np.sqrt(variance + x.dtype.type(1e-5))
        self.z = (x - mean) / self.std
        return self.z * self.g + self.b


class SoftmaxLossOfLog(SoftmaxLoss):
    """log(y + 1e-7): another function, whose gradient is not y - t."""

    def forward(self, x, t):
        super().forward(x, t)
        return -np.log(self.y[self.rows] + x.dtype.type(1e-7)).sum() / max(len(t), 1)


class SoftmaxLossOfClip(SoftmaxLoss):
    """log of a probability that is cut off at 1e-15."""

    def forward(self, x, t):
        super().forward(x, t)
        return -np.log(np.clip(self.y[self.rows], 1e-15, 1)).sum() / max(len(t), 1)


class SquaredLossExpanded(SquaredLoss):
    """x² - 2 x t + t²."""

    def forward(self, x, t):
        super().forward(x, t)
        return (x**2 - 2 * x * t + t**2).sum() / 2 / max(len(x), 1)


class TanhByExp(Tanh):
    """(e - 1/e) / (e + 1/e) overflows, and has no digits left near 0."""

    def forward(self, x):
        e = np.exp(x)
        self.y = np.asarray((e - 1 / e) / (e + 1 / e))
        return self.y.copy()


class GeluByErf(Gelu):
    """1 + erf has no digits left for negative x."""

    def cdf(self, x):
        return (1 + np.vectorize(erf, otypes=[float])(x / np.sqrt(2))) / 2


class SigmoidLossBySoftplus(SigmoidLoss):
    """softplus(x) - t x: a right answer leaves no digits."""

    def forward(self, x, t):
        super().forward(x, t)
        return np.logaddexp(0, x) - self.t * x


class SigmoidLossOfDifference(SigmoidLoss):
    """σ(x) - t: 0 where the right answer is sure."""

    def backward(self, dout):
        return dout * (np.exp(-np.logaddexp(0, -self.x)) - self.t)


class HuberLossOfBothBranches(HuberLoss):
    """The branch that is not taken overflows, and is multiplied by 0."""

    def forward(self, x):
        super().forward(x)
        small = np.abs(x) <= 1
        with np.errstate(all="ignore"):
            return small * (x**2 / 2) + ~small * (np.abs(x) - x.dtype.type(0.5))


class FocalLossByPowers(FocalLoss):
    """The slope of √q is p q / (2 √q): 0 / 0 where the right answer is sure."""

    def backward(self, dout):
        with np.errstate(all="ignore"):
            return dout * (self.p * self.q * self.log_p / (2 * np.sqrt(self.q)) - self.root * self.q)


BUGS = (
    Bug(SoftmaxOfLargeScores, SOFTMAX, "value", "forward.*overflows"),
    Bug(SigmoidOverflows, SIGMOID, "quiet", "overflow"),
    Bug(SigmoidByTanh, SIGMOID, "value", "forward.*(negative|nearly right|digits)"),
    Bug(LayerNormInOnePass, LAYER_NORM, "value", "forward.*(digits|nearly right|cancel)", FLOAT32),
    Bug(SoftmaxLossOfLog, SOFTMAX_LOSS, "value", "forward, not backward, is at fault"),
    Bug(SoftmaxLossOfClip, SOFTMAX_LOSS, "value", "forward, not backward, is at fault"),
    Bug(SquaredLossExpanded, SQUARED_LOSS, "value", "forward.*(digits|nearly right|cancel)", FLOAT32),
    Bug(GeluByErf, GELU, "value", "forward.*digits"),
    Bug(TanhByExp, TANH, "value", "forward.*(overflows|digits)"),
    Bug(SigmoidLossBySoftplus, SIGMOID_LOSS, "value", "forward.*(digits|nearly right|cancel)", FLOAT32),
    Bug(SigmoidLossOfDifference, SIGMOID_LOSS, "gradient", "backward.*(digits|nearly right|cancel)", FLOAT32),
    Bug(HuberLossOfBothBranches, HUBER_LOSS, "value", "forward.*(overflow|NaN|inf)", ("float16",)),
    Bug(FocalLossByPowers, FOCAL_LOSS, "gradient", "backward: dx is not finite where"),
)
