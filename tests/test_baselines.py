import jax
import numpy as np
import pytest

from handgrad.testing.subject import Subject
from tests.baselines import CHECKS, Problem, complains
from tests.planted.formula import AffineWithoutBias
from tests.planted.right import Affine


def problem(layer):
    random = np.random.default_rng(0)
    shapes = {"x": (3, 4), "W": (4, 2), "b": (2,)}
    inputs = {name: random.standard_normal(shape) for name, shape in shapes.items()}
    return Problem(Subject(layer, list(inputs)), lambda x, W, b: x @ W + b, inputs)


@pytest.fixture(autouse=True)
def without_x64():
    with jax.enable_x64(False):  # as in a process of its own
        yield


@pytest.mark.parametrize("name", CHECKS)
def test_a_right_layer_passes(name):
    assert not complains(CHECKS[name], problem(Affine))


@pytest.mark.parametrize("name", CHECKS)
def test_a_grossly_wrong_layer_does_not(name):
    assert complains(CHECKS[name], problem(AffineWithoutBias))


class RealAffineWithoutBias(AffineWithoutBias):
    def forward(self, x):
        if np.iscomplexobj(x) or np.iscomplexobj(self.W) or np.iscomplexobj(self.b):
            raise TypeError("only real numbers")
        return super().forward(x)


def test_a_complex_step_that_cannot_run_catches_nothing():
    assert not complains(CHECKS["complex step"], problem(RealAffineWithoutBias))
    assert complains(CHECKS["five points"], problem(RealAffineWithoutBias))
