"""The right gradient, times a wrong constant."""

import numpy as np

from tests.planted.bug import Bug
from tests.planted.right import (
    AFFINE,
    DROPOUT,
    EMBEDDING,
    LAYER_NORM,
    MASKED_ATTENTION,
    MASKED_LOSS,
    MASKED_MEAN,
    SOFTMAX_LOSS,
    SQUARED_LOSS,
    TANH,
    Affine,
    Dropout,
    Embedding,
    LayerNorm,
    MaskedAttention,
    MaskedLoss,
    MaskedMean,
    SoftmaxLoss,
    SquaredLoss,
    Tanh,
)


class SoftmaxLossNotDivided(SoftmaxLoss):
    """Forward takes the mean, backward that of the sum."""

    def backward(self, dout):
        return super().backward(dout) * max(len(self.t), 1)


class SoftmaxLossDividedTwice(SoftmaxLoss):
    """Divided by the batch in both the loss and the layer."""

    def backward(self, dout):
        return super().backward(dout) / max(len(self.t), 1)


class SoftmaxLossDividedByItsSize(SoftmaxLoss):
    """Divided by the number of all scores."""

    def backward(self, dout):
        return super().backward(dout) / self.y.shape[1]


class AffineMeanOfBias(Affine):
    """db is the mean over the batch."""

    def backward(self, dout):
        dx = super().backward(dout)
        self.db = self.db / max(len(dout), 1)
        return dx


class AffineMeanOfWeights(Affine):
    """dW is the mean over the batch."""

    def backward(self, dout):
        dx = super().backward(dout)
        self.dW = self.dW / max(len(dout), 1)
        return dx


class SquaredLossTwice(SquaredLoss):
    """The 2 of the square is kept, although forward has a half."""

    def backward(self, dout):
        return 2 * super().backward(dout)


class TanhTwice(Tanh):
    """Twice what it should be."""

    def backward(self, dout):
        return np.asarray(2 * dout * self.slope())


class MaskedMeanOverAll(MaskedMean):
    """Backward divides by the number of all rows."""

    def backward(self, dout):
        return np.where(self.mask, dout / len(self.mask), 0)


class MaskedLossOverAll(MaskedLoss):
    """Backward divides by the number of all rows."""

    def backward(self, dout):
        return super().backward(dout) * self.count / len(self.t)


class EmbeddingOfMeans(Embedding):
    """The gradient is the mean over the labels."""

    def backward(self, dout):
        super().backward(dout)
        self.dW = self.dW / len(dout)


class LayerNormByVariance(LayerNorm):
    """dx lacks a factor: it is divided by the variance, not by the standard deviation."""

    def backward(self, dout):
        return super().backward(dout) / self.std


class DropoutNotScaledUp(Dropout):
    """Nothing makes up for what is dropped."""

    def scaled(self, array):
        return np.where(self.keep, array, 0)


class DropoutNotScaledBack(Dropout):
    """Backward forgets the scale."""

    def backward(self, dout):
        return np.where(self.keep, dout, 0)


class DropoutOfTheShareThatIsKept(Dropout):
    """Takes the ratio for the share that is kept."""

    def scaled(self, array):
        return np.where(self.keep, array / self.ratio, 0).astype(array.dtype)


class MaskedAttentionForgetsItsScale(MaskedAttention):
    """The scale is in dq, and not in dk."""

    def backward(self, dout):
        dq, dk, dv = super().backward(dout)
        return dq, dk / self.scale, dv


BUGS = (
    Bug(SoftmaxLossNotDivided, SOFTMAX_LOSS, "gradient", "is N times"),
    Bug(SoftmaxLossDividedTwice, SOFTMAX_LOSS, "gradient", "divided by N"),
    Bug(SoftmaxLossDividedByItsSize, SOFTMAX_LOSS, "gradient", "divided by|0.3333"),
    Bug(AffineMeanOfBias, AFFINE, "gradient", "db is divided by N"),
    Bug(AffineMeanOfWeights, AFFINE, "gradient", "dW is divided by N"),
    Bug(SquaredLossTwice, SQUARED_LOSS, "gradient", "is 2 times"),
    Bug(TanhTwice, TANH, "gradient", "is 2 times"),
    Bug(MaskedMeanOverAll, MASKED_MEAN, "gradient", "mask"),
    Bug(MaskedLossOverAll, MASKED_LOSS, "gradient", "mask"),
    Bug(EmbeddingOfMeans, EMBEDDING, "gradient", r"divided by|0\.25 times"),
    Bug(LayerNormByVariance, LAYER_NORM, "gradient", "divided by the reference's sqrt"),
    Bug(DropoutNotScaledUp, DROPOUT, "value", "0.75"),
    Bug(DropoutNotScaledBack, DROPOUT, "gradient", "0.75"),
    Bug(DropoutOfTheShareThatIsKept, DROPOUT, "value", "3 times"),
    Bug(MaskedAttentionForgetsItsScale, MASKED_ATTENTION, "gradient", "dk is multiplied by the reference's sqrt"),
)
