"""The cases of the self-gated activation functions."""

import hypothesis.strategies as st

import handgrad
from handgrad.testing import arrays, reals
from reference import self_gated
from reference.cases.case import Case

CASES = (
    Case(handgrad.HardSwish, self_gated.hard_swish, arrays(x=reals("...", kinks=[-3, 3]))),
    Case(handgrad.Silu, self_gated.silu, arrays(x="...")),
    Case(handgrad.Gelu, self_gated.gelu, arrays(x="...")),
    Case(handgrad.Gelu, self_gated.gelu, arrays(x="...", approximate=st.just("tanh")), "tanh"),
)
