"""What biases of attention are asked in the corners."""

from handgrad import Alibi
from reference.comparisons.corners.conventions import Question

BEFORE_AND_BEHIND = {"slopes": [0.5], "query_positions": [1.0], "key_positions": [0.0, 1.0, 3.0]}
APART = "(query_positions[:, None] - key_positions)"

QUESTIONS = (
    Question(
        Alibi,
        "a slope of 0.5, keys before a query and behind it",
        "out",
        BEFORE_AND_BEHIND,
        [f"-slopes[:, None, None] * jnp.abs{APART}", f"-slopes[:, None, None] * {APART}"],
    ),
)
