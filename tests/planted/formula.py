"""A wrong derivative, or a wrong forward."""

import numpy as np

from tests.planted.bug import Bug
from tests.planted.right import (
    AFFINE,
    CHOOSE,
    DIVIDE,
    EMBEDDING,
    EVAL_BATCH_NORM,
    GELU,
    GLU,
    LAYER_NORM,
    MASKED_MEAN,
    MULTIPLY,
    PERMUTE,
    PRELU,
    REPEAT,
    RESIDUAL_TANH,
    SHARED_HEADS,
    SIGMOID,
    SOFTMAX,
    SOFTMAX_LOSS,
    SQUARED_LOSS,
    TANH,
    TANH_FUNCTION,
    Affine,
    Choose,
    Divide,
    Embedding,
    EvalBatchNorm,
    Gelu,
    Glu,
    LayerNorm,
    MaskedMean,
    Multiply,
    Permute,
    PRelu,
    Repeat,
    ResidualTanh,
    SharedHeads,
    Sigmoid,
    Softmax,
    SoftmaxLoss,
    SquaredLoss,
    Tanh,
)


class TanhWithoutSquare(Tanh):
    """1 - y for 1 - y²."""

    def slope(self):
        return 1 - self.y


class SigmoidWithTanhSlope(Sigmoid):
    """1 - y² for y (1 - y)."""

    def backward(self, dout):
        return np.asarray(dout * (1 - self.y**2))


class PReluHearsFromAll(PRelu):
    """The slope hears from positive numbers, too, which it did not scale."""

    def backward(self, dout):
        dx = super().backward(dout)
        self.da = (dout * self.x).sum(axis=0)
        return dx


class GeluOfConstantGate(Gelu):
    """The gate taken for a constant."""

    def backward(self, dout):
        return (dout * self.gate).astype(dout.dtype)


class GluSwapped(Glu):
    """The first half gates the second."""

    def halves(self, x):
        return super().halves(x)[::-1]


class SoftmaxElementwise(Softmax):
    """Only the diagonal of the Jacobian."""

    def backward(self, dout):
        return dout * self.y * (1 - self.y)


class SoftmaxPlus(Softmax):
    """The wrong sign before the sum."""

    def backward(self, dout):
        return self.y * (dout + (dout * self.y).sum(axis=-1, keepdims=True))


class ResidualWithoutItsInput(ResidualTanh):
    """dx hears from the layer, and not from the sum."""

    def backward(self, dout):
        return super().backward(dout) - dout


class SharedHeadsReadAcross(SharedHeads):
    """Heads are merged by their order in memory, without the swap of axes."""

    def side_by_side(self, heads):
        return heads.reshape(heads.shape[1], -1)


class SharedHeadsTiled(SharedHeads):
    """The first and the third head share keys, not the first and the second."""

    def shared(self, heads):
        return np.tile(heads, (2, 1, 1))


class SharedHeadsHearOne(SharedHeads):
    """Keys hear from the first of the two heads that share them."""

    def backward(self, dout):
        dq, _, dv = super().backward(dout)
        dS = self.softmax.backward(self.cut(dout, 4) @ self.v.transpose(0, 2, 1))
        return dq, self.side_by_side((dS.transpose(0, 2, 1) @ self.q)[::2]), dv


class LayerNormOfFixedStd(LayerNorm):
    """The standard deviation taken for a constant."""

    def backward(self, dout):
        super().backward(dout)
        dz = dout * self.g
        return (dz - dz.mean(axis=-1, keepdims=True)) / self.std


class LayerNormOfFixedMean(LayerNorm):
    """The mean taken for a constant."""

    def backward(self, dout):
        super().backward(dout)
        dz = dout * self.g
        return (dz - self.z * (dz * self.z).mean(axis=-1, keepdims=True)) / self.std


class LayerNormWithoutGain(LayerNorm):
    """The gain forgotten in dx."""

    def backward(self, dout):
        g, self.g = self.g, np.ones_like(self.g)
        dx = super().backward(dout)
        self.g = g
        return dx


class LayerNormWithEpsilonOutside(LayerNorm):
    """Epsilon is added to the standard deviation, and not to the variance in its root."""

    def forward(self, x):
        centred = x - x.mean(axis=-1, keepdims=True)
        self.std = np.sqrt((centred**2).mean(axis=-1, keepdims=True)) + x.dtype.type(1e-5)
        self.z = centred / self.std
        return self.z * self.g + self.b


class EvalBatchNormWithTrainingsBackward(EvalBatchNorm):
    """Backward takes the given statistics for those of the batch."""

    def backward(self, dout):
        return super().backward(dout - dout.mean(axis=0) - self.z * (dout * self.z).mean(axis=0))


class MultiplySwapped(Multiply):
    """Each factor's gradient has that factor itself in it."""

    def backward(self, dout):
        return dout * self.x, (dout * self.w).sum(axis=0)


class DividePlus(Divide):
    """The divisor's gradient without its minus."""

    def backward(self, dout):
        da, db = super().backward(dout)
        return da, -db


class ChooseForBoth(Choose):
    """Both inputs hear all of dout, also where they are not chosen."""

    def backward(self, dout):
        return dout.copy(), dout.copy()


class PermuteAgain(Permute):
    """The axes once more in the same order, and not back."""

    def backward(self, dout):
        return dout.transpose(2, 0, 1).copy()


