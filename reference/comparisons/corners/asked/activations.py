"""What the activation functions are asked in the corners."""

import numpy as np

import handgrad
from reference.comparisons.corners.conventions import Question
from reference.comparisons.corners.departures import Departure

inf, nan = np.inf, np.nan
FAR = [-inf, -1e4, 1e4, inf]
RELU, MAXIMUM = "jax.nn.relu(x)", "jnp.maximum(x, 0)"
SIGMOID, QUOTIENT = "jax.nn.sigmoid(x)", "1 / (1 + jnp.exp(-x))"
SIGNS = {"x": np.array([-1.0, 1.0])}

QUESTIONS = (
    Question(handgrad.Relu, "at the kink", "dx", {"x": [0.0, -0.0]}, [RELU, MAXIMUM]),
    Question(handgrad.Relu, "NaN", "out", {"x": [nan]}, [RELU, MAXIMUM]),
    Question(handgrad.Relu, "NaN", "dx", {"x": [nan]}, [RELU, MAXIMUM]),
    Question(handgrad.Relu, "±inf", "out", {"x": [-inf, inf]}, [RELU]),
    Question(handgrad.Relu, "±inf", "dx", {"x": [-inf, inf]}, [RELU]),
    Question(
        handgrad.Relu, "blocked, dout not finite", "dx", {"x": [-1.0, -1.0]}, [RELU, "x * (x > 0)"], dout=[inf, nan]
    ),
    Question(handgrad.Sigmoid, "far out", "out", {"x": FAR}, [SIGMOID, QUOTIENT]),
    Question(handgrad.Sigmoid, "far out", "dx", {"x": FAR}, [SIGMOID, QUOTIENT]),
    Question(handgrad.Sigmoid, "left tail", "out", {"x": [-100.0]}, [SIGMOID, "(1 + jnp.tanh(x / 2)) / 2"]),
    Question(handgrad.Sigmoid, "right tail", "dx", {"x": [40.0]}, [SIGMOID, "jnp.exp(jax.nn.log_sigmoid(x))"]),
)

DEPARTURES = (
    Departure("Relu", "the caller's dout, after backward", "dout", SIGNS, dout=[1.0, 1.0]),
    Departure("Relu", "a dout that must not be written to", "dx", SIGNS, dout=[1.0, 1.0], read_only=True),
    Departure("Relu", "a single number", "out", {"x": -1.0}),
    Departure("Sigmoid", "a large negative number", "out", {"x": np.array([-1000.0])}),
)
