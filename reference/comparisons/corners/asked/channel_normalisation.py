"""What the normalisations by channels are asked in the corners."""

from typing import Any

import numpy as np

from handgrad import BatchNorm
from reference.comparisons.corners.conventions import Question
from reference.comparisons.corners.departures import Departure

nan = np.nan
ONE_CHANNEL = {"gamma": np.ones(1), "beta": np.zeros(1)}
ONE_ROW: dict[str, Any] = {"x": [[7.0]], **ONE_CHANNEL}
PADDED: dict[str, Any] = {"x": [[1.0], [3.0], [0.0]], "mask": [True, True, False], **ONE_CHANNEL}
HIDDEN_NAN: dict[str, Any] = PADDED | {"x": [[1.0], [3.0], [nan]]}
NOTHING_COUNTS: dict[str, Any] = PADDED | {"mask": [False, False, False]}
BIASED, UNBIASED = (
    "(x - x.mean(0)) / jnp.sqrt(x.var(0) + 1e-5)",
    "(x - x.mean(0)) / jnp.sqrt(x.var(0, ddof=1) + 1e-5)",
)
OF_WHAT_COUNTS = "jnp.where(counts, (x - x.mean(0, where=counts)) / jnp.sqrt(x.var(0, where=counts) + 1e-5), 0)"
MULTIPLIED = "batch_norm(x * counts) * counts"
DOUT = [[1.0], [0.0], [0.0]]
IMAGES = {"x": np.array([[[[1.0, 2.0]]], [[[3.0, 8.0]]]])}

SHORT_FOR = {
    "batch_norm": "lambda x: (x - x.mean(0)) / jnp.sqrt(x.var(0) + 1e-5)",
    "counts": "mask[:, None]",
}

QUESTIONS = (
    Question(BatchNorm, "one row", "out", ONE_ROW, [BIASED, UNBIASED]),
    Question(BatchNorm, "one row", "dx", ONE_ROW, [BIASED, UNBIASED]),
    Question(BatchNorm, "a hidden row", "out", PADDED, [OF_WHAT_COUNTS, MULTIPLIED]),
    Question(BatchNorm, "NaN in a hidden row", "dx", HIDDEN_NAN, [OF_WHAT_COUNTS], dout=DOUT),
    Question(BatchNorm, "nothing counts", "out", NOTHING_COUNTS, [OF_WHAT_COUNTS]),
)

DEPARTURES = (
    Departure("BatchNorm", "two images of one channel", "out", IMAGES, ONE_CHANNEL),
    Departure(
        "BatchNorm",
        "given statistics",
        "dx",
        {"x": np.array([[1.0], [5.0]])},
        ONE_CHANNEL | {"statistics": (np.array([3.0]), np.array([4.0]))},
        dout=[[1.0], [2.0]],
    ),
)
