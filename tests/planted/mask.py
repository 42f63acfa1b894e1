"""Masked entries that are not left out."""

import numpy as np

from tests.planted.bug import Bug
from tests.planted.right import (
    CAUSAL_ATTENTION,
    DROPOUT,
    MASKED_ATTENTION,
    MASKED_BATCH_NORM,
    MASKED_EMBEDDING,
    MASKED_LOSS,
    MASKED_MEAN,
    MASKED_SOFTMAX,
    SMOOTHED_LOSS,
    WEIGHTED_LOSS,
    CausalAttention,
    Dropout,
    MaskedAttention,
    MaskedBatchNorm,
    MaskedEmbedding,
    MaskedLoss,
    MaskedMean,
    MaskedSoftmax,
    SmoothedLoss,
    Softmax,
    WeightedLoss,
)


class MaskedMeanByProduct(MaskedMean):
    """Multiplies by the mask: 0 times NaN is NaN."""

    def forward(self, x, mask):
        super().forward(x, mask)
        return (x * self.mask).sum(axis=0) / self.count


class MaskedMeanOfEveryone(MaskedMean):
    """Backward forgets the mask."""

    def backward(self, dout):
        return np.broadcast_to(dout / self.count, (len(self.mask), len(dout))).copy()


class MaskedMeanOfTheOthers(MaskedMean):
    """True is taken for left out."""

    def forward(self, x, mask):
        return super().forward(x, ~mask)


class MaskedMeanOfNothing(MaskedMean):
    """Divides by 0 where no row counts."""

    def forward(self, x, mask):
        super().forward(x, mask)
        self.count = x.dtype.type(mask.sum())
        return np.where(self.mask, x, 0).sum(axis=0) / self.count


class MaskedLossByProduct(MaskedLoss):
    """Computes the losses of all rows, and multiplies by the mask."""

    def forward(self, x, t, mask):
        super().forward(x, t, mask)
        shifted = x - x.max(axis=-1, keepdims=True)
        losses = np.log(np.exp(shifted).sum(axis=-1)) - shifted[np.arange(len(x)), t.argmax(axis=-1)]
        return (losses * mask).sum() / self.count


class MaskedLossLeaksItsTarget(MaskedLoss):
    """The gradient of rows that do not count is -t."""

    def backward(self, dout):
        return np.where(self.mask, super().backward(dout), -dout * self.t / self.count)


class MaskedLossOfPaddedLength(MaskedLoss):
    """A mean over all rows, also those that do not count."""

    def forward(self, x, t, mask):
        loss = super().forward(x, t, mask) * self.count / len(mask)
        self.count = len(mask)
        return loss


class SmoothedLossOfEveryone(SmoothedLoss):
    """What goes to all classes alike, rows that do not count get, too."""

    def forward(self, x, t, mask):
        super().forward(x, t, mask)
        shifted = x - x.max(axis=-1, keepdims=True)
        log_y = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        labels = np.where(self.mask & (t != 0), log_y, 0).sum()
        return -(labels * x.dtype.type(0.75) + log_y.sum() * x.dtype.type(0.25 / 3)) / self.count


class WeightedLossOfTwoNumbers(WeightedLoss):
    """Forward divides by the sum of the weights, backward by the number of rows."""

    def forward(self, x, t, mask):
        loss = super().forward(x, t, mask)
        return loss * self.count / max(self.t[mask].sum(), x.dtype.type(0.5))


class MaskedMeanOfNaNs(MaskedMean):
    """Replaces NaN by 0, and lets inf through."""

    def forward(self, x, mask):
        super().forward(x, mask)
        return (np.where(np.isnan(x), 0, x) * self.mask).sum(axis=0) / self.count


class MaskedMeanWithoutRescue(MaskedMean):
    """Divides by one more than the number that counts."""

    def forward(self, x, mask):
        super().forward(x, mask)
        self.count = int(mask.sum()) + 1
        return np.where(self.mask, x, 0).sum(axis=0) / self.count


class MaskedMeanFussy(MaskedMean):
    """Refuses infinity, also where it does not count."""

    def forward(self, x, mask):
        if np.isinf(x).any():
            raise ValueError("x is infinite")
        return super().forward(x, mask)


class MaskedSoftmaxOfLargeNegative(MaskedSoftmax):
    """Hidden scores become -1e9: where none counts, each gets a part."""

    def forward(self, x, mask):
        return super().forward(np.where(mask, x, x.dtype.type(-1e9)), np.full_like(mask, True))


class MaskedSoftmaxOfEveryone(MaskedSoftmax):
    """Hides probabilities, not scores: what is left does not sum to 1."""

    def forward(self, x, mask):
        self.y = np.where(mask, super().forward(x, np.full_like(mask, True)), 0)
        return self.y.copy()


class MaskedSoftmaxByProduct(MaskedSoftmax):
    """Multiplies exponentials by the mask: 0 times NaN is NaN, and the largest score may be a hidden one."""

    def forward(self, x, mask):
        e = np.exp(x - x.max(axis=-1, keepdims=True)) * mask
        self.y = e / np.where(mask.any(axis=-1, keepdims=True), e.sum(axis=-1, keepdims=True), 1)
        return self.y.copy()


class EmbeddingPadsWithRow0(MaskedEmbedding):
    """What is hidden is row 0, which hears of it."""

    def forward(self, t, mask):
        super().forward(t, mask)
        self.mask = np.full_like(self.mask, True)
        return self.W[self.t]


