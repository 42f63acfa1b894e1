"""The cases of the activation functions of straight pieces."""

import hypothesis.strategies as st

import handgrad
from handgrad.testing import arrays, reals
from reference import piecewise
from reference.cases.case import Case

CASES = (
    Case(
        handgrad.LeakyRelu,
        piecewise.leaky_relu,
        arrays(x=reals("...", kinks=[0]), slope=st.sampled_from([0.01, -0.5])),
    ),
    Case(handgrad.PRelu, piecewise.p_relu, arrays(x=reals("... D", kinks=[0]), slope="D")),
    Case(handgrad.PRelu, piecewise.p_relu, arrays(x=reals("... D", kinks=[0]), slope=""), "one slope"),
    Case(
        handgrad.Clip,
        piecewise.clip,
        arrays(x=reals("... D", kinks=[0, 6]), low=st.just(0.0), high=st.just(6.0)),
        "Relu6",
    ),
    Case(handgrad.Abs, piecewise.abs, arrays(x=reals("...", kinks=[0]))),
)
