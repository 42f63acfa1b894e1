"""What the affine map is asked in the corners."""

import numpy as np

import handgrad
from reference.comparisons.corners.conventions import Question
from reference.comparisons.corners.departures import Departure

W, b = np.ones((2, 2)), np.ones(2)
NO_ROWS = {"x": np.ones((0, 2)), "W": W, "b": b}
SAMPLE = {"x": np.array([2.0, 5.0])}

QUESTIONS = (
    Question(handgrad.Affine, "no rows", "dW", NO_ROWS, ["x @ W + b"]),
    Question(handgrad.Affine, "no rows", "db", NO_ROWS, ["x @ W + b"]),
    Question(handgrad.Affine, "no batch axis", "dW", {"x": [2.0, 5.0], "W": W, "b": b}, ["x @ W + b"]),
)

DEPARTURES = (
    Departure(
        "Affine", "one sample", "dW", SAMPLE, params={"W": np.ones((2, 3)), "b": np.zeros(3)}, dout=[1.0, 2.0, 3.0]
    ),
    Departure(
        "Affine",
        "one sample, W square",
        "dW",
        SAMPLE,
        params={"W": np.ones((2, 2)), "b": np.zeros(2)},
        dout=[1.0, 2.0],
    ),
)
