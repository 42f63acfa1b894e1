"""All planted bugs, by the kind of mistake, and the right layers of which they are changes."""

from tests.planted import (
    dtype,
    formula,
    kink,
    layout,
    mask,
    nonlinear,
    rare,
    recurrent,
    right,
    scale,
    several,
    shape,
    small,
    state,
    unstable,
    windows,
)
from tests.planted.bug import Bug

KINDS: dict[str, tuple[Bug, ...]] = {
    "formula": (*formula.BUGS, *windows.FORMULA),
    "scale": (*scale.BUGS, *windows.SCALE),
    "shape": (*shape.BUGS, *windows.SHAPE),
    "small error": small.BUGS,
    "non-linear in dout": nonlinear.BUGS,
    "dtype": dtype.BUGS,
    "state": state.BUGS,
    "layout": layout.BUGS,
    "mask": mask.BUGS,
    "kink": (*kink.BUGS, *windows.KINK),
    "rare input": (*rare.BUGS, *windows.RARE),
    "unstable": unstable.BUGS,
    "several outputs": (*several.BUGS, *recurrent.BUGS),
}
BUGS = tuple(bug for bugs in KINDS.values() for bug in bugs)
RIGHT = (*right.RIGHT, *windows.RIGHT, *several.RIGHT, *recurrent.RIGHT)
