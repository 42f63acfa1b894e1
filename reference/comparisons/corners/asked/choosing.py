"""What the nodes that choose are asked in the corners."""

import numpy as np

from handgrad import Maximum, Where
from reference.comparisons.corners.conventions import Question

inf, nan = np.inf, np.nan
MAXIMUM, FIRST, SECOND = "jnp.maximum(a, b)", "jnp.where(a >= b, a, b)", "jnp.where(a > b, a, b)"

QUESTIONS = (
    Question(Maximum, "equal inputs", "da", {"a": [2.0], "b": [2.0]}, [MAXIMUM, FIRST, SECOND]),
    Question(Maximum, "NaN", "out", {"a": [nan, 1.0], "b": [1.0, nan]}, [MAXIMUM, SECOND]),
    Question(
        Where,
        "dout inf where it is not chosen",
        "da",
        {"condition": [True, False], "a": [1.0, 2.0], "b": [5.0, 6.0]},
        ["jnp.where(condition, a, b)", "condition * a + ~condition * b"],
        dout=[1.0, inf],
    ),
)
