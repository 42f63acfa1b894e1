"""What the losses of measured numbers are asked in the corners."""

import numpy as np

from handgrad import HuberLoss, L1Loss, MeanSquaredError
from reference.comparisons.corners.conventions import Question

ABS, SQRT = "jnp.abs(x - t).mean()", "jnp.sqrt(jnp.square(x - t)).mean()"
BRANCHES = "jnp.where(jnp.abs(x - t) <= 1, jnp.square(x - t) / 2, jnp.abs(x - t) - 0.5).mean()"
BY_MINIMUM = "(jnp.minimum(jnp.abs(x - t), 1) * (jnp.abs(x - t) - jnp.minimum(jnp.abs(x - t), 1) / 2)).mean()"

QUESTIONS = (
    Question(
        MeanSquaredError,
        "one row of two",
        "out",
        {"x": [[3.0, 4.0]], "t": [[0.0, 0.0]]},
        ["jnp.square(x - t).mean()", "jnp.square(x - t).sum(-1).mean()"],
    ),
    Question(L1Loss, "an error of 0", "dx", {"x": [2.0], "t": [2.0]}, [ABS, SQRT]),
    Question(HuberLoss, "an error of delta", "dx", {"x": [3.0], "t": [2.0]}, [BRANCHES, BY_MINIMUM]),
    Question(HuberLoss, "an infinite error", "dx", {"x": [np.inf], "t": [2.0]}, [BRANCHES, BY_MINIMUM]),
)
