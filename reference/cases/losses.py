"""The cases of the losses."""

from typing import Any

import hypothesis.strategies as st

import handgrad
from handgrad.testing import arrays, labels, masks, one_hot, probabilities, reals
from reference import losses
from reference.cases.case import Case

SHARES = st.sampled_from([0.1, 1.0])
OPTIONS: dict[str, Any] = {
    "label_smoothing": SHARES,
    "class_weights": st.sampled_from([(0.5, 2.0, 1.0), (0.0, 3.0, 0.25)]),
    "reduction": st.sampled_from(["mean", "sum"]),
}
EACH: dict[str, Any] = {"reduction": st.just("none")}

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
    Case(
        handgrad.SoftmaxWithLoss,
        losses.softmax_with_loss,
        arrays(x="... 3", t=labels("...", classes="3"), mask=masks("...", of="x t"), **OPTIONS),
        "weighted",
    ),
    Case(
        handgrad.SoftmaxWithLoss,
        losses.softmax_with_loss,
        arrays(x="... C", t=probabilities("... C"), mask=masks("...", of="x t"), label_smoothing=SHARES, **EACH),
        "of each row",
    ),
    Case(
        handgrad.KLDivergence,
        losses.kl_divergence,
        arrays(x="... C", t=probabilities("... C"), mask=masks("...", of="x t"), reduction=OPTIONS["reduction"]),
        "masked",
    ),
    Case(handgrad.KLDivergence, losses.kl_divergence, arrays(x="... C", t=one_hot("... C"), **EACH), "of each row"),
    Case(handgrad.IdentityWithLoss, losses.identity_with_loss, arrays(x="... D", t="... D")),
    Case(
        handgrad.IdentityWithLoss,
        losses.identity_with_loss,
        arrays(x="... D", t="... D", mask=masks("...", of="x t")),
        "masked",
    ),
    Case(
        handgrad.IdentityWithLoss,
        losses.identity_with_loss,
        arrays(x="... D", t="... D", mask=masks("...", of="x t"), **EACH),
        "of each row",
    ),
)
