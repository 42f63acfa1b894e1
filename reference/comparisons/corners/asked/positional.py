"""What the positional encoding is asked in the corners."""

import numpy as np

from handgrad import PositionalEncoding
from reference.comparisons.corners.conventions import Question

FOUR_COLUMNS, THREE_COLUMNS = ({"x": np.zeros((1, columns))} for columns in (4, 3))
SIDE_BY_SIDE = "x + jnp.stack([jnp.sin(angles), jnp.cos(angles)], -1).reshape(1, -1)"
HALVES = "x + jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], -1)"

SHORT_FOR = {"angles": "jnp.arange(1.0)[:, None] / 1e4 ** (jnp.arange(0, x.shape[1], 2) / x.shape[1])"}

QUESTIONS = (
    Question(PositionalEncoding, "four columns", "out", FOUR_COLUMNS, [SIDE_BY_SIDE, HALVES]),
    Question(PositionalEncoding, "three columns", "out", THREE_COLUMNS, [SIDE_BY_SIDE, HALVES]),
)
