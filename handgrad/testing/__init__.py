"""The checker: verify a hand-written layer against JAX, on examples that Hypothesis invents.

    from handgrad.testing import arrays, check_layer

    check_layer(MyAffine, lambda x, W, b: x @ W + b, arrays(x="... D", W="D M", b="M"))

It needs more than handgrad does: ``pip install "handgrad[testing]"``.
"""

try:
    import hypothesis as _  # noqa: F401 - only to say what is missing
    import jax as _  # noqa: F401
except ImportError as error:
    raise ImportError(f'handgrad.testing needs {error.name}: pip install "handgrad[testing]"') from error

from handgrad.testing.checker import Report, check_layer, inspect_layer
from handgrad.testing.inputs import arrays, labels, masks, one_hot, probabilities, reals

__all__ = [
    "Report",
    "arrays",
    "check_layer",
    "inspect_layer",
    "labels",
    "masks",
    "one_hot",
    "probabilities",
    "reals",
]
