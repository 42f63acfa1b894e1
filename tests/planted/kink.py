"""Wrong where the derivative jumps."""

import numpy as np

from tests.planted.bug import FLOAT32, Bug
from tests.planted.right import MAX, PRELU, RELU, RELU6, Max, PRelu, Relu, Relu6


class ReluOfZero(Relu):
    """Lets dout through at 0."""

    def forward(self, x):
        out = super().forward(x)
        self.passes = x >= 0
        return out


class ReluHalfOfZero(Relu):
    """Lets half of dout through at 0."""

    def forward(self, x):
        self.half = np.where(x == 0, x.dtype.type(0.5), 0)
        return super().forward(x)

    def backward(self, dout):
        return super().backward(dout) + self.half * dout


class Relu6Closed(Relu6):
    """Lets dout through at 6."""

    def forward(self, x):
        out = super().forward(x)
        self.passes = (x > 0) & (x <= 6)
        return out


class Relu6DeafBelow6(Relu6):
    """Blocks dout from a little before 6 on."""

    def forward(self, x):
        out = super().forward(x)
        self.passes = (x > 0) & (x < 6 - 1e-4)
        return out


class Relu6FromZero(Relu6):
    """Lets dout through at 0."""

    def forward(self, x):
        out = super().forward(x)
        self.passes = (x >= 0) & (x < 6)
        return out


class PReluOfZero(PRelu):
    """Lets dout through at 0."""

    def forward(self, x):
        out = super().forward(x)
        self.passes = x >= 0
        return out


class MaxDoubled(Max):
    """Each of equal numbers gets all of dout."""

    def backward(self, dout):
        return np.where(self.largest, dout[:, None], 0)


class MaxOfFirst(Max):
    """The first of equal numbers gets all of dout."""

    def backward(self, dout):
        first = np.cumsum(self.largest, axis=-1) == 1
        return np.where(first & self.largest, dout[:, None], 0)


class MaxOfLast(Max):
    """The last of equal numbers gets all of dout."""

    def backward(self, dout):
        reverse = self.largest[:, ::-1]
        last = (reverse & (np.cumsum(reverse, axis=-1) == 1))[:, ::-1]
        return np.where(last, dout[:, None], 0)


BUGS = (
    Bug(ReluOfZero, RELU, "kinks", "kink"),
    Bug(ReluHalfOfZero, RELU, "kinks", "kink"),
    Bug(Relu6Closed, RELU6, "kinks", "kink", FLOAT32),
    Bug(Relu6FromZero, RELU6, "kinks", "kink"),
    Bug(Relu6DeafBelow6, RELU6, "gradient", "another function|only where"),
    Bug(PReluOfZero, PRELU, "kinks", "kink"),
    Bug(MaxDoubled, MAX, "kinks", "kink", FLOAT32),
    Bug(MaxOfFirst, MAX, "kinks", "kink"),
    Bug(MaxOfLast, MAX, "kinks", "kink"),
)
