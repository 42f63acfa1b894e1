"""The cases of pooling over all of space."""

import hypothesis.strategies as st

import handgrad
from handgrad.testing import arrays, flags, reals
from reference import global_pooling
from reference.cases.case import Case

# a mask lacks the axis of channels, so that the checker cannot know what it hides: tests/test_global_pooling.py
CASES = (
    Case(handgrad.GlobalAveragePool, global_pooling.global_average_pool, arrays(x="... C H W")),
    Case(
        handgrad.GlobalAveragePool,
        global_pooling.global_average_pool,
        arrays(x="... 3 L", space=st.just(1), mask=flags("... L")),
        "masked",
    ),
    Case(
        handgrad.GlobalMaxPool,
        global_pooling.global_max_pool,
        arrays(x=reals("... 3 L", ties=True), space=st.just(1), mask=flags("... L")),
        "masked",
    ),
)
