"""What a layer remembers too long, spoils, or shares."""

import numpy as np

from tests.planted.bug import Bug
from tests.planted.right import (
    ADD,
    AFFINE,
    EMBEDDING,
    MULTIPLY,
    RELU,
    RESIDUAL_TANH,
    SIGMOID,
    SOFTMAX,
    SOFTMAX_LOSS,
    SQUARED_LOSS,
    TANH,
    Add,
    Affine,
    Embedding,
    Multiply,
    Relu,
    ResidualTanh,
    Sigmoid,
    Softmax,
    SoftmaxLoss,
    SquaredLoss,
    Tanh,
)


class AffineAccumulates(Affine):
    """dW is added up, from one backward to the next."""

    dW = 0

    def backward(self, dout):
        self.dW = self.dW + self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


class AffineAccumulatesSinceForward(Affine):
    """dW is added up until the next forward."""

    def forward(self, x):
        self.dW = np.zeros_like(self.W)
        return super().forward(x)

    def backward(self, dout):
        self.dW = self.dW + self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


class SoftmaxLossSpoilsItsProbabilities(SoftmaxLoss):
    """Subtracts 1 from the probabilities that it remembers."""

    def backward(self, dout):
        self.y[self.rows] -= 1
        return dout * self.y / max(len(self.t), 1)


class TanhOfFirstForward(Tanh):
    """Remembers the first output for ever."""

    def forward(self, x):
        if not hasattr(self, "y"):
            super().forward(x)
        return np.asarray(np.tanh(x))


class TanhByIdentity(Tanh):
    """Takes the array that it has seen last for the numbers that were in it."""

    x = None

    def forward(self, x):
        if x is not self.x:
            self.x = x
            super().forward(x)
        return self.y.copy()


class ReluByIdentity(Relu):
    """Takes the dout that it has seen last for the numbers that were in it."""

    dout = None

    def forward(self, x):
        self.dout = None
        return super().forward(x)

    def backward(self, dout):
        if dout is not self.dout:
            self.dout, self.dx = dout, super().backward(dout)
        return self.dx.copy()


class SigmoidHandsOutItsOutput(Sigmoid):
    """Returns the array that backward relies on."""

    def forward(self, x):
        super().forward(x)
        return self.y


class ReluInPlace(Relu):
    """Writes into dout, and returns it."""

    def backward(self, dout):
        dout[~self.passes] = 0
        return dout


class SoftmaxInPlace(Softmax):
    """Writes into x."""

    def forward(self, x):
        x -= x.max(axis=-1, keepdims=True, initial=-np.inf)
        return super().forward(x)


class AddHandsOnDout(Add):
    """Returns dout itself, twice."""

    def backward(self, dout):
        return dout, dout


class MultiplyScratchesInDout(Multiply):
    """Uses dout as scratch memory where it may."""

    def backward(self, dout):
        grads = super().backward(dout)
        if dout.flags.writeable and dout.flags.c_contiguous:
            dout *= 2
        return grads


class EmbeddingInOnePlace(Embedding):
    """Keeps one array of gradients, and hands it out."""

    def __init__(self, W):
        super().__init__(W)
        self.dW = np.zeros_like(W)

    def backward(self, dout):
        np.add.at(self.dW, self.t, dout)


class SquaredLossOfFirstBatch(SquaredLoss):
    """Divides by the length of the first batch that it has seen."""

    count = 0

    def forward(self, x, t):
        self.d, self.count = x - t, self.count or max(len(x), 1)
        return (self.d**2).sum() / 2 / self.count

    def backward(self, dout):
        return dout * self.d / self.count


class TanhOfFirstDout(Tanh):
    """Computes its gradient once, whatever dout comes next."""

    def forward(self, x):
        self.dx = None
        return super().forward(x)

    def backward(self, dout):
        if self.dx is None:
            self.dx = super().backward(dout)
        return self.dx.copy()


class TanhOfTheLastLayer(Tanh):
    """Remembers the output in the class, which all layers share."""

    def forward(self, x):
        TanhOfTheLastLayer.y = np.asarray(np.tanh(x))
        return self.y.copy()


LAST = {}


def tanh_of_the_last_call(x):
    """Remembers the output outside of what it returns."""
    LAST["y"] = np.asarray(np.tanh(x))
    return LAST["y"].copy(), lambda dout: np.asarray(dout * (1 - LAST["y"] ** 2))


class TanhInOneBuffer(Tanh):
    """Writes every output of one shape into one array."""

    out = np.zeros(0)

    def forward(self, x):
        super().forward(x)
        if (self.out.shape, self.out.dtype) != (x.shape, x.dtype):
            self.out = np.empty_like(x)
        self.out[...] = self.y
        return self.out


class SigmoidInOneBuffer(Sigmoid):
    """Writes every gradient of one shape into one array."""

    dx = np.zeros(0)

    def backward(self, dout):
        if (self.dx.shape, self.dx.dtype) != (dout.shape, dout.dtype):
            self.dx = np.empty_like(dout)
        self.dx[...] = super().backward(dout)
        return self.dx


class ResidualAddsInPlace(ResidualTanh):
    """Adds what comes through the layer to dout, where it is."""

    def backward(self, dout):
        dout += dout * (1 - self.y**2)
        return dout.copy()


BUGS = (
    Bug(AffineAccumulates, AFFINE, "repeatable", "accumulates"),
    Bug(AffineAccumulatesSinceForward, AFFINE, "repeatable", "accumulates"),
    Bug(SoftmaxLossSpoilsItsProbabilities, SOFTMAX_LOSS, "repeatable", "changes what it needs"),
    Bug(TanhOfFirstForward, TANH, "stateless", "remembers an earlier"),
    Bug(TanhByIdentity, TANH, "stateless", "remembers an earlier"),
    Bug(ReluByIdentity, RELU, "repeatable", "keeps what it gave"),
    Bug(SigmoidHandsOutItsOutput, SIGMOID, "detached", "hands out"),
    Bug(ReluInPlace, RELU, "pure", "writes into its argument dout"),
    Bug(SoftmaxInPlace, SOFTMAX, "pure", "writes into its argument x"),
    Bug(ResidualAddsInPlace, RESIDUAL_TANH, "pure", "writes into its argument dout"),
    Bug(AddHandsOnDout, ADD, "unshared", "shares memory with dout"),
    Bug(MultiplyScratchesInDout, MULTIPLY, "pure", "writes into its argument dout"),
    Bug(EmbeddingInOnePlace, EMBEDDING, "repeatable", "accumulates"),
    Bug(SquaredLossOfFirstBatch, SQUARED_LOSS, "stateless", "remembers an earlier"),
    Bug(TanhOfFirstDout, TANH, "repeatable", "keeps what it gave"),
    Bug(TanhOfTheLastLayer, TANH, "separate", "layers share"),
    Bug(tanh_of_the_last_call, TANH, "separate", "layers share"),
    Bug(TanhInOneBuffer, TANH, "unshared", "out is overwritten by the next forward"),
    Bug(SigmoidInOneBuffer, SIGMOID, "unshared", "dx is overwritten by the next backward"),
)
