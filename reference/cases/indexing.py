"""The cases of the nodes that pick numbers."""

import hypothesis.strategies as st

import handgrad
from handgrad.testing import arrays, labels
from reference import indexing
from reference.cases.case import Case

INDICES = [(..., slice(None, None, -2)), (..., None, 1, slice(1, None)), slice(0, 1)]

CASES = (
    Case(handgrad.Slice, indexing.slice, arrays(x="... 3 D", index=st.sampled_from(INDICES))),
    Case(
        handgrad.Take,
        indexing.take,
        arrays(x="... N D", indices=labels("K 2", classes="N", validated=True), axis=st.just(-2)),
    ),
    Case(handgrad.Repeat, indexing.repeat, arrays(x="... N D", repeats=st.sampled_from([2, 1, 0]), axis=st.just(-2))),
)
