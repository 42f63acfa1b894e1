"""The cases of pooling."""

from typing import Any

import hypothesis.strategies as st

import handgrad
from handgrad.testing import arrays, reals
from reference import pooling
from reference.cases.case import Case

SAME: dict[str, Any] = {"size": st.just((3,)), "stride": st.just(2), "pad": st.just("same")}
OVERLAPPING: dict[str, Any] = {"size": st.just((2, 3)), "stride": st.just((1, 2)), "pad": st.just(((1, 0), 1))}

CASES = (
    Case(
        handgrad.MaxPool,
        pooling.max_pool,
        arrays(x=reals("... L", ties=True), **SAME),
    ),
    Case(
        handgrad.MaxPool,
        pooling.max_pool,
        arrays(x=reals("... 4 6", ties=True), **OVERLAPPING),
        "overlapping",
    ),
    Case(
        handgrad.AveragePool,
        pooling.average_pool,
        arrays(
            x="... L", size=st.just((3,)), stride=st.just(2), pad=st.just("same"), count_include_pad=st.booleans()
        ),
    ),
    Case(
        handgrad.AveragePool,
        pooling.average_pool,
        arrays(x="... 4 6", **OVERLAPPING),
        "overlapping",
    ),
)
