"""What the elementary functions are asked in the corners."""

import numpy as np

from handgrad import Exp, Log, Power, Reciprocal, Sqrt
from reference.comparisons.corners.conventions import Question

inf, nan = np.inf, np.nan
ZEROS_AND_INFINITIES = {"x": [0.0, -0.0, inf, -inf]}
POWER = "jnp.power(x, p)"

QUESTIONS = (
    Question(Exp, "beyond float64", "out", {"x": [-1000.0, 1000.0]}, ["jnp.exp(x)"]),
    Question(Exp, "beyond float64", "dx", {"x": [-1000.0, 1000.0]}, ["jnp.exp(x)"]),
    Question(Log, "at 0 and below", "dx", {"x": [0.0, -2.0]}, ["jnp.log(x)"]),
    Question(Reciprocal, "±0 and ±inf", "out", ZEROS_AND_INFINITIES, ["1 / x"]),
    Question(Reciprocal, "±0 and ±inf", "dx", ZEROS_AND_INFINITIES, ["1 / x"]),
    Question(Sqrt, "at ±0", "dx", {"x": [0.0, -0.0]}, ["jnp.sqrt(x)"]),
    Question(Sqrt, "at 0, dout 0", "dx", {"x": [0.0]}, ["jnp.sqrt(x)"], dout=0.0),
    Question(Power, "to the 0", "dx", {"x": [0.0, 2.0, nan], "p": 0.0}, [POWER, "x ** 0"]),
    Question(
        Power,
        "of 0 and of a negative number",
        "dx",
        {"x": [0.0, -2.0], "p": 2.0},
        [POWER, "jnp.exp(p * jnp.log(x))"],
    ),
)
