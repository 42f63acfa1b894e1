"""What the recurrent layer is asked in the corners."""

import numpy as np

from handgrad import Rnn
from reference.comparisons.corners.conventions import Question
from reference.comparisons.corners.departures import Departure

nan = np.nan
WEIGHTS = {"Wx": [[1.0]], "Wh": [[1.0]], "b": [1.0]}
HOLE = {"x": [[1.0], [nan], [-1.0]], "mask": [True, False, True], **WEIGHTS}
PADDED = {"x": [[1.0], [0.0]], "mask": [True, False], **WEIGHTS}
STEP = "jnp.tanh({} @ Wx + h @ Wh + b)"
LAST, SHOWN = (f"jax.lax.scan({{}}, jnp.zeros(1), (x, mask))[{place}]" for place in (0, 1))
SELECTED = f"jnp.where(mask[:, None], {SHOWN}, 0)"

SHORT_FOR = {
    "plain": f"lambda h, each: ({STEP.format('each[0]')},) * 2",
    "once": f"lambda h, each: (jnp.where(each[1], {STEP.format('each[0]')}, h),) * 2",
    "twice": f"lambda h, each: (jnp.where(each[1], {STEP.format('jnp.where(each[1], each[0], 0)')}, h),) * 2",
}
QUESTIONS = (
    Question(Rnn, "NaN in a hidden step", "dx", HOLE, [SELECTED.format("twice"), SELECTED.format("once")]),
    Question(Rnn, "what a hidden step shows", "out", HOLE, [SELECTED.format("once"), SHOWN.format("once")]),
    Question(
        Rnn,
        "the last state of a padded sequence",
        "out",
        PADDED,
        [LAST.format("once"), LAST.format("plain"), f"{SELECTED.format('once')}[-1]"],
        of=1,
    ),
)

ONE = {"Wx": np.ones((1, 1)), "Wh": np.ones((1, 1)), "b": np.zeros(1)}
DEPARTURES = (
    Departure("Rnn", "one sequence", "out", {"x": np.zeros((2, 1))}, ONE, of_the_book="TimeRNN"),
    Departure(
        "Rnn",
        "a dout beyond float32",
        "dx",
        {"x": np.zeros((1, 1, 1))},
        ONE,
        dout=[[[1e39]]],
        of_the_book="TimeRNN",
    ),
)
