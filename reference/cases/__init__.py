"""THE TABLE: every layer, its JAX twin, and the inputs on which they must agree. A file for each family.

In the descriptions of inputs, a letter is the length of an axis: N rows, D numbers in, M numbers out, C classes.
"..." is any leading axes.
"""

from reference.cases import (
    activations,
    affine,
    alibi,
    arithmetic,
    attention,
    choosing,
    composition,
    dropout,
    elementary,
    exponential,
    gated,
    indexing,
    joining,
    losses,
    matmul,
    multi_head,
    piecewise,
    rearranging,
    reductions,
    rotary,
    self_gated,
    softmax,
)
from reference.cases.case import Case, by_family, by_layer

DTYPES = ("float64", "float32", "float16")

CASES: tuple[Case, ...] = (
    *arithmetic.CASES,
    *elementary.CASES,
    *choosing.CASES,
    *matmul.CASES,
    *reductions.CASES,
    *rearranging.CASES,
    *joining.CASES,
    *indexing.CASES,
    *activations.CASES,
    *piecewise.CASES,
    *exponential.CASES,
    *self_gated.CASES,
    *gated.CASES,
    *affine.CASES,
    *dropout.CASES,
    *softmax.CASES,
    *rotary.CASES,
    *alibi.CASES,
    *attention.CASES,
    *multi_head.CASES,
    *losses.CASES,
    *composition.CASES,
)

__all__ = ["CASES", "DTYPES", "Case", "by_family", "by_layer"]
