"""What the numbers that open their own gate are asked in the corners."""

import numpy as np

from handgrad import Gelu, HardSwish, Silu
from reference.comparisons.corners.conventions import Question

inf = np.inf
INFINITIES = {"x": [-inf, inf]}
HARD_SWISH, SILU = "jax.nn.hard_swish(x)", "jax.nn.silu(x)"
GELU, GELU_TANH = "jax.nn.gelu(x, False)", "jax.nn.gelu(x)"
GELU_ERF = "x * (1 + jax.lax.erf(x / jnp.sqrt(2))) / 2"

QUESTIONS = (
    Question(HardSwish, "at the kinks", "dx", {"x": [-3.0, 3.0]}, [HARD_SWISH, "x * jnp.clip(x + 3, 0, 6) / 6"]),
    Question(HardSwish, "±inf", "out", INFINITIES, [HARD_SWISH]),
    Question(Silu, "±inf", "out", INFINITIES, [SILU]),
    Question(Silu, "±inf", "dx", INFINITIES, [SILU]),
    Question(Gelu, "±inf", "out", INFINITIES, [GELU]),
    Question(Gelu, "±inf", "dx", INFINITIES, [GELU]),
    Question(Gelu, "left tail", "out", {"x": [-9.0, -20.0]}, [GELU, GELU_ERF, GELU_TANH]),
    Question(Gelu, "the two of them", "out", {"x": [-2.0]}, [GELU, GELU_TANH]),
)
