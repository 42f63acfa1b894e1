"""The forms in which people write a backward: each adapter makes of one what `check_layer` takes.

    from handgrad.testing import adapters, arrays, check_layer

    layer = adapters.functions(affine_forward, affine_backward)
    check_layer(layer, lambda x, w, b: x @ w + b, arrays(x="N D", w="D M", b="M"))

What it makes has the signature of what it is given, so that arguments go by the names that they have there, and the
report has its name.
"""

from handgrad.testing.adapters.caches import functions, value_and_grad
from handgrad.testing.adapters.layers import layer
from handgrad.testing.adapters.with_jax import custom_vjp
from handgrad.testing.adapters.with_torch import torch_function, torch_module

__all__ = ["custom_vjp", "functions", "layer", "torch_function", "torch_module", "value_and_grad"]
