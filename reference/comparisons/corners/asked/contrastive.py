"""What the losses that tell what belongs together are asked in the corners."""

import numpy as np

from handgrad import InfoNceLoss, NegativeSamplingLoss
from reference.comparisons.corners.conventions import Question

nan = np.nan
W = np.array([[1.0], [2.0]])
HOPELESS = {"W": W, "h": [[1000.0]], "t": [0], "negatives": [[1]]}
STABLE = "-(jax.nn.log_sigmoid(word) + jax.nn.log_sigmoid(-other)).mean()"
NAIVE = "-(jnp.log(jax.nn.sigmoid(word)) + jnp.log(1 - jax.nn.sigmoid(other))).mean()"
FAR = {"q": [[1.0], [-1.0]], "k": [[-1.0], [1.0]], "temperature": 1e-3}
HIDDEN = {"q": [[1.0], [0.0], [nan]], "k": [[1.0], [0.0], [2.0]], "temperature": 1.0, "mask": [True, True, False]}
NOTHING_COUNTS = HIDDEN | {"mask": [False, False, False]}
DIAGONAL = "-jnp.diagonal(jax.nn.log_softmax(scores)).mean()"
OF_SOFTMAX = "-jnp.log(jnp.diagonal(jax.nn.softmax(scores))).mean()"
SELECTED = "-jnp.where(mask, jnp.diagonal(jax.nn.log_softmax(scores, where=mask)), 0).sum() / mask.sum()"

SHORT_FOR = {
    "word": "(W[t] * h).sum(-1)",
    "other": "(W[negatives][:, 0] * h).sum(-1)",
    "scores": "q @ k.T / temperature",
}

QUESTIONS = (
    Question(NegativeSamplingLoss, "a hopeless negative", "out", HOPELESS, [STABLE, NAIVE]),
    Question(NegativeSamplingLoss, "a hopeless negative", "dh", HOPELESS, [STABLE, NAIVE]),
    Question(InfoNceLoss, "a hopeless match", "out", FAR, [DIAGONAL, OF_SOFTMAX]),
    Question(InfoNceLoss, "NaN in a masked pair", "out", HIDDEN, [SELECTED, DIAGONAL]),
    Question(InfoNceLoss, "everything masked", "out", NOTHING_COUNTS, [SELECTED]),
)
