"""The cases of the gated linear units."""

import hypothesis.strategies as st

import handgrad
from handgrad.testing import arrays
from reference import gated
from reference.cases.case import Case

CASES = (
    Case(handgrad.Glu, gated.glu, arrays(x="... 2 D 4", axis=st.sampled_from([-1, -3]))),
    Case(handgrad.SwiGlu, gated.swi_glu, arrays(gate="...", up="...")),
    Case(
        handgrad.GeGlu,
        gated.ge_glu,
        arrays(gate="...", up="...", approximate=st.sampled_from(["none", "tanh"])),
    ),
)
