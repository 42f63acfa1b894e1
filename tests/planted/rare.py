"""Wrong for inputs that do not come to mind."""

import numpy as np

from tests.planted.bug import Bug
from tests.planted.right import (
    AFFINE,
    EMBEDDING,
    LOG,
    MASKED_MEAN,
    MULTIPLY,
    RELU,
    SIGMOID,
    SOFTMAX,
    SOFTMAX_LOSS,
    TANH,
    Affine,
    Embedding,
    Log,
    MaskedMean,
    Multiply,
    Relu,
    Sigmoid,
    Softmax,
    SoftmaxLoss,
    Tanh,
)


class AffineOfEmptyBatch(Affine):
    """Fails for a batch without rows."""

    def backward(self, dout):
        dx = super().backward(dout)
        self.db = dout[0] + dout[1:].sum(axis=0)
        return dx


class MultiplyOfEmptyBatch(Multiply):
    """The gradient of the row is a single 0 for a batch without rows."""

    def backward(self, dout):
        dx, dw = super().backward(dout)
        return dx, dw if len(dout) else np.zeros((), dout.dtype)


class AffineOfOneRow(Affine):
    """Forgets db where there is one row."""

    def backward(self, dout):
        dx = super().backward(dout)
        if len(dout) == 1:
            self.db = np.zeros_like(self.db)
        return dx


class AffineOfEightRows(Affine):
    """Takes eight rows at a time, and forgets the rest."""

    def backward(self, dout):
        rows = len(dout) // 8 * 8 if len(dout) > 8 else len(dout)
        dx = super().backward(dout)
        return np.concatenate([dx[:rows], 0 * dx[rows:]])


class AffineOfTallW(Affine):
    """Doubles dW where W has more rows than columns."""

    def backward(self, dout):
        dx = super().backward(dout)
        self.dW *= 2 if self.W.shape[0] > self.W.shape[1] > 1 else 1
        return dx


class EmbeddingCountsOnce(Embedding):
    """Assigns where it should add: a label that is repeated counts once."""

    def backward(self, dout):
        self.dW = np.zeros_like(self.W)
        self.dW[self.t] = dout


class EmbeddingBackwards(Embedding):
    """Takes -1 for the last row."""

    def forward(self, t):
        self.t = t
        return self.W[t]


class SoftmaxLossOfEmptyBatch(SoftmaxLoss):
    """0 / 0 for a batch without rows."""

    def forward(self, x, t):
        loss = super().forward(x, t)
        return loss if len(t) else x.dtype.type(np.nan)


class TanhOfLargeNumbers(Tanh):
    """The slope of numbers above 20 is taken for 1."""

    def forward(self, x):
        self.large = np.abs(x) > 20
        return super().forward(x)

    def slope(self):
        return np.where(self.large, 1, super().slope())


class TanhSaturatedFrom15(Tanh):
    """Takes 1 for what is less than that by up to 2e-13."""

    def forward(self, x):
        out = super().forward(x)
        return np.where(np.abs(x) > 15, np.sign(x), out).astype(out.dtype)


class ReluFrom88To100(Relu):
    """Blocks dout on a stretch of the line."""

    def forward(self, x):
        out = super().forward(x)
        self.passes = (x > 0) & ((x < 88) | (x > 100))
        return out


class MultiplyOfZero(Multiply):
    """Divides the output by w to get x back."""

    def backward(self, dout):
        safe = np.where(self.w == 0, 1, self.w)
        return dout * self.w, (dout * (self.x * self.w / safe)).sum(axis=0)


class SigmoidOfNaN(Sigmoid):
    """One NaN, and everything is NaN."""

    def forward(self, x):
        y = super().forward(x)
        return y * np.where(np.isnan(x).any(), np.nan, 1).astype(y.dtype)


class SoftmaxOfTies(Softmax):
    """Drops the gradient where all scores are equal."""

    def backward(self, dout):
        dx = super().backward(dout)
        tied = self.y.max(axis=-1, keepdims=True) == self.y.min(axis=-1, keepdims=True)
        return np.where(tied, 0, dx)


class MaskedMeanOfOneRow(MaskedMean):
    """Forgets the gradient where a single row counts."""

    def backward(self, dout):
        dx = super().backward(dout)
        return dx * 0 if self.count == 1 else dx


class LogOfMagnitude(Log):
    """Has a number where there is none."""

    def forward(self, x):
        return np.where(x < 0, 0, super().forward(x))


BUGS = (
    Bug(AffineOfEmptyBatch, AFFINE, "runs", "length 0|size 0"),
    Bug(MultiplyOfEmptyBatch, MULTIPLY, "shape", "dw has an axis too many or too few.*length 0"),
    Bug(AffineOfOneRow, AFFINE, "gradient", "db is always 0, only where N is 1"),
    Bug(AffineOfEightRows, AFFINE, "gradient", "last row"),
    Bug(AffineOfTallW, AFFINE, "gradient", "dW is 2 times what it should be"),
    Bug(EmbeddingCountsOnce, EMBEDDING, "gradient", "last row of dout where a label in t is repeated"),
    Bug(EmbeddingBackwards, EMBEDDING, "refuses", "label"),
    Bug(SoftmaxLossOfEmptyBatch, SOFTMAX_LOSS, "value", "forward.*(length 0|divides 0 by 0)"),
    Bug(TanhOfLargeNumbers, TANH, "gradient", "beyond ±20"),
    Bug(TanhSaturatedFrom15, TANH, "value", "forward.*nearly right"),
    Bug(ReluFrom88To100, RELU, "gradient", "always 0|another function"),
    Bug(MultiplyOfZero, MULTIPLY, "gradient", "(w|number) is (exactly )?0"),
    Bug(SigmoidOfNaN, SIGMOID, "confined", "NaN spreads"),
    Bug(LogOfMagnitude, LOG, "defined", "the reference, not the layer, has no number there"),
    Bug(SoftmaxOfTies, SOFTMAX, "gradient", "equal"),
    Bug(MaskedMeanOfOneRow, MASKED_MEAN, "gradient", "always 0, only where a single row counts"),
)
