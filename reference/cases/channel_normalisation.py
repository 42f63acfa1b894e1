"""The cases of the normalisations by channels."""

import hypothesis.strategies as st

import handgrad
from handgrad.testing import arrays, flags, masks, reals
from reference import channel_normalisation
from reference.cases.case import Case

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
        arrays(x="N C", gamma="C", beta="C", mean="C", var=reals("C", low=0), mask=masks("N", of="x")),
        "of given statistics",
    ),
    Case(
        handgrad.GroupNorm,
        channel_normalisation.group_norm,
        arrays(x="N 4 S", gamma="4", beta="4", groups=st.sampled_from([2, 1, 4])),
    ),
    Case(
        handgrad.GroupNorm,
        channel_normalisation.group_norm,
        arrays(x="N 4 S", gamma="4", beta="4", groups=st.sampled_from([2, 1, 4]), mask=flags("N S")),
        "masked",
    ),
)
