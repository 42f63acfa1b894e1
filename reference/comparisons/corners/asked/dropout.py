"""What dropout is asked in the corners."""

import numpy as np

from handgrad import Dropout
from reference.comparisons.corners.conventions import Question

inf, nan = np.inf, np.nan
DROPPED = {"x": [2.0, nan], "keep": [True, False], "ratio": 0.5}
NOTHING_KEPT = {"x": [2.0, 3.0], "keep": [False, False], "ratio": 1.0}
EVALUATION = {"x": [2.0, inf], "ratio": 0.5}
SELECTED, MULTIPLIED = "jnp.where(keep, x / (1 - ratio), 0)", "x * keep.astype(float) / (1 - ratio)"

QUESTIONS = (
    Question(Dropout, "NaN is dropped", "out", DROPPED, [SELECTED, MULTIPLIED]),
    Question(Dropout, "a dout of inf is dropped", "dx", DROPPED, [SELECTED, MULTIPLIED], dout=[1.0, inf]),
    Question(Dropout, "everything is dropped", "out", NOTHING_KEPT, [SELECTED, MULTIPLIED]),
    Question(Dropout, "everything is dropped", "dx", NOTHING_KEPT, [SELECTED, MULTIPLIED]),
    Question(Dropout, "evaluation", "out", EVALUATION, ["x", "x * (1 - ratio)"]),
)
