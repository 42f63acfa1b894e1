"""The cases of the losses of measured numbers."""

from typing import Any

import hypothesis.strategies as st

import handgrad
from handgrad.testing import arrays, masks, reals
from reference import regression
from reference.cases.case import Case

MASKED: dict[str, Any] = {"mask": masks("...", of="x t"), "reduction": st.sampled_from(["mean", "sum"])}
EACH: dict[str, Any] = {"reduction": st.just("none")}
# where both are whole numbers, many errors are 0
WHOLE = reals("...", kinks=[0, 1])

CASES = (
    Case(handgrad.MeanSquaredError, regression.mean_squared_error, arrays(x="...", t="...", **MASKED), "masked"),
    Case(handgrad.MeanSquaredError, regression.mean_squared_error, arrays(x="...", t="...", **EACH), "of each entry"),
    Case(handgrad.L1Loss, regression.l1_loss, arrays(x=WHOLE, t=WHOLE, **MASKED), "masked"),
    Case(handgrad.L1Loss, regression.l1_loss, arrays(x=WHOLE, t=WHOLE, **EACH), "of each entry"),
    Case(
        handgrad.HuberLoss,
        regression.huber_loss,
        arrays(x="...", t="...", delta=st.sampled_from([1.0, 0.25, 1e300]), **MASKED),
        "masked",
    ),
    Case(handgrad.HuberLoss, regression.huber_loss, arrays(x="...", t="...", **EACH), "of each entry"),
)
