"""What attention is asked in the corners.

JAX's own function takes sequences (B, T, N, H), of which heads and batch are 1 here.
"""

from typing import Any

import numpy as np

from handgrad import ScaledDotProductAttention as Attention
from reference.comparisons.corners.conventions import Question

inf, nan = np.inf, np.nan
ONE_QUERY: dict[str, Any] = {"q": [[1.0]], "k": [[0.0], [0.0]], "v": [[2.0], [6.0]]}
NOTHING = ONE_QUERY | {"mask": [[False, False]]}
HIDDEN_NAN = ONE_QUERY | {"k": [[0.0], [nan]], "v": [[2.0], [nan]], "mask": [[True, False]]}
RULED_OUT = ONE_QUERY | {"bias": [[-inf, -inf]]}
MORE_KEYS: dict[str, Any] = {
    "q": [[1.0], [1.0]],
    "k": [[0.0], [0.0], [0.0]],
    "v": [[3.0], [6.0], [9.0]],
    "causal": True,
    "offset": 1,
}
NO_KEYS = {"q": np.ones((1, 1)), "k": np.ones((0, 1)), "v": np.ones((0, 1))}
SELECTED = "jax.nn.softmax(q @ k.T, where=mask) @ v"
FILLED = "jax.nn.softmax(jnp.where(mask, q @ k.T, -1e9)) @ v"
OWN, CAUSAL, BIASED = "own(mask=mask[None, None])", "own(is_causal=True)", "own(bias=bias[None, None])"

SHORT_FOR = {
    "own": "lambda **options: jax.nn.dot_product_attention("
    "q[None, :, None], k[None, :, None], v[None, :, None], **options)[0, :, 0]"
}

QUESTIONS = (
    Question(Attention, "no key counts", "out", NOTHING, [SELECTED, FILLED, OWN]),
    Question(Attention, "no key counts", "dv", NOTHING, [SELECTED, FILLED, OWN]),
    Question(Attention, "NaN in a hidden key and its value", "out", HIDDEN_NAN, [SELECTED, FILLED, OWN]),
    Question(Attention, "NaN in a hidden key and its value", "dq", HIDDEN_NAN, [SELECTED, FILLED, OWN]),
    Question(Attention, "every score is -inf", "out", RULED_OUT, [BIASED]),
    Question(Attention, "causal, more keys than queries", "out", MORE_KEYS, [CAUSAL]),
    Question(Attention, "no keys", "out", NO_KEYS, ["jax.nn.softmax(q @ k.T) @ v"]),
)
