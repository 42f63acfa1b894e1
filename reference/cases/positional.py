"""The cases of the positional encoding."""

import handgrad
from handgrad.testing import arrays, labels
from reference import positional
from reference.cases.case import Case

CASES = (
    Case(handgrad.PositionalEncoding, positional.positional_encoding, arrays(x="... T D")),
    Case(
        handgrad.PositionalEncoding,
        positional.positional_encoding,
        arrays(x="... T D", positions=labels("... T", classes="5000")),
        "given",
    ),
)
