"""The cases of rotary positions."""

import hypothesis.strategies as st

import handgrad
from handgrad.testing import arrays, labels
from reference import rotary
from reference.cases.case import Case

PAIRING = st.sampled_from(["half", "interleaved"])

CASES = (Case(handgrad.Rope, rotary.rope, arrays(x="... T 6", pairing=PAIRING, positions=labels("T", classes="40"))),)