class EmbeddingPaddingIsHeardByRow0(MaskedEmbedding):
    """Backward forgets the mask, and row 0 hears of everything that is hidden."""

    def backward(self, dout):
        self.mask = np.full_like(self.mask, True)
        super().backward(dout)


class EmbeddingOfFrozenPadding(MaskedEmbedding):
    """Row 0 is for padding, and has no gradient, though what counts shows it."""

    def backward(self, dout):
        super().backward(dout)
        self.dW[0] = 0


class DropoutByProduct(Dropout):
    """Multiplies by what is kept: 0 times NaN is NaN."""

    def scaled(self, array):
        return (array * self.keep / (1 - self.ratio)).astype(array.dtype)


class MaskedBatchNormOfPaddedLength(MaskedBatchNorm):
    """Divides by the number of rows, also of those that do not count."""

    def number(self):
        return len(self.mask)


class MaskedBatchNormGainHearsFromAll(MaskedBatchNorm):
    """Keeps z of the rows that do not count, and lets the gain hear from them."""

    def forward(self, x, mask):
        out = super().forward(x, mask)
        self.of_all = (x - np.where(self.mask, x, 0).sum(axis=0) / self.number()) / self.std
        return out

    def backward(self, dout):
        dx = super().backward(dout)
        self.dg = (dout * self.of_all).sum(axis=0)
        return dx


class MaskedAttentionOfLargeNegative(MaskedAttention):
    """Hidden scores become -1e9: where no key counts, a query hears the mean of what is hidden."""

    def forward(self, q, k, v, mask):
        super().forward(q, k, v, np.full_like(mask, True))
        scores = np.where(mask, self.scale * (q @ k.T), q.dtype.type(-1e9))
        self.A = self.softmax.forward(scores, np.full(scores.shape, True))
        return self.A @ self.v


class MaskedAttentionLeaksIntoValues(MaskedAttention):
    """Hidden values hear as if everybody attended to them."""

    def backward(self, dout):
        dq, dk, _ = super().backward(dout)
        return dq, dk, Softmax().forward(self.scale * (self.q @ self.k.T)).T @ dout


class MaskedAttentionKeepsHiddenValues(MaskedAttention):
    """Only scores are hidden: a weight of 0 times NaN is NaN."""

    def forward(self, q, k, v, mask):
        super().forward(q, k, v, mask)
        self.v = v
        return self.A @ v


class CausalAttentionFromTheTopLeft(CausalAttention):
    """The first query attends to the first key alone, although there are more keys than queries."""

    def counts(self):
        return np.tri(len(self.q), len(self.k), dtype=bool)


BUGS = (
    Bug(MaskedMeanByProduct, MASKED_MEAN, "masked", "masked entries"),
    Bug(MaskedMeanOfEveryone, MASKED_MEAN, "gradient", "masked"),
    Bug(MaskedMeanOfTheOthers, MASKED_MEAN, "value", "forward.*mask"),
    Bug(MaskedMeanOfNothing, MASKED_MEAN, "value", "divides 0 by 0|everything is masked"),
    Bug(MaskedLossByProduct, MASKED_LOSS, "masked", "masked entries"),
    Bug(MaskedLossLeaksItsTarget, MASKED_LOSS, "gradient", "masked"),
    Bug(MaskedLossOfPaddedLength, MASKED_LOSS, "value", r"len\(x\), not by mask"),
    Bug(SmoothedLossOfEveryone, SMOOTHED_LOSS, "masked", "forward.*where something is masked"),
    Bug(WeightedLossOfTwoNumbers, WEIGHTED_LOSS, "value", "forward"),
    Bug(MaskedSoftmaxOfLargeNegative, MASKED_SOFTMAX, "value", "forward.*where mask is False"),
    Bug(MaskedSoftmaxOfEveryone, MASKED_SOFTMAX, "value", "mask"),
    Bug(MaskedSoftmaxByProduct, MASKED_SOFTMAX, "masked", "divides 0 by 0"),
    Bug(MaskedMeanOfNaNs, MASKED_MEAN, "masked", "masked entries"),
    Bug(MaskedMeanWithoutRescue, MASKED_MEAN, "value", "forward.*(mask|count)"),
    Bug(MaskedBatchNormOfPaddedLength, MASKED_BATCH_NORM, "value", "forward is at fault"),
    Bug(MaskedBatchNormGainHearsFromAll, MASKED_BATCH_NORM, "gradient", "dg.*masked"),
    Bug(MaskedMeanFussy, MASKED_MEAN, "masked", "masked entries"),
    Bug(EmbeddingPadsWithRow0, MASKED_EMBEDDING, "value", "mask"),
    Bug(EmbeddingPaddingIsHeardByRow0, MASKED_EMBEDDING, "gradient", "mask"),
    Bug(EmbeddingOfFrozenPadding, MASKED_EMBEDDING, "gradient", "first row"),
    Bug(DropoutByProduct, DROPOUT, "masked", "masked entries"),
    Bug(MaskedAttentionOfLargeNegative, MASKED_ATTENTION, "value", "mask"),
    Bug(MaskedAttentionLeaksIntoValues, MASKED_ATTENTION, "gradient", "dv"),
    Bug(MaskedAttentionKeepsHiddenValues, MASKED_ATTENTION, "masked", "masked entries|0 by 0"),
    Bug(CausalAttentionFromTheTopLeft, CAUSAL_ATTENTION, "value", "forward is at fault"),
)
