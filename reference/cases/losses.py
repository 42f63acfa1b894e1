"""The cases of the losses."""

import handgrad
from handgrad.testing import arrays, labels, masks, one_hot, probabilities, reals
from reference import losses
from reference.cases.case import Case

CASES = (
    Case(
        handgrad.SoftmaxWithLoss,
        losses.softmax_with_loss,
        arrays(x="... C", t=labels("...", classes="C", validated=True)),
    ),
    Case(handgrad.SoftmaxWithLoss, losses.softmax_with_loss, arrays(x="... C", t=one_hot("... C")), "one-hot"),
    Case(handgrad.SoftmaxWithLoss, losses.softmax_with_loss, arrays(x="... C", t=probabilities("... C")), "soft"),
    Case(
        handgrad.SoftmaxWithLoss,
        losses.softmax_with_loss,
        arrays(x="... C", t=reals("... C", low=0)),
        "weights",
    ),
    Case(
        handgrad.SoftmaxWithLoss,
        losses.softmax_with_loss,
        arrays(x="... C", t=labels("...", classes="C", validated=True), mask=masks("...", of="x t")),
        "masked",
    ),
    Case(
        handgrad.SoftmaxWithLoss,
        losses.softmax_with_loss,
        arrays(x="... C", t=probabilities("... C"), mask=masks("...", of="x t")),
        "soft masked",
    ),
    Case(handgrad.IdentityWithLoss, losses.identity_with_loss, arrays(x="... D", t="... D")),
    Case(
        handgrad.IdentityWithLoss,
        losses.identity_with_loss,
        arrays(x="... D", t="... D", mask=masks("...", of="x t")),
        "masked",
    ),
)
