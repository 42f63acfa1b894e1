"""The gradient checks that people use, by the names that the tables give them."""

from tests.baselines.against_jax import allclose, check_grads
from tests.baselines.numerical import autograd, book, chainer, complex_step, five_points, upstream_of_ones
from tests.baselines.problem import Check

FLOAT64, FLOAT32 = "float64", "float32"

CHECKS: dict[str, Check] = {
    "the book": book,
    "ones": upstream_of_ones,
    "Chainer": chainer,
    "autograd": autograd,
    "five points": five_points,
    "complex step": complex_step,
    "check_grads f32": check_grads,
    "check_grads f64": check_grads,
    "allclose": allclose,
}
# check_grads depends on the dtype so much that each is a check of its own; all others are shown both dtypes
DTYPES = {"check_grads f32": (FLOAT32,), "check_grads f64": (FLOAT64,)}


def dtypes_of(name: str) -> tuple[str, ...]:
    return DTYPES.get(name, (FLOAT64, FLOAT32))
