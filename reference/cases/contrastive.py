"""The cases of the losses that tell what belongs together."""

from typing import Any

import hypothesis.strategies as st

import handgrad
from handgrad.testing import arrays, labels, masks
from reference import contrastive
from reference.cases.case import Case

MEAN_OR_SUM: dict[str, Any] = {"reduction": st.sampled_from(["mean", "sum"])}
EACH: dict[str, Any] = {"reduction": st.just("none")}
WORDS: dict[str, Any] = {
    "h": "... D",
    "t": labels("...", classes="V", validated=True),
    "negatives": labels("... 2", classes="V", validated=True),
    "W": "V D",
}
PAIRS: dict[str, Any] = {"q": "... D", "k": "... D", "temperature": st.sampled_from([0.5, 1.0])}

CASES = (
    Case(
        handgrad.NegativeSamplingLoss,
        contrastive.negative_sampling_loss,
        arrays(
            **WORDS,
            mask=masks("...", of="h t negatives"),
            negatives_mask=masks("... 2", of="negatives"),
            **MEAN_OR_SUM,
        ),
        "masked",
    ),
    Case(handgrad.NegativeSamplingLoss, contrastive.negative_sampling_loss, arrays(**WORDS, **EACH), "of each row"),
    Case(
        handgrad.InfoNceLoss,
        contrastive.info_nce_loss,
        arrays(**PAIRS, mask=masks("...", of="q k"), **MEAN_OR_SUM),
        "masked",
    ),
    Case(handgrad.InfoNceLoss, contrastive.info_nce_loss, arrays(**PAIRS, **EACH), "of each pair"),
)
