"""The cases of the convolutions."""

from typing import Any

import hypothesis.strategies as st

import handgrad
from handgrad.testing import arrays
from reference import convolution
from reference.cases.case import Case

# each combination is compiled anew at every shape, so all options are in one that is not alike along any axis
OPTIONS: dict[str, Any] = {
    "stride": st.just((2, 1)),
    "pad": st.just(((0, 1), 1)),
    "dilation": st.just((1, 2)),
    "groups": st.just(2),
}

CASES = (
    Case(
        handgrad.Convolution,
        convolution.convolution,
        arrays(x="... C 4", W="M C 3", b="M", pad=st.just("same")),
    ),
    Case(
        handgrad.Convolution,
        convolution.convolution,
        arrays(x="N 4 5 4", W="6 2 2 3", b="6", **OPTIONS),
        "2-d",
    ),
    Case(
        handgrad.ConvolutionTranspose,
        convolution.convolution_transpose,
        arrays(x="... C 3", W="C M 3", b="M", stride=st.just(2), pad=st.just(1), out_pad=st.just(1)),
    ),
    Case(
        handgrad.ConvolutionTranspose,
        convolution.convolution_transpose,
        arrays(x="N 4 3 2", W="4 3 2 3", b="6", **OPTIONS),
        "2-d",
    ),
)
