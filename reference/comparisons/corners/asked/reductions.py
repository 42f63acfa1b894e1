"""What the reductions are asked in the corners."""

import numpy as np

from handgrad import Max, Mean
from reference.comparisons.corners.conventions import Question

inf, nan = np.inf, np.nan
NOTHING_COUNTS = {"x": [1.0, 2.0], "mask": [False, False]}
MEAN, MAX = "jnp.mean(x, where=mask)", "jnp.max(x, where=mask, initial=-jnp.inf)"

QUESTIONS = (
    Question(Mean, "nothing counts", "out", NOTHING_COUNTS, [MEAN]),
    Question(Mean, "nothing counts", "dx", NOTHING_COUNTS, [MEAN, "(x * mask).sum() / mask.sum()"]),
    Question(
        Mean, "some count", "out", {"x": [1.0, 5.0, 7.0], "mask": [True, True, False]}, [MEAN, "(x * mask).mean()"]
    ),
    Question(Max, "ties", "dx", {"x": [3.0, 3.0, 1.0]}, ["jnp.max(x)", "x[jnp.argmax(x)]"]),
    Question(Max, "-inf beside a hidden entry", "dx", {"x": [-inf, 7.0], "mask": [True, False]}, [MAX]),
    Question(Max, "nothing counts", "out", NOTHING_COUNTS, [MAX, "jnp.where(mask, x, -1e9).max()"]),
    Question(Max, "NaN", "dx", {"x": [1.0, nan]}, ["jnp.max(x)", "jnp.nanmax(x)"]),
)
