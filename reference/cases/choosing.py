"""The cases of the nodes that choose."""

import handgrad
from handgrad.testing import arrays, flags, reals
from reference import choosing
from reference.cases.case import Case

EQUAL = {"a": reals("... D", ties=True), "b": reals("D", ties=True)}

CASES = (
    Case(handgrad.Where, choosing.where, arrays(condition=flags("... D"), a="... D", b="D")),
    Case(handgrad.Where, choosing.where, arrays(condition=flags("N 1"), a="M", b="M"), "outer"),
    Case(handgrad.Maximum, choosing.maximum, arrays(**EQUAL)),
    Case(handgrad.Minimum, choosing.minimum, arrays(**EQUAL)),
)
