"""The cases of the activation functions."""

import handgrad
from handgrad.testing import arrays, reals
from reference import activations
from reference.cases.case import Case

CASES = (
    Case(handgrad.Relu, activations.relu, arrays(x=reals("...", kinks=[0]))),
    Case(handgrad.Sigmoid, activations.sigmoid, arrays(x="...")),
)
