"""The cases of the LSTM."""

import handgrad
from handgrad.testing import arrays, masks
from reference import lstm
from reference.cases.case import Case

CASES = (
    Case(handgrad.Lstm, lstm.lstm, arrays(x="... T D", Wx="D 4*H", Wh="H 4*H", b="4*H")),
    Case(
        handgrad.Lstm,
        lstm.lstm,
        arrays(x="... T 2", h0="3", c0="... 3", Wx="2 12", Wh="3 12", b="12", mask=masks("... T", of="x")),
        "masked",
    ),
)
