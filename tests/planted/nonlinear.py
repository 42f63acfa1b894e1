"""Gradients that are no linear function of dout: right for a dout of ones, for a positive one, or for any but 0."""

import numpy as np

from tests.planted.bug import Bug
from tests.planted.right import (
    AFFINE,
    EMBEDDING,
    MULTIPLY,
    SIGMOID,
    SOFTMAX,
    SOFTMAX_LOSS,
    TANH,
    Affine,
    Embedding,
    Multiply,
    Sigmoid,
    Softmax,
    SoftmaxLoss,
    Tanh,
)


class SoftmaxLossIgnoresDout(SoftmaxLoss):
    """As if the loss were always the end."""

    def backward(self, dout):
        return super().backward(np.ones_like(dout))


class TanhOfSize(Tanh):
    """|dout| for dout."""

    def backward(self, dout):
        return super().backward(np.abs(dout))


class SigmoidOfPositive(Sigmoid):
    """Negative dout is dropped."""

    def backward(self, dout):
        return super().backward(np.maximum(dout, 0))


class SoftmaxClipped(Softmax):
    """Gradients are clipped where they should be handed on."""

    def backward(self, dout):
        return super().backward(np.clip(dout, -1, 1))


class MultiplySquared(Multiply):
    """dout enters twice."""

    def backward(self, dout):
        return super().backward(dout * dout)


class AffineOfSign(Affine):
    """Only the sign of dout is used for db."""

    def backward(self, dout):
        dx = super().backward(dout)
        self.db = np.sign(dout).sum(axis=0)
        return dx


class EmbeddingIgnoresDout(Embedding):
    """Counts labels."""

    def backward(self, dout):
        super().backward(np.ones_like(dout))


class SigmoidAddsTiny(Sigmoid):
    """Adds the smallest number to the gradient, lest it be 0."""

    def backward(self, dout):
        return super().backward(dout) + np.finfo(dout.dtype).tiny


BUGS = (
    Bug(SoftmaxLossIgnoresDout, SOFTMAX_LOSS, "gradient", "ignores dout"),
    Bug(TanhOfSize, TANH, "gradient", r"not linear in dout: it takes \|dout\|"),
    Bug(SigmoidOfPositive, SIGMOID, "gradient", r"not linear in dout: it takes max\(dout, 0\)"),
    Bug(SoftmaxClipped, SOFTMAX, "gradient", "not linear in dout.*clipped"),
    Bug(MultiplySquared, MULTIPLY, "gradient", "not linear in dout.*dout²"),
    Bug(AffineOfSign, AFFINE, "gradient", "db.*sign"),
    Bug(EmbeddingIgnoresDout, EMBEDDING, "gradient", "ignores dout"),
    Bug(SigmoidAddsTiny, SIGMOID, "zero", "constant is added"),
)
