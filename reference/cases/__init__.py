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
    binary,
    channel_normalisation,
    choosing,
    composition,
    contrastive,
    convolution,
    dropout,
    elementary,
    embedding,
    exponential,
    gated,
    global_pooling,
    indexing,
    joining,
    losses,
    matmul,
    multi_head,
    piecewise,
    pooling,
    positional,
    rearranging,
    reductions,
    regression,
    resampling,
    rotary,
    row_normalisation,
    self_gated,
    similarity,
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
    *convolution.CASES,
    *pooling.CASES,
    *global_pooling.CASES,
    *resampling.CASES,
    *dropout.CASES,
    *embedding.CASES,
    *positional.CASES,
    *softmax.CASES,
    *row_normalisation.CASES,
    *channel_normalisation.CASES,
    *rotary.CASES,
    *alibi.CASES,
    *attention.CASES,
    *multi_head.CASES,
    *losses.CASES,
    *binary.CASES,
    *regression.CASES,
    *similarity.CASES,
    *contrastive.CASES,
    *composition.CASES,
)

__all__ = ["CASES", "DTYPES", "Case", "by_family", "by_layer"]