class RepeatOfHalves(Repeat):
    """Takes the copies for two batches, one behind the other."""

    def backward(self, dout):
        first, second = np.split(dout, 2)
        return first + second


class AffineWithoutBias(Affine):
    """db is never anything but 0."""

    def backward(self, dout):
        dx = super().backward(dout)
        self.db = np.zeros_like(self.db)
        return dx


class AffineMinusBias(Affine):
    """The bias is subtracted by forward."""

    def forward(self, x):
        self.x = x
        return x @ self.W - self.b


class SquaredLossOfTheTarget(SquaredLoss):
    """The gradient of t for that of x."""

    def backward(self, dout):
        return -super().backward(dout)


class SoftmaxLossWithoutTarget(SoftmaxLoss):
    """y for y - t."""

    def backward(self, dout):
        return dout * self.y / max(len(self.t), 1)


class EmbeddingOfAnotherRow(Embedding):
    """The gradients land one row too early."""

    def backward(self, dout):
        super().backward(dout)
        self.dW = np.roll(self.dW, -1, axis=0)


class MaskedMeanOfAllRows(MaskedMean):
    """Forward divides by the number of all rows, not by that of those that count; backward agrees with it."""

    def forward(self, x, mask):
        super().forward(x, mask)
        self.count = len(x)
        return np.where(self.mask, x, 0).sum(axis=0) / self.count


class MaskedMeanOfMeans(MaskedMean):
    """Every column gets the mean of dout."""

    def backward(self, dout):
        return super().backward(np.full_like(dout, dout.mean()))


class AffineOfFirstRow(Affine):
    """db hears the first row alone."""

    def backward(self, dout):
        dx = super().backward(dout)
        self.db = dout[:1].sum(axis=0)
        return dx


class TanhAtRandom(Tanh):
    """Drops a tenth of the gradient, at random."""

    def backward(self, dout):
        return np.where(np.random.default_rng().random(dout.shape) < 0.1, 0, super().backward(dout))


def tanh_minus_pullback(x):
    """The wrong sign."""
    y = np.asarray(np.tanh(x))
    return y.copy(), lambda dout: np.asarray(-dout * (1 - y**2))


BUGS = (
    Bug(TanhWithoutSquare, TANH, "gradient", "square"),
    Bug(SigmoidWithTanhSlope, SIGMOID, "gradient", "dx is dout .* as for tanh"),
    Bug(PReluHearsFromAll, PRELU, "gradient", "da.*positive"),
    Bug(GeluOfConstantGate, GELU, "gradient", "held constant"),
    Bug(GluSwapped, GLU, "value", "forward is at fault"),
    Bug(SoftmaxElementwise, SOFTMAX, "gradient", "diagonal"),
    Bug(SoftmaxPlus, SOFTMAX, "gradient", "sign"),
    Bug(ResidualWithoutItsInput, RESIDUAL_TANH, "gradient", "lacks"),
    Bug(SharedHeadsReadAcross, SHARED_HEADS, "value", "forward is at fault"),
    Bug(SharedHeadsTiled, SHARED_HEADS, "value", "forward is at fault"),
    Bug(SharedHeadsHearOne, SHARED_HEADS, "gradient", "dk"),
    Bug(LayerNormOfFixedStd, LAYER_NORM, "gradient", "held constant"),
    Bug(LayerNormOfFixedMean, LAYER_NORM, "gradient", "held constant"),
    Bug(LayerNormWithEpsilonOutside, LAYER_NORM, "value", "forward is at fault"),
    Bug(EvalBatchNormWithTrainingsBackward, EVAL_BATCH_NORM, "gradient", "statistics"),
    Bug(LayerNormWithoutGain, LAYER_NORM, "gradient", "a g of ones"),
    Bug(MultiplySwapped, MULTIPLY, "gradient", "in the place of"),
    Bug(DividePlus, DIVIDE, "gradient", "db is -1 times"),
    Bug(ChooseForBoth, CHOOSE, "gradient", "da holds the gradient of b, too"),
    Bug(PermuteAgain, PERMUTE, "gradient", "transposed|axes"),
    Bug(RepeatOfHalves, REPEAT, "gradient", "order"),
    Bug(AffineWithoutBias, AFFINE, "gradient", "db is always 0"),
    Bug(AffineMinusBias, AFFINE, "value", "forward.*-1 times b"),
    Bug(SquaredLossOfTheTarget, SQUARED_LOSS, "gradient", "-1 times"),
    Bug(
        SoftmaxLossWithoutTarget,
        SOFTMAX_LOSS,
        "gradient",
        "only what comes through the reference's (exp|log), and lacks a term",
    ),
    Bug(EmbeddingOfAnotherRow, EMBEDDING, "gradient", "shifted"),
    Bug(MaskedMeanOfAllRows, MASKED_MEAN, "value", "forward.*(mask|divided)"),
    Bug(MaskedMeanOfMeans, MASKED_MEAN, "gradient", "mean of dout"),
    Bug(AffineOfFirstRow, AFFINE, "gradient", "db hears only the first row"),
    Bug(TanhAtRandom, TANH, "deterministic", "random"),
    Bug(tanh_minus_pullback, TANH_FUNCTION, "gradient", "-1 times"),
)
