"""The cases of the normalisations of rows."""

import hypothesis.strategies as st

import handgrad
from handgrad.testing import arrays, masks
from reference import row_normalisation
from reference.cases.case import Case

AXES = st.sampled_from([-1, (0, -1), None])

CASES = (
    Case(handgrad.LayerNorm, row_normalisation.layer_norm, arrays(x="... D", gamma="D", beta="D")),
    Case(
        handgrad.LayerNorm,
        row_normalisation.layer_norm,
        arrays(x="... D", gamma="D", beta="D", mask=masks("...", of="x")),
        "masked",
    ),
    Case(handgrad.RmsNorm, row_normalisation.rms_norm, arrays(x="... D", gamma="D")),
    Case(
        handgrad.RmsNorm,
        row_normalisation.rms_norm,
        arrays(x="... D", gamma="D", mask=masks("...", of="x")),
        "masked",
    ),
    Case(handgrad.L2Normalize, row_normalisation.l2_normalize, arrays(x="... N D", axis=AXES)),
)
