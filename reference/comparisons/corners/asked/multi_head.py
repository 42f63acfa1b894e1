"""What attention in several heads is asked in the corners."""

import numpy as np

from handgrad import MultiHeadAttention as Attention
from reference.comparisons.corners.conventions import Question

inf, nan = np.inf, np.nan
ONES = {name: [[1.0]] for name in ("Wq", "Wk", "Wv", "Wo")}
NOTHING = {"x": [[2.0]], **ONES, "bo": [5.0], "heads": 1, "key_mask": [False]}
HIDDEN_NAN = {"x": [[2.0]], "context": [[3.0], [nan]], **ONES, "heads": 1, "key_mask": [True, False]}
OF_KEYS = "jax.nn.softmax(x @ {0}.T, where=key_mask) @ {0}"

QUESTIONS = (
    Question(
        Attention,
        "no key counts, bo = 5",
        "out",
        NOTHING,
        [f"{OF_KEYS.format('x')} + bo", "jax.nn.softmax(jnp.where(key_mask, x @ x.T, -1e9)) @ x + bo"],
    ),
    Question(Attention, "NaN in a hidden row of the context", "out", HIDDEN_NAN, [OF_KEYS.format("context")]),
    Question(
        Attention,
        "NaN in a hidden row of the context",
        "dWv",
        HIDDEN_NAN,
        [OF_KEYS.format("(context @ Wv)"), OF_KEYS.format("jnp.where(key_mask[:, None], context @ Wv, 0)")],
    ),
)
