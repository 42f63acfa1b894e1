"""What the gated linear units are asked in the corners."""

import numpy as np

from handgrad import GeGlu, Glu, SwiGlu
from reference.comparisons.corners.conventions import Question

SHUT = {"gate": [-np.inf], "up": [1.0]}

QUESTIONS = (
    Question(Glu, "an open gate", "dx", {"x": [1.0, 40.0]}, ["jax.nn.glu(x)"]),
    Question(SwiGlu, "a gate that is shut", "dgate", SHUT, ["jax.nn.silu(gate) * up"]),
    Question(GeGlu, "a gate that is shut", "dup", SHUT, ["jax.nn.gelu(gate, False) * up"]),
)
