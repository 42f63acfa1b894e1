"""All planted bugs, by the kind of mistake, and the right layers of which they are changes."""

from tests.planted import (
    dtype,
    formula,
    kink,
    layout,
    mask,
    nonlinear,
    rare,
    right,
    scale,
    several,
    shape,
    small,
    state,
    unstable,
)
from tests.planted.bug import Bug

KINDS: dict[str, tuple[Bug, ...]] = {
    "formula": formula.BUGS,
    "scale": scale.BUGS,
    "shape": shape.BUGS,
    "small error": small.BUGS,
    "non-linear in dout": nonlinear.BUGS,
    "dtype": dtype.BUGS,
    "state": state.BUGS,
    "layout": layout.BUGS,
    "mask": mask.BUGS,
    "kink": kink.BUGS,
    "rare input": rare.BUGS,
    "unstable": unstable.BUGS,
    "several outputs": several.BUGS,
}
BUGS = tuple(bug for bugs in KINDS.values() for bug in bugs)
RIGHT = (*right.RIGHT, *several.RIGHT)
