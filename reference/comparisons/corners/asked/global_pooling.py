"""What pooling over all of space is asked in the corners."""

from functools import partial

import numpy as np

from handgrad import GlobalAveragePool, GlobalMaxPool
from reference.comparisons.corners.conventions import Question

nan = np.nan
NOTHING_COUNTS = {"x": [[1.0, 2.0]], "mask": [False, False]}
SOME = {"x": [[1.0, 3.0, nan]], "mask": [True, True, False]}
MEAN, MULTIPLIED = "jnp.mean(x, -1, where=mask)", "(x * mask).mean(-1)"
LARGEST = "jnp.max(x, -1, where=mask, initial=-jnp.inf)"

average, largest = partial(GlobalAveragePool, space=1), partial(GlobalMaxPool, space=1)

QUESTIONS = (
    Question(average, "a hidden NaN", "out", SOME, [MEAN, MULTIPLIED]),
    Question(average, "no place counts", "out", NOTHING_COUNTS, [MEAN, MULTIPLIED]),
    Question(largest, "no place counts", "out", NOTHING_COUNTS, [LARGEST]),
    Question(largest, "no place counts", "dx", NOTHING_COUNTS, [LARGEST]),
    Question(largest, "ties", "dx", {"x": [[3.0, 3.0, 1.0]]}, ["x.max(-1)", "x[..., jnp.argmax(x, -1)][0]"]),
)
