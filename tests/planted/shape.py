"""Results of a wrong shape, or right only for some shapes."""

import numpy as np

from tests.planted.bug import Bug
from tests.planted.right import (
    AFFINE,
    JOIN,
    MASKED_MEAN,
    MAX,
    MULTIPLY,
    ROW_SUM,
    SOFTMAX_LOSS,
    SQUARED_LOSS,
    Affine,
    Join,
    MaskedMean,
    Max,
    Multiply,
    RowSum,
    SoftmaxLoss,
    SquaredLoss,
)


class AffineBiasOfRows(Affine):
    """db keeps an axis of length 1."""

    def backward(self, dout):
        dx = super().backward(dout)
        self.db = dout.sum(axis=0, keepdims=True)
        return dx


class AffineBiasNotSummed(Affine):
    """db is dout, for every row."""

    def backward(self, dout):
        dx = super().backward(dout)
        self.db = dout.copy()
        return dx


class AffineTransposed(Affine):
    """dW is transposed: unnoticed where W is square, but for its numbers."""

    def backward(self, dout):
        dx = super().backward(dout)
        self.dW = dout.T @ self.x
        return dx


class AffineWrongWhereSquare(Affine):
    """Takes W for its transpose wherever that has the right shape."""

    def backward(self, dout):
        dx = super().backward(dout)
        square = self.W.shape[0] == self.W.shape[1]
        return dout @ self.W if square else dx


class MultiplyNotSummed(Multiply):
    """The gradient of the broadcast row is not summed."""

    def backward(self, dout):
        return dout * self.w, dout * self.x


class MultiplySummedOverColumns(Multiply):
    """Summed over the columns as well, and divided by their number."""

    def backward(self, dout):
        dw = (dout * self.x).sum() / 3
        return dout * self.w, np.full(3, dw)


class RowSumOfColumns(RowSum):
    """Forgets to put the axis back that was summed over, so that dout broadcasts along the other one."""

    def backward(self, dout):
        return np.broadcast_to(dout, self.shape).copy()


class JoinOfHalves(Join):
    """Cuts dout in the middle, wherever the arrays meet."""

    def backward(self, dout):
        middle = len(dout) // 2
        return dout[:middle].copy(), dout[middle:].copy()


class MaxKeepsItsAxis(Max):
    """The output keeps an axis of length 1."""

    def forward(self, x):
        return super().forward(x)[:, None]

    def backward(self, dout):
        return super().backward(dout.reshape(-1))


class SquaredLossOfOneNumberEach(SquaredLoss):
    """The loss is a vector with one element."""

    def forward(self, x, t):
        return np.reshape(super().forward(x, t), (1,))


class SoftmaxLossOfOneRow(SoftmaxLoss):
    """Squeezes a batch of one."""

    def backward(self, dout):
        return super().backward(dout).squeeze()


class MaskedMeanFlat(MaskedMean):
    """The gradient is flattened."""

    def backward(self, dout):
        return super().backward(dout).reshape(-1)


BUGS = (
    Bug(AffineBiasOfRows, AFFINE, "shape", "db has an axis too many"),
    Bug(AffineBiasNotSummed, AFFINE, "shape", "db is not summed"),
    Bug(AffineTransposed, AFFINE, "shape", "dW is transposed"),
    Bug(AffineWrongWhereSquare, AFFINE, "gradient", "transposed"),
    Bug(MultiplyNotSummed, MULTIPLY, "shape", "dw is not summed"),
    Bug(MultiplySummedOverColumns, MULTIPLY, "gradient", "mean"),
    Bug(RowSumOfColumns, ROW_SUM, "gradient", "transposed"),
    Bug(JoinOfHalves, JOIN, "shape", "da has"),
    Bug(MaxKeepsItsAxis, MAX, "shape", "out has an axis too many"),
    Bug(SquaredLossOfOneNumberEach, SQUARED_LOSS, "shape", "out has an axis too many"),
    Bug(SoftmaxLossOfOneRow, SOFTMAX_LOSS, "shape", "dx has an axis too many or too few.*length 1"),
    Bug(MaskedMeanFlat, MASKED_MEAN, "shape", "dx has an axis too many or too few"),
)
