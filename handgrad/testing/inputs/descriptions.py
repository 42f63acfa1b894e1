"""What describes an argument: its axes, and which numbers it may hold."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import hypothesis.strategies as st
import jax
import numpy as np
import numpy.typing as npt

from handgrad.testing.dtypes import is_floating
from handgrad.testing.inputs.axes import Sizes, bare, parse, shape_of
from handgrad.testing.inputs.inputs import Argument, Inputs
from handgrad.testing.inputs.values import (
    Drawn,
    DType,
    booleans,
    labels_of,
    one_hot_rows,
    probability_rows,
    real_numbers,
    small_integers,
)
from handgrad.testing.subject import an, parameters_of
from handgrad.testing.trees import Nested, Tree

INTEGERS = ("int64", "int32", "uint8")
Described = str | Argument | st.SearchStrategy[Any] | Callable[..., st.SearchStrategy[Any]]


def arrays(**arguments: Described | dict[str, Any] | list[Any] | tuple[Any, ...]) -> Inputs:
    """Describe the inputs of a layer and its reference.

    Parameters
    ----------
    **arguments
        For each argument its axes, for real numbers of all kinds; or one of the functions below, for others; or any
        Hypothesis strategy, or a function of axes that makes one for their lengths. Floating arrays that a strategy
        draws are cast to the dtype under test; Python numbers, texts and whatever else it draws are handed on as they
        are. An argument that is a dict, a list or a tuple is described by one.

    Examples
    --------
    >>> affine = arrays(x="... D", W="D M", b="M")
    >>> gates = arrays(x="N D", W="D 4*H", b="4*H")
    >>> convolution = arrays(x="N 2*(T-1)+K>=K", k="K>0")
    >>> classifier = arrays(x="... C", t=labels("...", classes="C"), mask=masks("...", of="x t"))
    >>> network = arrays(x="N D", params=[{"W": "D H", "b": "H"}, {"W": "H C", "b": "C"}])
    >>> import hypothesis.strategies as st
    >>> softmax = arrays(x="N D", axis=st.sampled_from([0, 1, -1]))
    >>> largest = arrays(x="N>0", k=lambda N: st.integers(1, N))
    """
    if not arguments:
        raise ValueError("arrays() describes no argument; expected one or more, such as x='... D'")
    trees = {name: Tree.of(name, each) for name, each in arguments.items()}
    described = Inputs(
        {
            name: _argument(name, each)
            for holder, tree in trees.items()
            for name, each in zip(tree.names, jax.tree.leaves(arguments[holder]), strict=True)
        },
        Nested({holder: tree for holder, tree in trees.items() if tree.names != (holder,)}),
    )
    if empty := [holder for holder, tree in trees.items() if not tree.names]:
        raise TypeError(f"{', '.join(empty)} is described by nothing; expected axes, such as '... D', or several")
    for name, argument in described.arguments.items():
        for masked in argument.masks:
            _expect_to_fit(name, argument, masked, described.arguments)
        if unknown := [axis for axis in argument.depends_on if not described.has_axis(axis)]:
            raise ValueError(f"{name} depends on {', '.join(unknown)}, which is no argument's axis")
        if argument.classes and not described.has_axis(bare(argument.classes)):
            raise ValueError(f"{name} has as many classes as {argument.classes} is long, which is no argument's axis")
    return described


def _expect_to_fit(name: str, mask: Argument, masked: str, arguments: Mapping[str, Argument]) -> None:
    """Raise ValueError unless a mask masks an argument whose leading axes are its own."""
    if masked not in arguments:
        raise ValueError(f"{name} masks {masked}, which is no argument; there are {', '.join(arguments)}")
    own, axes = ([bare(axis) for axis in each.axes] for each in (mask, arguments[masked]))
    if axes and axes[: len(own)] != own:
        raise ValueError(f"{name} has the axes {own}; expected leading axes of {masked}, which has {axes}")


def _argument(name: str, described: Any) -> Argument:
    if isinstance(described, Argument):
        return described
    if isinstance(described, str):
        return reals(described)
    if isinstance(described, st.SearchStrategy):
        return _drawn(name, lambda: described)
    if callable(described) and not isinstance(described, type):
        return _drawn(name, described)
    raise TypeError(
        f"{name} is described by {an(type(described).__name__)}; expected its axes, such as '... D', what labels(), "
        "masks() and the like make, a Hypothesis strategy, or a function of axes that makes one"
    )


def _drawn(name: str, make: Callable[..., st.SearchStrategy[Any]]) -> Argument:
    """Draw what a strategy does that is made for the lengths of some axes."""
    names = tuple(parameters_of(make))

    def drawn(dtype: DType, sizes: Sizes) -> st.SearchStrategy[Any]:
        made = make(*shape_of(names, sizes))
        if not isinstance(made, st.SearchStrategy):
            raise TypeError(f"{name} is described by a function that made {made!r}; expected a Hypothesis strategy")
        return made.map(lambda each: _in_dtype(each, dtype))

    return Argument((), drawn=drawn, depends_on=names)


def _in_dtype(drawn: Any, dtype: DType) -> Any:
    if not isinstance(drawn, (np.ndarray, np.generic)):
        return drawn
    array = np.asarray(drawn)
    return array.astype(dtype) if is_floating(array) else array


def reals(
    axes: str,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    kinks: Sequence[float] = (),
    ties: bool = False,
) -> Argument:
    """Real numbers from `low` to `high`, of the dtype under test: both signs, zeros, ties, several scales.

    Parameters
    ----------
    axes
        Their axes.
    low, high
        Their domain.
    kinks
        Where the derivative jumps, such as 0 and 6 for relu6: the layer has to agree with the reference there, too.
    ties
        Whether it jumps where numbers are equal, as that of a maximum does.
    """
    if not low < high:
        raise ValueError(f"the domain is from {low} to {high}; expected low < high")
    if isinstance(kinks, str) or not isinstance(kinks, Sequence):
        raise TypeError(f"kinks is {kinks!r}; expected a list of them, such as [0]")
    at = tuple(kinks)
    if outside := [kink for kink in at if not low <= kink <= high]:
        raise ValueError(f"the kinks {outside} are outside of the domain from {low} to {high}")
    return Argument(
        parse(axes),
        lambda shape, dtype, _: real_numbers(shape, dtype, low, high, at),
        at_kinks=(lambda shape, dtype, _: small_integers(shape, dtype, at, low, high)) if at or ties else None,
        is_kink=lambda array: np.isin(array, at) | (_tied(array) if ties else False),
        low=low,
        high=high,
    )


def _tied(array: Drawn) -> Drawn:
    values, places, counts = np.unique(array, return_inverse=True, return_counts=True)
    return np.asarray(counts[places.reshape(array.shape)] > 1) if values.size else np.zeros(array.shape, np.bool_)


def labels(
    axes: str, *, classes: str, validated: bool = False, dtypes: Sequence[npt.DTypeLike] = INTEGERS
) -> Argument:
    """Integer class indices, for as many classes as the axis `classes` is long.

    With `validated`, the layer promises an error for a label that names no class, such as -1. Their dtype is one of
    `dtypes` that holds them: images come with labels of eight bits. A reference gets them in int64.
    """
    if not isinstance(classes, str):
        raise TypeError(f"classes is {classes!r}; expected an axis, such as 'C', or a number in quotes")
    if isinstance(dtypes, str) or not isinstance(dtypes, Sequence) or not dtypes:
        raise TypeError(f"dtypes is {dtypes!r}; expected a list of integer dtypes, such as ['int64']")
    kinds = tuple(np.dtype(each) for each in dtypes)
    if others := [str(each) for each in kinds if each.kind not in "iu"]:
        raise TypeError(f"labels have the dtypes {', '.join(others)}; expected those of integers, such as 'uint8'")
    return Argument(
        parse(axes),
        lambda shape, _, sizes: labels_of(shape, shape_of((classes,), sizes)[0], kinds),
        classes=classes,
        validated=validated,
    )


def one_hot(axes: str) -> Argument:
    """Rows with a single 1, over the last axis."""
    parsed = _rows("one_hot", axes)
    return Argument(parsed, lambda shape, dtype, _: one_hot_rows(shape, dtype), classes=parsed[-1])


def probabilities(axes: str) -> Argument:
    """Rows of numbers from 0 to 1 that sum to 1, over the last axis."""
    return Argument(_rows("probabilities", axes), lambda shape, dtype, _: probability_rows(shape, dtype))


def _rows(what: str, axes: str) -> tuple[str, ...]:
    parsed = parse(axes)
    if not parsed:
        raise ValueError(f"{what} got the axes {axes!r}; expected one at least, such as 'C', over which a row goes")
    return parsed


def flags(axes: str) -> Argument:
    """Booleans of which the reference alone says what they do, such as which numbers a dropout keeps."""
    return Argument(parse(axes), lambda shape, *_: booleans(shape))


def masks(axes: str, *, of: str, some: bool = False) -> Argument:
    """Booleans: True where an entry of the arguments named in `of` counts. Their leading axes are the mask's.

    With `some`, one at least is True, as a mean over what counts may need.
    """
    if not isinstance(of, str):
        raise TypeError(f"of is {of!r}; expected names in one text, such as 'x t'")
    return Argument(parse(axes), lambda shape, *_: booleans(shape, some), masks=tuple(of.split()))
