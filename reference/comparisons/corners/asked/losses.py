"""What the losses are asked in the corners."""

from typing import Any

import numpy as np

import handgrad
from reference.comparisons.corners.conventions import Question
from reference.comparisons.corners.departures import Departure

inf, nan = np.inf, np.nan
NO_ROWS = {"x": np.ones((0, 3)), "t": np.ones(0, np.int64)}
TWO_ROWS: dict[str, Any] = {"x": [[1.0, 2.0], [nan, nan]], "t": [0, 1], "mask": [True, False]}
NOTHING_COUNTS: dict[str, Any] = TWO_ROWS | {"x": [[1.0, 2.0], [3.0, 4.0]], "mask": [False, False]}
ROWS = "rows(x, t).mean()"
MULTIPLIED, SELECTED = "(rows(x, t) * mask).sum() / mask.sum()", "jnp.where(mask, rows(x, t), 0).sum() / mask.sum()"
ONE_HOT = "-(jax.nn.one_hot(t, 3) * jax.nn.log_softmax(x)).sum(-1).mean()"
SQUARES = "0.5 * jnp.square(x - t).sum(-1).mean()"
HOPELESS = {"x": np.array([0.0, 100.0]), "t": np.array([1.0, 0.0])}
LABEL_MINUS_1 = {"x": np.array([[0.0, 1.0, 5.0]]), "t": np.array([-1])}
ONE_CLASS = {"x": np.array([[5.0], [7.0]]), "t": np.array([0, 0])}
RULED_OUT = {"x": np.full((1, 2), -inf), "t": np.array([0])}
IN_TIME = {"x": np.array([[[0.0, 0.0], [1000.0, 0.0]]]), "t": np.array([[0, -1]])}
MEASURED = {"x": np.array([[3.0, 4.0], [0.0, 0.0]]), "t": np.zeros((2, 2))}
SMOOTHED: dict[str, Any] = {
    "x": [[0.0, 0.0], [0.0, 8.0]],
    "t": [0, 1],
    "mask": [True, False],
    "label_smoothing": 0.5,
}
MIXED = "(1 - label_smoothing) * hot + label_smoothing / 2"
BY_TARGETS = f"-(({MIXED}) * jax.nn.log_softmax(x)).sum() / mask.sum()"
BY_LOSSES = f"-jnp.where(mask, (({MIXED}) * jax.nn.log_softmax(x)).sum(-1), 0).sum() / mask.sum()"
NO_TARGET = {"x": [0.0, -inf], "t": [1.0, 0.0]}
BY_LOGS = "(t * (jnp.log(t) - jax.nn.log_softmax(x))).sum()"
REL_ENTR = "jax.scipy.special.rel_entr(t, jax.nn.softmax(x)).sum()"

SHORT_FOR = {
    "rows(x, t)": "-jnp.take_along_axis(jax.nn.log_softmax(x), t[:, None], -1)[:, 0]",
    "hot": "jnp.where(mask[:, None], jax.nn.one_hot(t, 2), 0)",
}

