"""Results in another dtype than the inputs', or computed in a narrower one."""

import numpy as np

from tests.planted.bug import FLOAT32, Bug
from tests.planted.right import (
    AFFINE,
    EMBEDDING,
    MASKED_MEAN,
    RELU,
    SOFTMAX_LOSS,
    TANH,
    Affine,
    Embedding,
    MaskedMean,
    Relu,
    SoftmaxLoss,
    Tanh,
)


class TanhInFloat64(Tanh):
    """The gradient is float64 for float32."""

    def backward(self, dout):
        return np.asarray(super().backward(dout), np.float64)


class EmbeddingOfZeros(Embedding):
    """np.zeros without a dtype."""

    def backward(self, dout):
        self.dW = np.zeros(self.W.shape)
        np.add.at(self.dW, self.t, dout)


class MaskedMeanByNumpyInteger(MaskedMean):
    """Divided by mask.sum(), an int64, which makes float32 float64."""

    def forward(self, x, mask):
        super().forward(x, mask)
        self.count = np.maximum(mask.sum(), 1)
        return np.where(self.mask, x, 0).sum(axis=0) / self.count


class AffineInFloat16(Affine):
    """dW goes through float16."""

    def backward(self, dout):
        dx = super().backward(dout)
        self.dW = self.dW.astype(np.float16).astype(self.dW.dtype)
        return dx


class ReluOfIntegers(Relu):
    """The gradient is rounded to integers and back."""

    def backward(self, dout):
        return np.trunc(super().backward(dout))


class SoftmaxLossOfPythonFloat(SoftmaxLoss):
    """The loss is a Python number."""

    def forward(self, x, t):
        return float(super().forward(x, t))


class AffineBiasInFloat64(Affine):
    """db is summed in float64, and stays there."""

    def backward(self, dout):
        dx = super().backward(dout)
        self.db = dout.sum(axis=0, dtype=np.float64)
        return dx


BUGS = (
    Bug(TanhInFloat64, TANH, "dtype", "dtype leaks.*dx.*float64", FLOAT32),
    Bug(EmbeddingOfZeros, EMBEDDING, "dtype", "dtype leaks.*dW.*float64", FLOAT32),
    Bug(MaskedMeanByNumpyInteger, MASKED_MEAN, "dtype", "dtype leaks.*float64", FLOAT32),
    Bug(AffineInFloat16, AFFINE, "gradient", "dW.*(nearly right|rounded)", FLOAT32),
    Bug(ReluOfIntegers, RELU, "gradient", "rounded|trunc"),
    Bug(SoftmaxLossOfPythonFloat, SOFTMAX_LOSS, "dtype", "dtype leaks.*out.*float64", FLOAT32),
    Bug(AffineBiasInFloat64, AFFINE, "dtype", "dtype leaks.*db.*float64", FLOAT32),
)
