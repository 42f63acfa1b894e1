"""The cases of the nodes of a graph."""

import handgrad
from handgrad.testing import arrays
from reference import nodes
from reference.cases.case import Case

CASES = (
    Case(handgrad.Add, nodes.add, arrays(a="...", b="...")),
    Case(handgrad.Add, nodes.add, arrays(a="... D", b="D"), "rows"),
    Case(handgrad.Add, nodes.add, arrays(a="N 1", b="M"), "outer"),
    Case(handgrad.Multiply, nodes.multiply, arrays(a="...", b="...")),
    Case(handgrad.Multiply, nodes.multiply, arrays(a="D", b="... D"), "rows"),
    Case(handgrad.Multiply, nodes.multiply, arrays(a="N 1", b="M"), "outer"),
    Case(handgrad.Exp, nodes.exp, arrays(x="...")),
    Case(handgrad.Reciprocal, nodes.reciprocal, arrays(x="...")),
    Case(handgrad.MatMul, nodes.mat_mul, arrays(a="... N D", b="... D M")),
    Case(handgrad.MatMul, nodes.mat_mul, arrays(a="... N D", b="D M"), "shared"),
    Case(handgrad.MatMul, nodes.mat_mul, arrays(a="D", b="... D M"), "row"),
    Case(handgrad.MatMul, nodes.mat_mul, arrays(a="... N D", b="D"), "column"),
)
