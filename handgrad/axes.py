"""Which axes an option names: counted from the first, or an error that says which there are."""

from numpy.lib.array_utils import normalize_axis_tuple

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
        expected = f"different ones from {-len(shape)} to {len(shape) - 1}" if shape else "no axis at all"
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{where}: axis is {axis}; expected {expected}, because x.shape is {shape}") from None
