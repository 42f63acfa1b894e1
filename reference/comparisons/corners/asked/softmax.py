"""What softmax and its logarithms are asked in the corners."""

import numpy as np

from handgrad import LogSoftmax, LogSumExp, Softmax
from reference.comparisons.corners.conventions import Question
from reference.comparisons.corners.departures import Departure

inf, nan = np.inf, np.nan
NOTHING_COUNTS = {"x": [1.0, 2.0], "mask": [False, False]}
HIDDEN_NAN = {"x": [1.0, 2.0, nan], "mask": [True, True, False]}
RULED_OUT = {"x": [0.0, 0.0, -inf]}
ALL_RULED_OUT = {"x": [-inf, -inf]}
SOFTMAX, FILLED = "jax.nn.softmax(x, where=mask)", "jax.nn.softmax(jnp.where(mask, x, -1e9))"
QUOTIENT = "jnp.exp(x) / jnp.exp(x).sum()"
LOG_SOFTMAX, LOG_OF_SOFTMAX = "jax.nn.log_softmax(x)", "jnp.log(jax.nn.softmax(x))"

QUESTIONS = (
    Question(Softmax, "nothing counts", "out", NOTHING_COUNTS, [SOFTMAX, FILLED]),
    Question(Softmax, "NaN under the mask", "dx", HIDDEN_NAN, [SOFTMAX, FILLED], dout=[1.0, 0.0, 0.0]),
    Question(Softmax, "large scores", "out", {"x": [1000.0, 999.0]}, ["jax.nn.softmax(x)", QUOTIENT]),
    Question(Softmax, "+inf", "out", {"x": [0.0, inf]}, ["jax.nn.softmax(x)"]),
    Question(LogSoftmax, "nothing counts", "out", NOTHING_COUNTS, ["jax.nn.log_softmax(x, where=mask)"]),
    Question(LogSoftmax, "a class ruled out", "dx", RULED_OUT, [LOG_SOFTMAX, LOG_OF_SOFTMAX], dout=[1.0, 0.0, 0.0]),
    Question(LogSoftmax, "a hopeless score", "out", {"x": [0.0, -1000.0]}, [LOG_SOFTMAX, LOG_OF_SOFTMAX]),
    Question(LogSumExp, "nothing counts", "out", NOTHING_COUNTS, ["jax.nn.logsumexp(x, where=mask)"]),
    Question(LogSumExp, "every score is -inf", "dx", ALL_RULED_OUT, ["jax.nn.logsumexp(x)"]),
    Question(
        LogSumExp,
        "large scores",
        "out",
        {"x": [1000.0, 1000.0]},
        ["jax.nn.logsumexp(x)", "jnp.log(jnp.exp(x).sum())"],
    ),
)

DEPARTURES = (
    Departure("Softmax", "three axes", "out", {"x": np.array([[[0.0, 0.0], [0.0, 2.0]]])}),
    Departure("Softmax", "one row, without an axis for the batch", "dx", {"x": np.zeros(2)}, dout=[1.0, 0.0]),
    Departure("Softmax", "every score ruled out", "out", {"x": np.array([[-inf, -inf]])}),
)
