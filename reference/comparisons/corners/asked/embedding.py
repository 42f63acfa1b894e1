"""What the tables of vectors are asked in the corners."""

import numpy as np

from handgrad import Embedding, EmbeddingDot
from reference.comparisons.corners.conventions import Question
from reference.comparisons.corners.departures import Departure

nan = np.nan
W = np.array([[1.0, 2.0], [3.0, 4.0]])
LOOKED_UP, TAKEN, ONE_HOT = "W[indices]", "jnp.take(W, indices, axis=0)", "jax.nn.one_hot(indices, 2) @ W"
MINUS_1, BEYOND = {"W": W, "indices": [-1]}, {"W": W, "indices": [2]}
PADDED = {"W": W, "indices": [0, 1, 0], "mask": [True, True, False]}
NAN_ELSEWHERE = {"W": [[1.0, 2.0], [nan, nan]], "indices": [0]}
NAN_IN_H = {"W": W, "h": [[nan, 1.0], [1.0, 1.0]], "indices": [0, 0], "mask": [False, True]}
SELECTED, MULTIPLIED = "jnp.where(mask[:, None], W[indices], 0)", "W[indices] * mask[:, None].astype(float)"

QUESTIONS = (
    Question(Embedding, "index -1", "out", MINUS_1, [LOOKED_UP, TAKEN, ONE_HOT]),
    Question(Embedding, "index 2 of 2 rows", "out", BEYOND, [LOOKED_UP, TAKEN, ONE_HOT]),
    Question(Embedding, "an index that is repeated", "dW", {"W": W, "indices": [1, 1]}, [LOOKED_UP, ONE_HOT]),
    Question(Embedding, "padding with row 0", "out", PADDED, [SELECTED, LOOKED_UP]),
    Question(Embedding, "padding with row 0", "dW", PADDED, [SELECTED, LOOKED_UP]),
    Question(Embedding, "a hidden dout of NaN", "dW", PADDED, [SELECTED, MULTIPLIED], dout=[[1.0], [1.0], [nan]]),
    Question(Embedding, "NaN in a row that is not looked up", "out", NAN_ELSEWHERE, [LOOKED_UP, ONE_HOT]),
    Question(
        EmbeddingDot,
        "NaN in a vector that meets nothing",
        "dW",
        NAN_IN_H,
        ["jnp.where(mask, (W[indices] * h).sum(-1), 0)", "(W[indices] * jnp.where(mask[:, None], h, 0)).sum(-1)"],
    ),
)

DEPARTURES = (
    Departure(
        "Embedding",
        "an index that is repeated",
        "dW",
        {"indices": np.array([0, 0])},
        {"W": W},
        dout=[[1.0, 1.0], [10.0, 10.0]],
    ),
    Departure("Embedding", "index -1, which the twin clips", "out", {"indices": np.array([-1])}, {"W": W}),
)
