"""The cases of the recurrent layer."""

import handgrad
from handgrad.testing import arrays, masks
from reference import recurrent
from reference.cases.case import Case

CASES = (
    Case(handgrad.Rnn, recurrent.rnn, arrays(x="... T D", Wx="D H", Wh="H H", b="H")),
    Case(
        handgrad.Rnn,
        recurrent.rnn,
        arrays(x="... T 3", h0="4", Wx="3 4", Wh="4 4", b="4", mask=masks("... T", of="x")),
        "masked",
    ),
)
