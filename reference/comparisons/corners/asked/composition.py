"""What layers that are made of others are asked in the corners."""

from functools import partial

import numpy as np

from handgrad import Affine, MultiHeadAttention, RmsNorm, TransformerBlock
from reference.comparisons.corners.conventions import Question

nan = np.nan
NONE = np.zeros((2, 2))
# attention and the network behind it give 0, so that what is left is x
block = partial(
    TransformerBlock,
    RmsNorm(np.ones(2)),
    MultiHeadAttention(NONE, NONE, NONE, NONE, heads=1),
    RmsNorm(np.ones(2)),
    Affine(NONE, np.zeros(2)),
)
HIDDEN_NAN = {"x": [[1.0, 2.0], [nan, nan]], "mask": [True, False]}

QUESTIONS = (
    Question(
        block,
        "weights 0, NaN in a hidden row",
        "out",
        HIDDEN_NAN,
        ["jnp.where(mask[:, None], x, 0)", "x * mask[:, None]"],
    ),
)
