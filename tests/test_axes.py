"""Axes as they are described: lengths that are computed of others, and bounds."""

import jax.numpy as jnp
import numpy as np
import pytest

from handgrad.testing import arrays, check_layer, labels
from handgrad.testing.inputs.axes import parse, shape_of
from handgrad.testing.inputs.inputs import LARGEST
from handgrad.testing.inputs.shapes import pool
from tests.planted.right import AFFINE, Affine

SIZES = {"...": (2, 3), "N": (5,), "K": (4,), "in": (6,)}


@pytest.mark.parametrize(
    ("axes", "shape"),
    [
        ("N 1", (5, 1)),
        ("... 4*K in", (2, 3, 16, 6)),
        ("2*(N-1)+K N-K N*K-1", (12, 1, 19)),
        ("N>0 N>=K N+1>=K+1 N>3", (5, 5, 6, 5)),
        ("2*3", (6,)),
        ("K-N", (-1,)),
    ],
)
def test_lengths_are_looked_up_or_computed(axes, shape):
    assert shape_of(parse(axes), SIZES) == shape


REFUSED = "N/2 N** N**2 -N 4* (N f(N) N.x N>0>1 N> >0 2>0 True+1 0.5*N N,M N;M ...D ...+1 ...>0".split()


@pytest.mark.parametrize("axes", [*REFUSED, "... ..."])
def test_what_is_no_description_is_refused(axes):
    with pytest.raises(ValueError, match="axes"):
        arrays(x=axes)


def sizes_of(axes):
    return [{name: lengths[0] for name, lengths in sizes.items()} for sizes in pool(parse(axes))]


def test_lengths_are_only_such_that_none_is_negative():
    sizes = sizes_of("N K N-K+1")
    assert {each["N"] + 1 == each["K"] for each in sizes} == {True, False}
    assert all(each["N"] + 1 >= each["K"] for each in sizes)


def test_where_an_axis_is_too_short_it_takes_the_length_of_another():
    assert [each for each in sizes_of("T>=K K") if 0 not in each.values()] == [
        {"T": 1, "K": 1},
        {"T": 4, "K": 3},
        {"T": 3, "K": 3},
        {"T": 2, "K": 2},
        {"T": 17, "K": 10},
        {"T": 3, "K": 1},
    ]
    assert {"T": 3, "K": 0} in sizes_of("T>=K K")


def test_names_that_only_computed_lengths_have_are_drawn_too():
    assert all(each.keys() == {"D", "S", "H", "K"} for each in sizes_of("D S*(H-1)+K>=K"))


def test_products_make_no_array_that_is_too_large():
    inputs = arrays(x="N A*B C*D")
    assert max(np.prod(shape) for shape in inputs.shapes()) <= LARGEST
    assert any(17 in shape for shape in inputs.shapes()) == (LARGEST >= 17 * 130 * 110)
    assert any(17 in shape for shape in arrays(x="N 4*D").shapes())


def test_labels_may_have_a_computed_number_of_classes():
    inputs = arrays(t=labels("N>0", classes="2*C"), x="C>0")
    drawn = [inputs.of_sizes(sizes, np.dtype(np.float64)).typical()["t"] for sizes in inputs.pool()]
    assert all(np.all(each < 2 * sizes["C"][0]) for each, sizes in zip(drawn, inputs.pool(), strict=True))
    with pytest.raises(ValueError, match="as many classes as 2\\*M is long, which is no"):
        arrays(t=labels("N", classes="2*M"))


def windows(x, k):
    """Slide a window of len(k) numbers over each row, two places at a time."""
    steps = (x.shape[1] - len(k)) // 2 + 1
    return np.stack([x[:, 2 * i : 2 * i + len(k)] for i in range(steps)], axis=1)


class Convolution:
    def forward(self, x, k):
        self.x, self.k = x, k
        return windows(x, k) @ k

    def backward(self, dout):
        dx = np.zeros_like(self.x)
        for i in range(dout.shape[1]):
            dx[:, self.start(i) : self.start(i) + len(self.k)] += dout[:, i : i + 1] * self.k
        return dx, np.einsum("nt,ntk->k", dout, windows(self.x, self.k))

    def start(self, i):
        return 2 * i


class ConvolutionOfStride1(Convolution):
    def start(self, i):
        return i


def convolution(x, k):
    starts = 2 * jnp.arange((x.shape[1] - len(k)) // 2 + 1)
    return x[:, starts[:, None] + jnp.arange(len(k))] @ k


@pytest.mark.parametrize("x", ["N 2*(T-1)+K>=K", "N T>=K"])
def test_a_convolution_is_described_by_its_output_or_by_a_bound(x):
    inputs = arrays(x=x, k="K>0")
    check_layer(Convolution, convolution, inputs, max_examples=20)
    report = check_layer(ConvolutionOfStride1, convolution, inputs, max_examples=20, raises=False)
    assert report.failed == ["gradient"]


def test_a_computed_length_is_of_no_batch():
    inputs = arrays(x="N D", y="2*N D")

    class Doubled:
        def forward(self, x, y):
            return np.concatenate([x, x]) + y

        def backward(self, dout):
            return dout[: len(dout) // 2] + dout[len(dout) // 2 :], dout.copy()

    check_layer(Doubled, lambda x, y: jnp.concatenate([x, x]) + y, inputs, max_examples=20)


def test_an_affine_map_may_compute_its_width():
    inputs = arrays(x="N D", W="D 4*H", b="4*H")
    report = check_layer(Affine, AFFINE.reference, inputs, max_examples=20)
    assert {shapes[1][1] % 4 for found in report.found for shapes in found.shapes} == {0}
