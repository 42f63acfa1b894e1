"""The cases of the nodes that put numbers into other places."""

import hypothesis.strategies as st

import handgrad
from handgrad.testing import arrays
from reference import rearranging
from reference.cases.case import Case

CASES = (
    Case(
        handgrad.Reshape, rearranging.reshape, arrays(x="... 6", shape=st.sampled_from([(-1, 2, 3), (3, -1), (-1,)]))
    ),
    Case(
        handgrad.Transpose,
        rearranging.transpose,
        arrays(x="K N D", axes=st.sampled_from([(2, 0, 1), (0, -1, 1), None])),
    ),
)
