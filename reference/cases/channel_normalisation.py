"""The cases of the normalisations by channels."""

from typing import Any

import hypothesis.strategies as st

import handgrad
from handgrad.testing import arrays, flags, masks
from reference import channel_normalisation
from reference.cases.case import Case

# Python numbers, which every dtype has exactly
GIVEN: list[Any] = [((0.5, -1.0, 2.0), (1.0, 0.0, 4.0)), ((1000.0, 0.0, 0.25), (10000.0, 0.5, 64.0))]

CASES = (
    Case(
        handgrad.BatchNorm,
        channel_normalisation.batch_norm,
        arrays(x="... C S", gamma="C", beta="C", axis=st.just(-2)),
    ),
    Case(
        handgrad.BatchNorm,
        channel_normalisation.batch_norm,
        arrays(x="... C", gamma="C", beta="C", axis=st.just(-1), mask=masks("...", of="x")),
        "masked",
    ),
    Case(
        handgrad.BatchNorm,
        channel_normalisation.batch_norm,
        arrays(x="N 3", gamma="3", beta="3", statistics=st.sampled_from(GIVEN), mask=masks("N", of="x")),
        "of constants",
    ),
    Case(
        handgrad.GroupNorm,
        channel_normalisation.group_norm,
        arrays(x="N 4 S", gamma="4", beta="4", groups=st.just(2)),
    ),
    Case(
        handgrad.GroupNorm,
        channel_normalisation.group_norm,
        arrays(x="N 4 S", gamma="4", beta="4", groups=st.sampled_from([1, 4]), mask=flags("N S")),
        "masked",
    ),
)
