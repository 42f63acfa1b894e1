"""The cases of the biases against distance."""

import handgrad
from handgrad.testing import arrays, labels
from reference import alibi
from reference.cases.case import Case

PLACES = {
    "query_positions": labels("... T", classes="40"),
    "key_positions": labels("... S", classes="40"),
}

CASES = (Case(handgrad.Alibi, alibi.alibi, arrays(slopes="H", **PLACES)),)
