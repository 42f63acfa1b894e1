"""What normalisations are given beside x: gamma, which stretches, beta, which shifts, and eps."""

import numpy.typing as npt

from handgrad.checks import Array, floating, number, shape_error
from handgrad.numerics import FLOAT32


def as_params(where: str, gamma: npt.ArrayLike, **others: npt.ArrayLike) -> tuple[Array, ...]:
    """Give gamma, and whatever goes with it, as floating arrays of a single axis and of one length.

    Raises
    ------
    ValueError, TypeError
        If one has another shape, or is not made of real numbers. The message names it.
    """
    gamma = floating(where, "gamma", gamma)
    if gamma.ndim != 1:
        raise shape_error(where, "gamma", gamma.shape, "(D,)", "it has a number for each that it stretches")
    arrays = [gamma]
    for name, other in others.items():
        array = floating(where, name, other)
        if array.shape != gamma.shape:
            raise shape_error(where, name, array.shape, gamma.shape, f"gamma.shape is {gamma.shape}")
        arrays.append(array)
    return tuple(arrays)


def as_eps(where: str, eps: npt.ArrayLike) -> float:
    """Give eps as a number that keeps equal numbers from being divided by 0, also in float32.

    Raises
    ------
    ValueError, TypeError
        If it does not, or is not a number.
    """
    eps = number(where, "eps", eps)
    if not FLOAT32.tiny <= eps <= FLOAT32.max:
        because = "equal numbers are divided by its root, also in float32"
        raise ValueError(f"{where}: eps is {eps}; expected {FLOAT32.tiny:.1e} or more, because {because}")
    return eps
