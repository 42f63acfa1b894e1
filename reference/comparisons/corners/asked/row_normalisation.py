"""What the normalisations of rows are asked in the corners."""

from typing import Any

import numpy as np

from handgrad import L2Normalize, LayerNorm, RmsNorm
from reference.comparisons.corners.conventions import Question

inf, nan = np.inf, np.nan
GAIN = {"gamma": np.ones(2)}
PARAMS = GAIN | {"beta": np.zeros(2)}
EQUAL: dict[str, Any] = {"x": [[3.0, 3.0]], **PARAMS}
HIDDEN_NAN: dict[str, Any] = {"x": [[1.0, 3.0], [nan, 2.0]], "mask": [True, False], **PARAMS}
ZEROS: dict[str, Any] = {"x": [0.0, 0.0]}
SIGNED = [[1.0, -1.0]]
SELECTED = "jnp.where(mask[:, None], layer_norm(jnp.where(mask[:, None], x, 0)) * gamma, 0)"
TOO_LATE = "jnp.where(mask[:, None], layer_norm(x) * gamma, 0)"
RMS, WITHOUT_EPS = "x / jnp.sqrt((x**2).mean() + 1e-5)", "x / jnp.sqrt((x**2).mean())"
L2, LARGER = "x / jnp.sqrt((x**2).sum() + 1e-12)", "x / jnp.maximum(jnp.linalg.norm(x), 1e-6)"

SHORT_FOR = {
    "layer_norm": "lambda x: (x - x.mean(-1, keepdims=True)) / jnp.sqrt(x.var(-1, keepdims=True) + 1e-5)",
    "eps_outside": "lambda x: (x - x.mean(-1, keepdims=True)) / (x.std(-1, keepdims=True) + 1e-5)",
}

QUESTIONS = (
    Question(LayerNorm, "equal numbers", "dx", EQUAL, ["layer_norm(x)", "eps_outside(x)"], dout=SIGNED),
    Question(LayerNorm, "NaN in a hidden row", "dgamma", HIDDEN_NAN, [SELECTED, TOO_LATE]),
    Question(LayerNorm, "NaN in a hidden row", "dx", HIDDEN_NAN, [SELECTED, TOO_LATE], dout=[[1.0, 0.0], [1.0, 0.0]]),
    Question(RmsNorm, "zeros", "dx", ZEROS | GAIN, [RMS, WITHOUT_EPS]),
    Question(RmsNorm, "an infinity", "out", {"x": [inf, 1.0], **GAIN}, [RMS]),
    Question(L2Normalize, "zeros", "dx", ZEROS, [L2, LARGER]),
)
