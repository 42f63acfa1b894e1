"""The cases of the affine map."""

import handgrad
from handgrad.testing import arrays
from reference import affine
from reference.cases.case import Case

CASES = (Case(handgrad.Affine, affine.affine, arrays(x="... D", W="D M", b="M")),)
