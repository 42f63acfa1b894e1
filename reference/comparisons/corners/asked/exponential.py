"""What the activations made of exponentials are asked in the corners."""

import numpy as np

from handgrad import Elu, LogSigmoid, Softplus, Tanh
from reference.comparisons.corners.conventions import Question

inf = np.inf
FAR_OUT = {"x": [-1000.0, 1000.0]}
SOFTPLUS, LOG_OF_SUM = "jax.nn.softplus(x)", "jnp.log1p(jnp.exp(x))"
LOG_SIGMOID, LOG_OF_SIGMOID = "jax.nn.log_sigmoid(x)", "jnp.log(jax.nn.sigmoid(x))"

QUESTIONS = (
    Question(Tanh, "±inf", "dx", {"x": [-inf, inf]}, ["jnp.tanh(x)", "jnp.sinh(x) / jnp.cosh(x)"]),
    Question(Softplus, "far out", "out", FAR_OUT, [SOFTPLUS, LOG_OF_SUM]),
    Question(Softplus, "far out", "dx", FAR_OUT, [SOFTPLUS, LOG_OF_SUM]),
    Question(LogSigmoid, "left tail", "out", {"x": [-1000.0]}, [LOG_SIGMOID, LOG_OF_SIGMOID]),
    Question(LogSigmoid, "right tail", "dx", {"x": [40.0]}, [LOG_SIGMOID, LOG_OF_SIGMOID]),
    Question(
        Elu, "at the kink", "dx", {"x": [0.0, -0.0], "alpha": 0.5}, ["jax.nn.elu(x, alpha)", "jax.nn.celu(x, alpha)"]
    ),
    Question(Elu, "far out", "dx", {"x": [-40.0, 1000.0]}, ["jnp.where(x > 0, x, jnp.exp(x) - 1)"]),
)
