"""What the activations of straight pieces are asked in the corners."""

import numpy as np

from handgrad import Abs, Clip, LeakyRelu, PRelu
from reference.comparisons.corners.conventions import Question

inf = np.inf
LEAKY, LEAKY_MAXIMUM = "jax.nn.leaky_relu(x, slope)", "jnp.maximum(x, slope * x)"
AT_THE_KINK = {"x": [0.0, -0.0], "slope": 0.25}

QUESTIONS = (
    Question(LeakyRelu, "at the kink", "dx", AT_THE_KINK, [LEAKY, LEAKY_MAXIMUM]),
    Question(PRelu, "at the kink", "dx", AT_THE_KINK, [LEAKY, LEAKY_MAXIMUM]),
    Question(PRelu, "inf, which slope does not scale", "dslope", {"x": [inf, -2.0], "slope": 0.25}, [LEAKY]),
    Question(
        Clip,
        "at the bounds",
        "dx",
        {"x": [0.0, 6.0], "low": 0, "high": 6},
        ["jax.nn.relu6(x)", "jnp.clip(x, low, high)"],
    ),
    Question(Abs, "at the kink", "dx", {"x": [0.0, -0.0]}, ["jnp.abs(x)", "jnp.sqrt(x * x)"]),
)
