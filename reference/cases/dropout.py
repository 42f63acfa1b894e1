"""The cases of dropout."""

import hypothesis.strategies as st

import handgrad
from handgrad.testing import arrays, flags, masks
from reference import dropout
from reference.cases.case import Case

RATIO = st.sampled_from([0.5, 0.1, 0.0, 1.0])

CASES = (
    Case(handgrad.Dropout, dropout.dropout, arrays(x="... D", ratio=RATIO, keep=masks("... D", of="x"))),
    Case(handgrad.Dropout, dropout.dropout, arrays(x="N T D", ratio=RATIO, keep=flags("N 1 D")), "of channels"),
)
