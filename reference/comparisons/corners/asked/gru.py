"""What the GRU is asked in the corners."""

from functools import partial

from handgrad import Gru
from reference.comparisons.corners.conventions import Question

ONE_STEP = {
    "x": [[0.0]],
    "h0": [1.0, 1.0],
    "Wx": [[0.0] * 6],
    "Wh": [[0.0, 0.0, 2.0, -2.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0, -1.0, 2.0]],
    "b": [1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
}
BEFORE, AFTER = "lambda r: jnp.tanh((r * h0) @ Wh[:, 4:])", "lambda r: jnp.tanh(r * (h0 @ Wh[:, 4:]))"

SHORT_FOR = {
    "gates": "jax.nn.sigmoid(h0 @ Wh[:, :4] + b[:4]).reshape(2, 2)",
    "replace": "lambda z, r, n: (1 - z) * h0 + z * n(r)",
    "keep": "lambda z, r, n: z * h0 + (1 - z) * n(r)",
}
SPELLED = [f"replace(*gates, {BEFORE})", f"replace(*gates, {AFTER})", f"keep(*gates, {BEFORE})"]
QUESTIONS = (
    Question(Gru, "z replaces, and r resets before the product", "out", ONE_STEP, SPELLED, of=1),
    Question(partial(Gru, reset="after"), "the same with reset='after'", "out", ONE_STEP, SPELLED[:2], of=1),
)
