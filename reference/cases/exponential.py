"""The cases of the activation functions made of exponentials."""

import hypothesis.strategies as st

import handgrad
from handgrad.testing import arrays, reals
from reference import exponential
from reference.cases.case import Case

CASES = (
    Case(handgrad.Tanh, exponential.tanh, arrays(x="...")),
    Case(handgrad.Softplus, exponential.softplus, arrays(x="...", beta=st.sampled_from([1.0, 3.0]))),
    Case(handgrad.LogSigmoid, exponential.log_sigmoid, arrays(x="...")),
    Case(handgrad.Elu, exponential.elu, arrays(x=reals("...", kinks=[0]), alpha=st.sampled_from([1.0, 0.5]))),
)
