"""The cases of the matrix product."""

import handgrad
from handgrad.testing import arrays
from reference import matmul
from reference.cases.case import Case

CASES = (
    Case(handgrad.MatMul, matmul.mat_mul, arrays(a="... N D", b="... D M")),
    Case(handgrad.MatMul, matmul.mat_mul, arrays(a="... N D", b="D M"), "shared"),
    Case(handgrad.MatMul, matmul.mat_mul, arrays(a="D", b="... D M"), "row"),
    Case(handgrad.MatMul, matmul.mat_mul, arrays(a="... N D", b="D"), "column"),
)
