"""The cases of the elementary functions."""

import hypothesis.strategies as st

import handgrad
from handgrad.testing import arrays, reals
from reference import elementary
from reference.cases.case import Case

POSITIVE = reals("...", low=1e-4)

CASES = (
    Case(handgrad.Exp, elementary.exp, arrays(x="...")),
    Case(handgrad.Log, elementary.log, arrays(x=POSITIVE)),
    Case(handgrad.Reciprocal, elementary.reciprocal, arrays(x="...")),
    Case(handgrad.Sqrt, elementary.sqrt, arrays(x=POSITIVE)),
    Case(handgrad.Power, elementary.power, arrays(x="...", p=st.sampled_from([3, 2, 1, 0, -1]))),
    Case(handgrad.Power, elementary.power, arrays(x=POSITIVE, p=st.sampled_from([0.5, 2.5, -1.5])), "of a fraction"),
)