QUESTIONS = (
    Question(handgrad.SoftmaxWithLoss, "no rows", "out", NO_ROWS, [ROWS]),
    Question(handgrad.SoftmaxWithLoss, "no rows", "dx", NO_ROWS, [ROWS]),
    Question(handgrad.SoftmaxWithLoss, "everything masked", "out", NOTHING_COUNTS, [MULTIPLIED, SELECTED]),
    Question(handgrad.SoftmaxWithLoss, "everything masked", "dx", NOTHING_COUNTS, [MULTIPLIED, SELECTED]),
    Question(handgrad.SoftmaxWithLoss, "NaN in a masked row", "out", TWO_ROWS, [MULTIPLIED, SELECTED]),
    Question(handgrad.SoftmaxWithLoss, "NaN in a masked row", "dx", TWO_ROWS, [MULTIPLIED, SELECTED]),
    Question(handgrad.SoftmaxWithLoss, "a class ruled out", "out", {"x": [[0.0, -inf, 0.0]], "t": [0]}, [ROWS]),
    Question(handgrad.SoftmaxWithLoss, "a class ruled out", "dx", {"x": [[0.0, -inf, 0.0]], "t": [0]}, [ROWS]),
    Question(handgrad.SoftmaxWithLoss, "the target ruled out", "out", {"x": [[0.0, -inf, 0.0]], "t": [1]}, [ROWS]),
    Question(handgrad.SoftmaxWithLoss, "the target ruled out", "dx", {"x": [[0.0, -inf, 0.0]], "t": [1]}, [ROWS]),
    Question(handgrad.SoftmaxWithLoss, "every class ruled out", "out", {"x": [[-inf, -inf]], "t": [0]}, [ROWS]),
    Question(handgrad.SoftmaxWithLoss, "every class ruled out", "dx", {"x": [[-inf, -inf]], "t": [0]}, [ROWS]),
    Question(handgrad.SoftmaxWithLoss, "label -1", "out", {"x": [[0.0, 1.0, 5.0]], "t": [-1]}, [ROWS, ONE_HOT]),
    Question(
        handgrad.SoftmaxWithLoss, "label 3 of 3 classes", "out", {"x": [[0.0, 1.0, 5.0]], "t": [3]}, [ROWS, ONE_HOT]
    ),
    Question(
        handgrad.SoftmaxWithLoss,
        "a hopeless target",
        "out",
        {"x": [[0.0, 1000.0]], "t": [0]},
        [ROWS, "-jnp.log(jax.nn.softmax(x)[:, 0]).mean()"],
    ),
    Question(
        handgrad.SoftmaxWithLoss,
        "targets that sum to 4",
        "dx",
        {"x": [0.0, 0.0], "t": [3.0, 1.0]},
        ["-(t * jax.nn.log_softmax(x)).sum()", "-(t * jnp.log(jax.nn.softmax(x))).sum()"],
    ),
    Question(handgrad.SoftmaxWithLoss, "smoothed, with a masked row", "dx", SMOOTHED, [BY_TARGETS, BY_LOSSES]),
    Question(handgrad.KLDivergence, "a class ruled out that is no target", "out", NO_TARGET, [BY_LOGS, REL_ENTR]),
    Question(handgrad.KLDivergence, "a class ruled out that is no target", "dx", NO_TARGET, [BY_LOGS]),
    Question(handgrad.KLDivergence, "a target ruled out", "out", {"x": [0.0, -inf], "t": [0.5, 0.5]}, [BY_LOGS]),
    Question(handgrad.IdentityWithLoss, "no rows", "out", {"x": np.ones((0, 3)), "t": np.ones((0, 3))}, [SQUARES]),
    Question(handgrad.IdentityWithLoss, "no batch axis", "out", {"x": [3.0, 4.0], "t": [0.0, 0.0]}, [SQUARES]),
)

DEPARTURES = (
    Departure("SoftmaxWithLoss", "a hopeless target", "out", HOPELESS),
    Departure("SoftmaxWithLoss", "one sample", "dx", HOPELESS),
    Departure("SoftmaxWithLoss", "a dout other than 1", "dx", HOPELESS, dout=3.0),
    Departure("SoftmaxWithLoss", "label -1, of which the twin makes a row of zeros", "out", LABEL_MINUS_1),
    Departure("SoftmaxWithLoss", "labels of a single class", "out", ONE_CLASS),
    Departure("SoftmaxWithLoss", "every class ruled out", "out", RULED_OUT),
    Departure(
        "SoftmaxWithLoss",
        "label -1, which hides its row in the second volume",
        "out",
        IN_TIME,
        of_the_book="TimeSoftmaxWithLoss",
    ),
    Departure(
        "SoftmaxWithLoss",
        "a hopeless target in the second volume",
        "out",
        {"x": np.array([[[0.0, 1000.0]]]), "t": np.array([[0]])},
        of_the_book="TimeSoftmaxWithLoss",
    ),
    Departure("IdentityWithLoss", "a batch of two", "out", MEASURED),
)
