"""What the elementary functions are asked in the corners."""

import numpy as np

import handgrad
from reference.comparisons.corners.conventions import Question

inf = np.inf
ZEROS_AND_INFINITIES = {"x": [0.0, -0.0, inf, -inf]}

QUESTIONS = (
    Question(handgrad.Exp, "beyond float64", "out", {"x": [-1000.0, 1000.0]}, ["jnp.exp(x)"]),
    Question(handgrad.Exp, "beyond float64", "dx", {"x": [-1000.0, 1000.0]}, ["jnp.exp(x)"]),
    Question(handgrad.Reciprocal, "±0 and ±inf", "out", ZEROS_AND_INFINITIES, ["1 / x"]),
    Question(handgrad.Reciprocal, "±0 and ±inf", "dx", ZEROS_AND_INFINITIES, ["1 / x"]),
)
