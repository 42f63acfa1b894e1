"""The cases of softmax and its logarithms."""

import hypothesis.strategies as st

import handgrad
from handgrad.testing import arrays, masks
from reference import softmax
from reference.cases.case import Case

AXES = st.sampled_from([1, (0, -1)])
MASKED = arrays(x="N C D", axis=AXES, mask=masks("N C D", of="x"))

CASES = (
    Case(handgrad.Softmax, softmax.softmax, arrays(x="... C")),
    Case(handgrad.Softmax, softmax.softmax, MASKED, "masked"),
    Case(handgrad.LogSoftmax, softmax.log_softmax, arrays(x="... C")),
    Case(handgrad.LogSoftmax, softmax.log_softmax, MASKED, "masked"),
    Case(handgrad.LogSumExp, softmax.log_sum_exp, arrays(x="... C")),
    Case(
        handgrad.LogSumExp,
        softmax.log_sum_exp,
        arrays(x="N C D", axis=AXES, keepdims=st.booleans(), mask=masks("N C D", of="x")),
        "masked",
    ),
)
