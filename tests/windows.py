"""Windows by their definition, tap by tap: what layers that slide windows over space have to agree with."""

from itertools import product
from typing import NamedTuple

import hypothesis.strategies as st
import numpy as np


class Placement(NamedTuple):
    """How windows stand along one axis of space."""

    length: int
    size: int
    stride: int
    dilation: int
    pad: tuple[int, int]

    @property
    def span(self):
        return (self.size - 1) * self.dilation + 1

    @property
    def windows(self):
        return (self.length + sum(self.pad) - self.span) // self.stride + 1


@st.composite
def placements(draw):
    """Draw one that has room for a window."""
    size, dilation = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    pad = draw(st.integers(0, 2)), draw(st.integers(0, 2))
    least = max(0, (size - 1) * dilation + 1 - sum(pad))
    return Placement(draw(st.integers(least, least + 4)), size, draw(st.integers(1, 3)), dilation, pad)


def options(axes):
    """Give what a layer's constructor takes."""
    return {
        "stride": tuple(axis.stride for axis in axes),
        "pad": tuple(axis.pad for axis in axes),
        "dilation": tuple(axis.dilation for axis in axes),
    }


def sightings(axes):
    """Go through places and taps, and give those that see an entry, with the entry."""
    for place in product(*(range(axis.windows) for axis in axes)):
        for tap in product(*(range(axis.size) for axis in axes)):
            entry = tuple(
                p * axis.stride + k * axis.dilation - axis.pad[0] for p, k, axis in zip(place, tap, axes, strict=True)
            )
            if all(0 <= i < axis.length for i, axis in zip(entry, axes, strict=True)):
                yield place, tap, entry


def whole(seed, *shape):
    """Make whole numbers, whose sums and products are exact."""
    return np.random.default_rng(seed).integers(-9, 10, shape).astype(np.float64)
