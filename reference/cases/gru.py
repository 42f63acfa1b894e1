"""The cases of the GRU."""

import hypothesis.strategies as st

import handgrad
from handgrad.testing import arrays, masks
from reference import gru
from reference.cases.case import Case

CASES = (
    Case(
        handgrad.Gru,
        gru.gru,
        arrays(x="... T D", Wx="D 3*H", Wh="H 3*H", b="3*H", h0="H", mask=masks("... T", of="x")),
    ),
    Case(
        handgrad.Gru,
        gru.gru,
        arrays(x="... T 2", h0="... 3", Wx="2 9", Wh="3 9", b="9", bh="3", reset=st.just("after")),
        "reset after",
    ),
)
