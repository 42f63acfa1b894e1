"""Which axes an option names: counted from the first, or an error that says which there are."""

from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from handgrad.checks import Shape

Axes = int | tuple[int, ...] | None


def as_axes(where: str, axis: Axes, shape: Shape) -> tuple[int, ...]:
    """Give axes of x, which has this shape, counted from the first. None is all of them.

    Raises
    ------
    ValueError, TypeError
        If x has no such axis, or one is named twice, or is not a whole number.
    """
    try:
        return normalize_axis_tuple(range(len(shape)) if axis is None else axis, len(shape))
    except (ValueError, TypeError) as error:
        raise _no_axis(where, axis, shape, "different ones", error) from None


def as_axis(where: str, axis: int, shape: Shape, because: str = "") -> int:
    """Give one axis of x, counted from the first. Raises as `as_axes` does."""
    try:
        return normalize_axis_index(axis, len(shape))
    except (ValueError, TypeError) as error:
        raise _no_axis(where, axis, shape, "one", error, because) from None


def _no_axis(where: str, axis: Axes, shape: Shape, which: str, error: Exception, because: str = "") -> Exception:
    expected = f"{which} from {-len(shape)} to {len(shape) - 1}" if shape else "no axis at all"
    kind = TypeError if isinstance(error, TypeError) else ValueError
    return kind(f"{where}: axis is {axis}; expected {expected}, because {because or f'x.shape is {shape}'}")
