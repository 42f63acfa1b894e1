"""The cases of the losses that tell what belongs together."""

from typing import Any

import hypothesis.strategies as st

import handgrad
from handgrad.testing import arrays, labels, masks
from reference import contrastive
from reference.cases.case import Case

REDUCTION = st.sampled_from(["mean", "sum", "none"])
WORDS: dict[str, Any] = {
    "h": "... D",
    "t": labels("...", classes="V", validated=True),
    "negatives": labels("... 2", classes="V", validated=True),
    "W": "V D",
}

CASES = (
    Case(handgrad.NegativeSamplingLoss, contrastive.negative_sampling_loss, arrays(**WORDS, reduction=REDUCTION)),
    Case(
        handgrad.NegativeSamplingLoss,
        contrastive.negative_sampling_loss,
        arrays(**WORDS, mask=masks("...", of="h t negatives"), negatives_mask=masks("... 2", of="negatives")),
        "masked",
    ),
    Case(
        handgrad.InfoNceLoss,
        contrastive.info_nce_loss,
        arrays(q="... D", k="... D", temperature=st.sampled_from([1.0, 0.25]), reduction=REDUCTION),
    ),
    Case(
        handgrad.InfoNceLoss,
        contrastive.info_nce_loss,
        arrays(q="... D", k="... D", temperature=st.just(0.5), mask=masks("...", of="q k")),
        "masked",
    ),
)
