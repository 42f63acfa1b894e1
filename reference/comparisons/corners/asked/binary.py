"""What the losses of yes or no are asked in the corners."""

import numpy as np

from handgrad import FocalLoss, SigmoidWithLoss
from reference.comparisons.corners.conventions import Question
from reference.comparisons.corners.departures import Departure

inf = np.inf
SURE, CERTAIN = {"x": [40.0], "t": [1.0]}, {"x": [inf, -inf], "t": [1.0, 0.0]}
BY_LOGS = "-(t * jax.nn.log_sigmoid(x) + (1 - t) * jax.nn.log_sigmoid(-x)).mean()"
BY_SOFTPLUS = "(jax.nn.softplus(x) - t * x).mean()"
BY_MAXIMUM = "(jnp.maximum(x, 0) - t * x + jnp.log1p(jnp.exp(-jnp.abs(x)))).mean()"
BY_PROBABILITIES = "-(t * jnp.log(jax.nn.sigmoid(x)) + (1 - t) * jnp.log(1 - jax.nn.sigmoid(x))).mean()"
FOCUSED, UNFOCUSED = (SURE | {"gamma": gamma} for gamma in (0.5, 0.0))
FOCAL = "-(t * (1 - jax.nn.sigmoid(x)) ** gamma * jax.nn.log_sigmoid(x)).mean()"
FOCAL_BY_LOGS = "-(t * jnp.exp(gamma * jax.nn.log_sigmoid(-x)) * jax.nn.log_sigmoid(x)).mean()"
WRONG, OVERFLOWS = ({"x": np.array([x]), "t": np.array([t])} for x, t in ((100.0, 0), (-1000.0, 1)))

QUESTIONS = (
    Question(SigmoidWithLoss, "sure and right", "out", SURE, [BY_LOGS, BY_SOFTPLUS, BY_PROBABILITIES]),
    Question(SigmoidWithLoss, "sure and right", "dx", SURE, [BY_LOGS, BY_SOFTPLUS, BY_PROBABILITIES]),
    Question(SigmoidWithLoss, "sure and wrong", "out", {"x": [40.0], "t": [0.0]}, [BY_LOGS, BY_PROBABILITIES]),
    Question(SigmoidWithLoss, "certain and right", "out", CERTAIN, [BY_LOGS, BY_SOFTPLUS]),
    Question(SigmoidWithLoss, "certain and right", "dx", CERTAIN, [BY_LOGS, BY_SOFTPLUS]),
    Question(SigmoidWithLoss, "a score of 0", "dx", {"x": [0.0], "t": [1.0]}, [BY_LOGS, BY_MAXIMUM]),
    Question(FocalLoss, "sure and right, gamma ½", "dx", FOCUSED, [FOCAL, FOCAL_BY_LOGS]),
    Question(FocalLoss, "sure and right, gamma 0", "dx", UNFOCUSED, [FOCAL, FOCAL_BY_LOGS]),
)

DEPARTURES = (
    Departure("SigmoidWithLoss", "a hopeless answer", "out", WRONG),
    Departure("SigmoidWithLoss", "a score far below 0", "out", OVERFLOWS),
    Departure("SigmoidWithLoss", "sure and right", "dx", {"x": np.array([40.0]), "t": np.array([1])}),
    Departure("SigmoidWithLoss", "an answer of ½", "out", {"x": np.array([0.0]), "t": np.array([0.5])}),
)
