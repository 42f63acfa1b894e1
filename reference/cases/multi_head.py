"""The cases of attention in several heads."""

from typing import Any

import hypothesis.strategies as st
import numpy as np
import numpy.typing as npt

import handgrad
from handgrad.testing import arrays, flags, masks
from handgrad.walk import gradients
from reference import multi_head
from reference.cases.case import Case

Array = npt.NDArray[np.floating[Any]]


class CausalHeads:
    """Heads that are turned by their positions and attend to nothing later: their options are options here."""

    params = ("Wq", "Wk", "Wv", "Wo")

    def __init__(self, Wq: Array, Wk: Array, Wv: Array, Wo: Array, heads: int, causal: bool, base: float) -> None:
        attention, rope = handgrad.ScaledDotProductAttention(causal=causal), handgrad.Rope("half", base)
        self.whole = handgrad.MultiHeadAttention(Wq, Wk, Wv, Wo, heads=heads, attention=attention, rope=rope)

    def forward(self, x: Array) -> Any:
        """Run it."""
        return self.whole.forward(x)

    def backward(self, dout: Array) -> Any:
        """Return dx, and leave the gradients under their names."""
        dx = self.whole.backward(dout)
        self.dWq, self.dWk, self.dWv, self.dWo = gradients(self.whole)
        return dx


CASES = (
    Case(
        handgrad.MultiHeadAttention,
        multi_head.multi_head_attention,
        arrays(
            x="... T 3",
            Wq="3 4",
            Wk="3 4",
            Wv="3 6",
            Wo="6 2",
            bq="4",
            bk="4",
            bv="6",
            bo="2",
            mask=flags("T T"),
            heads=st.just(2),
        ),
    ),
    Case(
        handgrad.MultiHeadAttention,
        multi_head.multi_head_attention,
        arrays(
            x="2 T 3",
            context="2 S 2",
            bias="4 T S",
            Wq="3 8",
            Wk="2 4",
            Wv="2 2",
            Wo="4 3",
            bv="2",
            key_mask=masks("2 S", of="context"),
            keep=flags("4 T S"),
            heads=st.just(4),
            key_heads=st.just(2),
        ),
        "sharing keys",
    ),
    Case(
        CausalHeads,
        multi_head.multi_head_attention,
        arrays(
            x="... T 3",
            Wq="3 4",
            Wk="3 4",
            Wv="3 2",
            Wo="2 3",
            heads=st.just(2),
            causal=st.just(True),
            base=st.just(100.0),
        ),
        "causal",
        handgrad.MultiHeadAttention,
    ),
)
