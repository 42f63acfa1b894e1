"""What backward may take for the upstream gradients: a function of them, some of them alone, one for another."""

from collections.abc import Callable, Iterator
from itertools import combinations, product

import numpy as np

from handgrad.testing.subject import AnyArray, Results
from handgrad.testing.trial import Trial

FUNCTIONS_OF_DOUT: dict[str, Callable[[AnyArray], AnyArray]] = {
    "ignores dout: it is the gradient for a dout of ones": np.ones_like,
    "is not linear in dout: it takes |dout|": np.abs,
    "is not linear in dout: it takes max(dout, 0)": lambda dout: np.maximum(dout, 0),
    "is not linear in dout: it takes dout clipped to [-1, 1]": lambda dout: np.clip(dout, -1, 1),
    "is not linear in dout: it takes dout²": np.square,
    "is not linear in dout: it takes sign(dout)": np.sign,
    "takes the mean of dout for every element of it": lambda dout: (
        np.full_like(dout, dout.mean()) if dout.size else dout
    ),
    "hears only the first row of dout": lambda dout: _only(dout, 0, 0),
    "hears only the last row of dout": lambda dout: _only(dout, 0, -1),
    "hears only the first column of dout": lambda dout: _only(dout, -1, 0),
    "hears only the last column of dout": lambda dout: _only(dout, -1, -1),
    "does not hear the first row of dout": lambda dout: dout - _only(dout, 0, 0),
    "does not hear the last row of dout": lambda dout: dout - _only(dout, 0, -1),
    "does not hear the last column of dout": lambda dout: dout - _only(dout, -1, -1),
    "takes dout in reversed order": np.flip,
    "takes dout transposed": lambda dout: transposed(dout),
}


def _only(dout: AnyArray, axis: int, index: int) -> AnyArray:
    """Keep one row or column of dout, and put 0 for the others."""
    if dout.ndim < 1 or dout.shape[axis] == 0:
        return dout
    kept = np.zeros_like(dout)
    place = (Ellipsis, index) if axis == -1 else (index,)
    kept[place] = dout[place]
    return kept


def transposed(array: AnyArray) -> AnyArray:
    """Swap the last two axes, if they are equally long."""
    return np.swapaxes(array, -1, -2) if array.ndim > 1 and array.shape[-1] == array.shape[-2] else array


def each_dout(trial: Trial, function: Callable[[AnyArray], AnyArray]) -> Results:
    """Give a function of every upstream gradient."""
    return {name: function(dout) for name, dout in trial.douts.items()}


def mistaken(trial: Trial) -> Iterator[tuple[str, Results]]:
    """List what backward takes for the upstream gradients; of several, for one of them or another one, too."""
    several = {} if trial.outputs.is_single else trial.douts
    zeros = each_dout(trial, np.zeros_like)
    for name in several:
        yield f"does not hear {name}", {**several, name: zeros[name]}
    for name, dout in several.items():
        yield f"hears {name} alone", {**zeros, name: dout}
    for one, other in combinations(several, 2):
        if several[one].shape == several[other].shape:
            yield f"takes {one} and {other} for each other", {**several, one: several[other], other: several[one]}
    for what, function in FUNCTIONS_OF_DOUT.items():
        yield what, each_dout(trial, function)
        for name, dout in several.items():
            yield what.replace("dout", name), {**several, name: function(dout)}


def of_repeated_labels(trial: Trial) -> Iterator[tuple[str, Results]]:
    """List what is heard where one assigns that should add."""
    for labels, array in trial.inputs.items():
        if array.dtype.kind not in "iu" or array.ndim != 1 or not len(array):
            continue
        for (heard, dout), (which, order) in product(trial.douts.items(), {"last": -1, "first": 1}.items()):
            if array.shape == dout.shape[:1]:
                _, kept = np.unique(array[::order], return_index=True)
                what = f"hears only the {which} row of {heard} where a label in {labels} is repeated"
                yield what, {**trial.douts, heard: _rows_kept(dout, kept, order)}


def _rows_kept(dout: AnyArray, kept: AnyArray, order: int) -> AnyArray:
    """Put 0 for all rows of dout but these, counted from the start or from the end."""
    only = np.zeros_like(dout[::order])
    only[kept] = dout[::order][kept]
    return only[::order]
