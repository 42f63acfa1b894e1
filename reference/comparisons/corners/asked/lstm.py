"""What the LSTM is asked in the corners."""

import numpy as np

from handgrad import Lstm
from reference.comparisons.corners.conventions import Question
from reference.comparisons.corners.departures import Departure

ONE_STEP = {"x": [[1.0]], "c0": [5.0], "Wx": [[1.0, 2.0, -1.0, 3.0]], "Wh": np.zeros((1, 4)), "b": np.zeros(4)}

SHORT_FOR = {
    "cell": "lambda f, g, i, o: jax.nn.sigmoid(f) * c0 + jax.nn.sigmoid(i) * jnp.tanh(g)",
    "columns": "jnp.split(x[0] @ Wx + b, 4)",
}
QUESTIONS = (
    Question(
        Lstm,
        "the last cell, by columns of f, g, i, o, or else of i, f, g, o",
        "out",
        ONE_STEP,
        ["cell(*columns)", "(lambda i, f, g, o: cell(f, g, i, o))(*columns)"],
        of=2,
    ),
)

DEPARTURES = (
    Departure(
        "Lstm",
        "a dout beyond float32",
        "dx",
        {"x": np.zeros((1, 1, 1))},
        {"Wx": np.ones((1, 4)), "Wh": np.ones((1, 4)), "b": np.ones(4)},
        dout=[[[1e39]]],
        of_the_book="TimeLSTM",
    ),
)
