"""The cases of the reductions."""

from typing import Any

import hypothesis.strategies as st

import handgrad
from handgrad.testing import arrays, masks, reals
from reference import reductions
from reference.cases.case import Case

AXES: dict[str, Any] = {"axis": st.sampled_from([-1, (0, -1), None]), "keepdims": st.booleans()}
MASKED: dict[str, Any] = {"axis": st.sampled_from([-2, None]), "mask": masks("... N D", of="x")}
TIES = reals("... N D", ties=True)

CASES = (
    Case(handgrad.Sum, reductions.sum, arrays(x="... N D", **AXES)),
    Case(handgrad.Sum, reductions.sum, arrays(x="... N D", **MASKED), "masked"),
    Case(handgrad.Mean, reductions.mean, arrays(x="... N D", **AXES)),
    Case(handgrad.Mean, reductions.mean, arrays(x="... N D", **MASKED), "masked"),
    Case(handgrad.Max, reductions.max, arrays(x=TIES, **AXES)),
    Case(handgrad.Max, reductions.max, arrays(x=TIES, **MASKED), "masked"),
    Case(handgrad.Min, reductions.min, arrays(x=TIES, **AXES)),
    Case(handgrad.Min, reductions.min, arrays(x=TIES, **MASKED), "masked"),
)
