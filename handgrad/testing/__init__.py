"""The checker: verify a hand-written layer against JAX, on examples that Hypothesis invents.

    from handgrad.testing import arrays, check_layer

    check_layer(MyAffine, lambda x, W, b: x @ W + b, arrays(x="... D", W="D M", b="M"))

It needs more than handgrad does: ``pip install "handgrad[testing]"``.
"""

from importlib.util import find_spec

for needed in ("jax", "hypothesis"):
    if find_spec(needed) is None:
        raise ImportError(f'handgrad.testing needs {needed}: pip install "handgrad[testing]"', name=needed)

from handgrad.testing import adapters
from handgrad.testing.checker import check_layer
from handgrad.testing.inputs import arrays, flags, labels, masks, one_hot, probabilities, reals
from handgrad.testing.parametrised import each_property
from handgrad.testing.report import Report

__all__ = [
    "Report",
    "adapters",
    "arrays",
    "check_layer",
    "each_property",
    "flags",
    "labels",
    "masks",
    "one_hot",
    "probabilities",
    "reals",
]
