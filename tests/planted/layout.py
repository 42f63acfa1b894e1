"""Right only for arrays that lie in memory as usual."""

import numpy as np

from tests.planted.bug import Bug
from tests.planted.right import (
    ADD,
    AFFINE,
    MULTIPLY,
    RELU,
    SOFTMAX,
    SQUARED_LOSS,
    TANH,
    Add,
    Affine,
    Multiply,
    Relu,
    Softmax,
    SquaredLoss,
    Tanh,
)


class TanhInMemoryOrder(Tanh):
    """Walks through dout as it lies in memory."""

    def backward(self, dout):
        return (dout.ravel(order="K") * self.slope().ravel()).reshape(dout.shape)


class TanhWhereBothLieAlike(Tanh):
    """Walks through dout as it lies in memory, and through the slope as that lies there."""

    def backward(self, dout):
        order = "F" if dout.flags.fnc else "C"
        return (dout.ravel(order) * self.slope().ravel("K")).reshape(dout.shape, order=order)


class ReluOfTheBase(Relu):
    """Takes the array of which dout is a view for dout."""

    def backward(self, dout):
        base = dout if dout.base is None else np.asarray(dout.base)
        return super().backward(np.resize(base, dout.shape))


class AddOfWritable(Add):
    """Asks for writable arrays, without need."""

    def forward(self, a, b):
        if not (a.flags.writeable and b.flags.writeable):
            raise ValueError("buffer source array is read-only")
        return a + b


class MultiplyInPlaceAndBack(Multiply):
    """Doubles dout in place, and halves it again."""

    def backward(self, dout):
        dout *= 2
        grads = dout * self.w / 2, (dout * self.x).sum(axis=0) / 2
        dout /= 2
        return grads


class SoftmaxOfFortran(Softmax):
    """Takes Fortran order for a transposition."""

    def backward(self, dout):
        if not dout.flags.c_contiguous and dout.flags.f_contiguous:
            dout = dout.ravel(order="F").reshape(dout.shape)
        return super().backward(dout)


class AffineOfPositiveStrides(Affine):
    """Turns a reversed dout round."""

    def backward(self, dout):
        return super().backward(dout[::-1] if dout.strides[0] < 0 else dout)


class SquaredLossOfStrides(SquaredLoss):
    """Halves the difference where x is strided."""

    def forward(self, x, t):
        super().forward(x, t)
        if x.strides[-1] > x.itemsize:
            self.d = self.d / 2
        return (self.d**2).sum() / 2 / max(len(x), 1)


BUGS = (
    Bug(TanhInMemoryOrder, TANH, "layouts", "only where"),
    Bug(TanhWhereBothLieAlike, TANH, "layouts", "only where (x|dout) alone is Fortran"),
    Bug(ReluOfTheBase, RELU, "layouts", "only where"),
    Bug(AddOfWritable, ADD, "read_only", "read-only"),
    Bug(MultiplyInPlaceAndBack, MULTIPLY, "read_only", "read-only|in place"),
    Bug(SoftmaxOfFortran, SOFTMAX, "layouts", "only where .* Fortran"),
    Bug(AffineOfPositiveStrides, AFFINE, "layouts", "only where .* negatively"),
    Bug(SquaredLossOfStrides, SQUARED_LOSS, "layouts", "only where .* strided"),
)
