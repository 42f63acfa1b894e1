"""Errors too small for a finite difference to see."""

import numpy as np

from tests.planted.bug import FLOAT32, Bug
from tests.planted.right import (
    AFFINE,
    EMBEDDING,
    LAYER_NORM,
    SIGMOID,
    SOFTMAX,
    SQUARED_LOSS,
    TANH,
    Affine,
    Dense,
    Embedding,
    LayerNorm,
    Sigmoid,
    Softmax,
    SquaredLoss,
    Tanh,
)


class AffineOneElement(Affine):
    """The first element of dW is wrong by 1e-9."""

    def backward(self, dout):
        dx = super().backward(dout)
        self.dW[:1, :1] *= 1 + 1e-9
        return dx


class AffineLastElement(Affine):
    """The last element of dW is wrong by 1e-12."""

    def backward(self, dout):
        dx = super().backward(dout)
        self.dW[-1:, -1:] *= 1 + 1e-12
        return dx


class AffineOneElementOfFloat32(Affine):
    """The last element of dW is wrong by 1e-4, in float32."""

    def backward(self, dout):
        dx = super().backward(dout)
        self.dW[-1:, -1:] *= dout.dtype.type(1 + 1e-4)
        return dx


class TanhRounded(Tanh):
    """Remembers its output in float32."""

    def slope(self):
        return (1 - self.y.astype(np.float32) ** 2).astype(self.y.dtype)


class SigmoidWithEpsilon(Sigmoid):
    """1e-8 is added, against what cannot happen."""

    def backward(self, dout):
        return np.asarray(dout * (self.y * (1 - self.y) + 1e-8))


class SoftmaxWithEpsilon(Softmax):
    """1e-7 is added below the fraction line."""

    def forward(self, x):
        e = np.exp(x - x.max(axis=-1, keepdims=True, initial=-np.inf))
        self.y = e / (e.sum(axis=-1, keepdims=True) + 1e-7)
        return self.y.copy()


class LayerNormWithAnotherEpsilon(LayerNorm):
    """1e-6 is added to the variance, where the reference adds 1e-5."""

    def forward(self, x):
        centred = x - x.mean(axis=-1, keepdims=True)
        self.std = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + x.dtype.type(1e-6))
        self.z = centred / self.std
        return self.z * self.g + self.b


class LayerNormBackwardWithEpsilon(LayerNorm):
    """Backward adds 1e-8 to the standard deviation that it divides by."""

    def backward(self, dout):
        return super().backward(dout) * self.std / (self.std + 1e-8)


class SquaredLossByFiniteDifference(SquaredLoss):
    """The gradient is a difference quotient."""

    def backward(self, dout):
        h = 1e-4
        forward_difference = ((self.d + h) ** 2 - self.d**2) / (2 * h)
        return dout * forward_difference / max(len(self.d), 1)


class EmbeddingWithDecay(Embedding):
    """A weight decay of 1e-6 has slipped in."""

    def backward(self, dout):
        super().backward(dout)
        self.dW += 1e-6 * self.W


def dense_off_by(error):
    """Make a layer in which the last element of dW is wrong by a relative error; it is no part of the catalogue."""

    class DenseOffBy(Dense):
        def backward(self, dout):
            dx = super().backward(dout)
            self.dW[-1, -1] *= 1 + error
            return dx

    return DenseOffBy


BUGS = (
    Bug(AffineOneElement, AFFINE, "gradient", "dW is nearly right.*first element"),
    Bug(AffineLastElement, AFFINE, "gradient", "dW is nearly right.*last element"),
    Bug(AffineOneElementOfFloat32, AFFINE, "gradient", "dW is nearly right.*last element", FLOAT32),
    Bug(TanhRounded, TANH, "gradient", "rounded|float32|nearly right"),
    Bug(SigmoidWithEpsilon, SIGMOID, "gradient", "1e-08 times dout added"),
    Bug(SoftmaxWithEpsilon, SOFTMAX, "value", "forward.*nearly right"),
    Bug(LayerNormWithAnotherEpsilon, LAYER_NORM, "value", "forward.*1e-06 in the place of the reference's 1e-05"),
    Bug(LayerNormBackwardWithEpsilon, LAYER_NORM, "gradient", "nearly right"),
    Bug(SquaredLossByFiniteDifference, SQUARED_LOSS, "gradient", "nearly right|constant"),
    Bug(EmbeddingWithDecay, EMBEDDING, "gradient", "1e-06 times W added"),
)
