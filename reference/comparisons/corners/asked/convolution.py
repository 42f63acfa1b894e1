"""What the convolutions are asked in the corners."""

from functools import partial

import numpy as np

from handgrad import Convolution, ConvolutionTranspose
from reference.comparisons.corners.conventions import Question
from reference.comparisons.corners.departures import Departure

nan = np.nan
WEIGHTS = {"W": [[[1.0, 10.0]]], "b": [0.0]}
X = {"x": [[1.0, 2.0, 4.0]], **WEIGHTS}
CONV, TRANSPOSED = "jax.lax.conv_general_dilated(x[None], W, {})[0]", "jax.lax.conv_transpose(x[None], W, {})[0]"
AS_OURS = "dimension_numbers=('NCH', 'OIH', 'NCH')"

same, strided = partial(Convolution, pad="same"), partial(Convolution, stride=3)
transposed = partial(ConvolutionTranspose, stride=2)

QUESTIONS = (
    Question(
        Convolution,
        "weights 1 and 10",
        "out",
        X,
        [CONV.format("(1,), 'VALID'"), "jnp.convolve(x[0], W[0, 0], 'valid')[None]"],
    ),
    Question(
        same,
        "weights 1 and 10, padding 'same'",
        "out",
        X,
        [CONV.format("(1,), 'SAME'"), "jnp.convolve(x[0], W[0, 0], 'same')[None]"],
    ),
    Question(strided, "an end that the stride of 3 does not reach", "dx", X, [CONV.format("(3,), 'VALID'")]),
    Question(Convolution, "a window longer than x", "out", X | {"x": [[1.0]]}, [CONV.format("(1,), 'VALID'")]),
    Question(
        Convolution,
        "NaN beside a weight of 0",
        "out",
        {"x": [[1.0, nan]], "W": [[[1.0, 0.0]]], "b": [0.0]},
        [CONV.format("(1,), 'VALID'")],
    ),
    Question(
        transposed,
        "weights 1 and 10, stride 2",
        "out",
        X,
        [
            TRANSPOSED.format(f"(2,), 'VALID', {AS_OURS}"),
            TRANSPOSED.format(f"(2,), 'VALID', {AS_OURS}, transpose_kernel=True"),
        ],
    ),
)

PARAMS = {"W": np.ones((1, 1, 3, 3)), "b": np.zeros(1)}
DEPARTURES = (
    Departure("Convolution", "one sample", "out", {"x": np.ones((1, 3, 4))}, PARAMS),
    Departure("Convolution", "a window longer than x", "out", {"x": np.ones((1, 1, 2, 4))}, PARAMS),
)
