"""The cases of the losses of yes or no."""

from typing import Any

import hypothesis.strategies as st

import handgrad
from handgrad.testing import arrays, masks, reals
from reference import binary
from reference.cases.case import Case

ANSWERS = reals("...", low=0, high=1)
MASKED: dict[str, Any] = {"mask": masks("...", of="x t"), "reduction": st.sampled_from(["mean", "sum"])}
EACH: dict[str, Any] = {"reduction": st.just("none")}
FOCUS: dict[str, Any] = {"gamma": st.sampled_from([2.0, 0.0, 0.5]), "alpha": st.sampled_from([0.25, 1.0])}

CASES = (
    Case(handgrad.SigmoidWithLoss, binary.sigmoid_with_loss, arrays(x="...", t=ANSWERS)),
    Case(
        handgrad.SigmoidWithLoss,
        binary.sigmoid_with_loss,
        arrays(x="...", t=ANSWERS, pos_weight=st.sampled_from([3.0, 0.25]), **MASKED),
        "masked",
    ),
    Case(handgrad.SigmoidWithLoss, binary.sigmoid_with_loss, arrays(x="...", t=ANSWERS, **EACH), "of each entry"),
    Case(handgrad.FocalLoss, binary.focal_loss, arrays(x="...", t=ANSWERS, **FOCUS, **MASKED), "masked"),
    Case(handgrad.FocalLoss, binary.focal_loss, arrays(x="...", t=ANSWERS, **EACH), "of each entry"),
)
