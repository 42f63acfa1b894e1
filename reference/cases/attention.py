"""The cases of attention."""

import hypothesis.strategies as st

import handgrad
from handgrad.testing import arrays, flags, masks
from reference import attention
from reference.cases.case import Case

CASES = (
    Case(
        handgrad.ScaledDotProductAttention,
        attention.scaled_dot_product_attention,
        arrays(q="... T D", k="... S D", v="... S E", bias="T S"),
    ),
    Case(
        handgrad.ScaledDotProductAttention,
        attention.scaled_dot_product_attention,
        arrays(
            q="N T 3",
            k="N S 3",
            v="N S 2",
            scale=st.just(0.5),
            causal=st.just(True),
            offset=st.just(1),
            key_mask=masks("N S", of="k v"),
            query_mask=masks("N T", of="q"),
            mask=flags("T S"),
            keep=flags("N T S"),
            ratio=st.just(0.5),
        ),
        "masked",
    ),
)
