"""What pooling is asked in the corners."""

from functools import partial

import numpy as np

from handgrad import AveragePool, MaxPool
from reference.comparisons.corners.conventions import Question
from reference.comparisons.corners.departures import Departure

inf, nan = np.inf, np.nan
WINDOWS = "jax.lax.reduce_window(x, {}, (2,), (2,), {})"
LARGEST, SUM = WINDOWS.format("-jnp.inf, jax.lax.max", "{}"), WINDOWS.format("0.0, jax.lax.add", "{}")
REDUCED = "x.reshape(-1, 2).max(-1)"

pairs = partial(MaxPool, (2,))
padded, padded_means = partial(MaxPool, (2,), pad=1), partial(AveragePool, (2,), pad=1)
NONE, ONE = "'VALID'", "[(1, 1)]"

QUESTIONS = (
    Question(pairs, "ties", "dx", {"x": [3.0, 3.0]}, [LARGEST.format(NONE), REDUCED]),
    Question(pairs, "NaN", "out", {"x": [nan, 3.0]}, [LARGEST.format(NONE), REDUCED]),
    Question(pairs, "NaN", "dx", {"x": [nan, 3.0]}, [LARGEST.format(NONE), REDUCED]),
    Question(padded, "-inf beside padding", "dx", {"x": [-inf, 1.0]}, [LARGEST.format(ONE)]),
    Question(
        padded,
        "negative numbers beside padding",
        "out",
        {"x": [-5.0, -7.0]},
        [LARGEST.format(ONE), "jnp.pad(x, 1).reshape(-1, 2).max(-1)"],
    ),
    Question(
        padded_means,
        "padding",
        "out",
        {"x": [4.0, 2.0]},
        [f"{SUM.format(ONE)} / 2", f"{SUM.format(ONE)} / {SUM.format(ONE).replace('(x,', '(jnp.ones(2),')}"],
    ),
)

IMAGE = {"x": -np.ones((1, 1, 2, 4))}
SIZE = {"size": (2, 2)}
DEPARTURES = (
    Departure("MaxPool", "no stride given", "out", {"x": np.arange(8.0).reshape(1, 1, 2, 4)}, SIZE),
    Departure("MaxPool", "padding", "out", IMAGE, SIZE | {"stride": 2, "pad": 1}),
    Departure("MaxPool", "one sample", "out", {"x": np.ones((2, 4))}, SIZE | {"stride": 2}),
)
