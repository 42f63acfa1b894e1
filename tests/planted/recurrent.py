"""Steps through time that are taken in a wrong way, forward or back."""

import jax.numpy as jnp
import numpy as np

from handgrad.testing import arrays, masks
from tests.planted.bug import Bug
from tests.planted.right import Right


class Recurrence:
    """A step after the other, of x (T, N, D). One that does not count shows 0, and leaves the state as it is."""

    def __init__(self, W, U):
        self.W, self.U = W, U

    def forward(self, x, h, mask):
        self.counts = mask[..., None]
        self.x, self.h = self.seen(x), np.empty((len(x) + 1, *h.shape), x.dtype)
        self.h[0] = self.first(h)
        for t in range(len(x)):
            self.h[t + 1] = self.carried(t, np.tanh(self.x[t] @ self.W + self.h[t] @ self.U), self.h[t])
        return np.where(self.counts, self.h[1:], 0), self.h[-1].copy()

    def seen(self, x):
        return np.where(self.counts, x, 0)

    def first(self, h):
        return h

    def carried(self, t, after, before):
        return np.where(self.counts[t], after, before)

    def backward(self, dhs, dh):
        dhs = np.where(self.counts, dhs, 0)
        self.da = np.zeros_like(dhs)
        for t in self.back():
            dh = self.heard(dhs[t], dh)
            self.da[t] = np.where(self.counts[t], dh * (1 - self.h[t + 1] ** 2), 0)
            dh = self.carried(t, self.da[t] @ self.U.T, dh)
        self.dW, self.dU = np.einsum("tnd,tnh->dh", self.x, self.da), self.of_states()
        return self.da @ self.W.T, dh

    def back(self):
        return reversed(range(len(self.x)))

    def heard(self, shown, handed_on):
        return shown + handed_on

    def of_states(self):
        return np.einsum("tng,tnh->gh", self.h[:-1], self.da)


def recurrence(x, h, mask, W, U):
    shown = []
    for x_t, counts in zip(x, mask[..., None], strict=True):
        after = jnp.tanh(jnp.where(counts, x_t, 0) @ W + h @ U)
        h = jnp.where(counts, after, h)
        shown.append(jnp.where(counts, after, 0))
    return jnp.stack(shown), h


RECURRENCE = Right(Recurrence, recurrence, arrays(x="4 N 2", h="N 3", mask=masks("4 N", of="x"), W="2 3", U="3 3"))
RIGHT = (RECURRENCE,)


class RecurrenceForgetsTheWayBack(Recurrence):
    """What a step says of the state before it is dropped: each hears of its own output alone."""

    def heard(self, shown, handed_on):
        return shown


class RecurrenceBackFromTheFirstStep(Recurrence):
    """Goes back in the order in which it went forward."""

    def back(self):
        return range(len(self.x))


class RecurrenceLastStateAtTheEnd(Recurrence):
    """The gradient of the last state goes to the last step, which may not count, and is lost there."""

    def backward(self, dhs, dh):
        dhs = dhs.copy()
        dhs[-1] += dh
        return super().backward(dhs, np.zeros_like(dh))


class RecurrenceOfStatesAfter(Recurrence):
    """The product for dU takes the state behind each step for that before it."""

    def of_states(self):
        return np.einsum("tng,tnh->gh", self.h[1:], self.da)


class RecurrenceOfOneStep(Recurrence):
    """dU is that of the first step alone, which comes last and overwrites the others."""

    def of_states(self):
        return self.h[0].T @ self.da[0]


class RecurrenceMovedByPadding(Recurrence):
    """Steps that do not count have no input; but the state moves on."""

    def carried(self, t, after, before):
        return after


class RecurrenceOfMaskedProduct(Recurrence):
    """Multiplies by the mask: 0 times NaN is NaN."""

    def seen(self, x):
        return x * self.counts


class RecurrenceStateful(Recurrence):
    """Goes on where the call before ended, if there was one."""

    last = None

    def forward(self, x, h, mask):
        hs, self.last = super().forward(x, h, mask)
        return hs, self.last.copy()

    def first(self, h):
        return h if self.last is None or self.last.shape != h.shape else self.last


BUGS = (
    Bug(RecurrenceForgetsTheWayBack, RECURRENCE, "gradient", "lacks a term"),
    Bug(RecurrenceBackFromTheFirstStep, RECURRENCE, "gradient", "in opposite order"),
    Bug(RecurrenceLastStateAtTheEnd, RECURRENCE, "gradient", r"hears only the last row of dout\[1\]"),
    Bug(RecurrenceOfStatesAfter, RECURRENCE, "gradient", "one step later"),
    Bug(RecurrenceOfOneStep, RECURRENCE, "gradient", "dU .* lacks a term"),
    Bug(RecurrenceMovedByPadding, RECURRENCE, "value", "only where something is masked"),
    Bug(RecurrenceOfMaskedProduct, RECURRENCE, "masked", r"select, do not multiply\): dW depends on masked entries"),
    Bug(RecurrenceStateful, RECURRENCE, "stateless", "remembers an earlier call"),
)
