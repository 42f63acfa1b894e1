"""The cases of arithmetic."""

import handgrad
from handgrad.testing import arrays, reals
from reference import arithmetic
from reference.cases.case import Case

CASES = (
    Case(handgrad.Add, arithmetic.add, arrays(a="...", b="...")),
    Case(handgrad.Add, arithmetic.add, arrays(a="... D", b="D"), "rows"),
    Case(handgrad.Add, arithmetic.add, arrays(a="N 1", b="M"), "outer"),
    Case(handgrad.Subtract, arithmetic.subtract, arrays(a="...", b="...")),
    Case(handgrad.Subtract, arithmetic.subtract, arrays(a="N 1", b="M"), "outer"),
    Case(handgrad.Multiply, arithmetic.multiply, arrays(a="...", b="...")),
    Case(handgrad.Multiply, arithmetic.multiply, arrays(a="D", b="... D"), "rows"),
    Case(handgrad.Multiply, arithmetic.multiply, arrays(a="N 1", b="M"), "outer"),
    Case(handgrad.Divide, arithmetic.divide, arrays(a="...", b=reals("...", low=1e-3))),
    Case(handgrad.Divide, arithmetic.divide, arrays(a="N 1", b=reals("M", high=-1e-3)), "outer"),
)
