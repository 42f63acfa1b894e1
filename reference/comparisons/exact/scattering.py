"""JAX's gather and scatter-add on numbers of any kind: JAX itself says where they come from or go to."""

import math
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
import numpy.typing as npt
from jax import lax

AnyArray = npt.NDArray[Any]


def gathered(x: AnyArray, indices: AnyArray, *, dimension_numbers: Any, slice_sizes: Any, **options: Any) -> AnyArray:
    """Look real numbers up; beyond the array there are none, unless JAX was told what is there."""
    beyond = math.nan if options["fill_value"] is None else options["fill_value"]
    places = _places(x.shape, indices, dimension_numbers, slice_sizes, options["mode"])
    return np.append(x.astype(object).ravel(), [beyond])[places].astype(x.dtype)


def scattered(
    x: AnyArray, indices: AnyArray, updates: AnyArray, *, dimension_numbers: Any, **options: Any
) -> AnyArray:
    """Add numbers where they would be looked up."""
    to = dimension_numbers
    single = (*to.inserted_window_dims, *to.operand_batching_dims)
    lengths = iter([updates.shape[axis] for axis in to.update_window_dims])
    looked_up = lax.GatherDimensionNumbers(
        offset_dims=to.update_window_dims,
        collapsed_slice_dims=to.inserted_window_dims,
        start_index_map=to.scatter_dims_to_operand_dims,
        operand_batching_dims=to.operand_batching_dims,
        start_indices_batching_dims=to.scatter_indices_batching_dims,
    )
    sizes = [1 if axis in single else next(lengths) for axis in range(x.ndim)]
    places = _places(x.shape, indices, looked_up, sizes, options["mode"])
    total = x.ravel()
    np.add.at(total, places[places >= 0], updates[places >= 0])
    return total.reshape(x.shape)


def _places(shape: Sequence[int], indices: AnyArray, numbers: Any, sizes: Any, mode: Any) -> npt.NDArray[np.int64]:
    """Tell the place of what is looked up among all numbers of the array, in their order; -1 is beyond it."""
    with jax.enable_x64(True):
        ours = np.arange(math.prod(shape)).reshape(shape)
        return np.asarray(lax.gather(ours, indices, numbers, tuple(sizes), mode=mode, fill_value=-1))
