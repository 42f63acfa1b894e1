"""The battery: what must hold for every layer at every input. One function each; its docstring is its meaning.

A property returns None where it holds, raises a Complaint where it does not, and returns the reason where it has
nothing to say about an example.
"""

from collections.abc import Callable

from handgrad.testing.properties.contract import dtype, quiet, runs, shape
from handgrad.testing.properties.layout import layouts
from handgrad.testing.properties.memory import detached, pure, read_only, unshared
from handgrad.testing.properties.numbers import confined, defined, gradient, kinks, value, zero
from handgrad.testing.properties.state import deterministic, repeatable, separate, stateless
from handgrad.testing.properties.targets import masked, refuses
from handgrad.testing.trial import Trial

Property = Callable[[Trial], str | None]

# in the order in which a fault is looked for: what may be the cause of other failures comes before them
BATTERY: tuple[Property, ...] = (
    runs,
    deterministic,
    pure,
    shape,
    value,
    gradient,
    kinks,
    repeatable,
    stateless,
    separate,
    zero,
    detached,
    unshared,
    read_only,
    layouts,
    masked,
    confined,
    defined,
    dtype,
    refuses,
    quiet,
)
