"""THE TABLE: every layer, its JAX twin, and the inputs on which they must agree. A file for each family.

In the descriptions of inputs, a letter is the length of an axis: N rows, D numbers in, M numbers out, C classes.
"..." is any leading axes.
"""

from reference.cases import activations, affine, exponential, gated, losses, nodes, piecewise, self_gated
from reference.cases.case import Case

DTYPES = ("float64", "float32", "float16")

CASES: tuple[Case, ...] = (
    *nodes.CASES,
    *activations.CASES,
    *piecewise.CASES,
    *exponential.CASES,
    *self_gated.CASES,
    *gated.CASES,
    *affine.CASES,
    *losses.CASES,
)

__all__ = ["CASES", "DTYPES", "Case"]
