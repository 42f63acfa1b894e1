"""The cases of the nodes that join and cut."""

import hypothesis.strategies as st

import handgrad
from handgrad.testing import arrays
from reference import joining
from reference.cases.case import Case

CASES = (
    Case(
        handgrad.Concatenate,
        joining.concatenate,
        arrays(b="... N D", a="... M D", c="... 2 D", axis=st.just(-2)),
    ),
    Case(handgrad.Concatenate, joining.concatenate, arrays(a="N D", b="M D"), "rows"),
    Case(
        handgrad.Stack,
        joining.stack,
        arrays(b="... D", a="... D", c="... D", axis=st.sampled_from([0, -1, -2])),
    ),
    Case(
        handgrad.Split,
        joining.split,
        arrays(x="... 6 D", parts=st.sampled_from([3, [1, 1, 4], []]), axis=st.just(-2)),
    ),
)
