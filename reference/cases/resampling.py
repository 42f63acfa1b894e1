"""The cases of upsampling."""

import hypothesis.strategies as st

import handgrad
from handgrad.testing import arrays
from reference import resampling
from reference.cases.case import Case

CASES = (Case(handgrad.Upsample, resampling.upsample, arrays(x="... H W", factors=st.just((2, 3)))),)
