"""What rotary positions are asked in the corners."""

from functools import partial
from typing import Any

import numpy as np

from handgrad import Rope
from reference.comparisons.corners.conventions import Question

FAR: dict[str, Any] = {"x": np.array([[1.0, 0.0]], np.float16), "positions": [2049]}

SHORT_FOR = {
    "turned": "lambda p: jnp.concatenate([x[:, :1] * jnp.cos(p) - x[:, 1:] * jnp.sin(p), "
    "x[:, :1] * jnp.sin(p) + x[:, 1:] * jnp.cos(p)], 1).astype(x.dtype)"
}

QUESTIONS = (
    Question(
        partial(Rope, "half"),
        "a position that float16 does not have",
        "out",
        FAR,
        ["turned(positions[:, None])", "turned(positions[:, None].astype(x.dtype))"],
    ),
)
