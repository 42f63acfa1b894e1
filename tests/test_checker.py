import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handgrad.testing import arrays, check_layer

ANY = arrays(x="...")


class Tanh:
    def forward(self, x):
        self.y = np.array(np.tanh(x))
        return self.y.copy()

    def slope(self):
        return 1 - self.y**2

    def backward(self, dout):
        return np.array(dout * self.slope())


class IgnoresDout(Tanh):
    def backward(self, dout):
        return np.array(self.slope())


class TakesTheSizeOfDout(Tanh):
    def backward(self, dout):
        return np.array(np.abs(dout) * self.slope())


class Accumulates(Tanh):
    total = 0

    def backward(self, dout):
        self.total = self.total + dout * self.slope()
        return np.array(self.total)


class LeaksFloat64(Tanh):
    def backward(self, dout):
        return np.array(dout * self.slope().astype(np.float64))


class SlightlyOff(Tanh):
    def backward(self, dout):
        return np.array(dout * self.slope() * dout.dtype.type(1 + 1e-12))


class AddsAConstant(Tanh):
    def backward(self, dout):
        return np.array(dout * self.slope() + dout.dtype.type(1e-3))


class Transposes(Tanh):
    def backward(self, dout):
        return np.array((dout * self.slope()).T)


class GivesNoGradient(Tanh):
    def backward(self, dout):
        return None


class WrongWhereTheInputIsEmpty(Tanh):
    def backward(self, dout):
        return np.array(dout * self.slope()) if dout.size else np.zeros(1, dout.dtype)


class Softmax:
    def forward(self, x):
        exps = np.exp(x - x.max(axis=-1, keepdims=True, initial=-np.inf))
        self.y = exps / exps.sum(axis=-1, keepdims=True)
        return self.y.copy()

    def backward(self, dout):
        return self.y * (dout - (dout * self.y).sum(axis=-1, keepdims=True))


@pytest.mark.parametrize(
    ("layer", "reference", "inputs"),
    [(Tanh, jnp.tanh, ANY), (Softmax, jax.nn.softmax, arrays(x="... C"))],
    ids=["tanh", "softmax"],
)
def test_a_right_layer_of_somebody_else_passes(layer, reference, inputs):
    report = check_layer(layer, reference, inputs)
    assert all(found.examples >= 100 for found in report.found)
    assert not report.failures


@pytest.mark.parametrize(
    ("layer", "dtype", "complaint"),
    [
        (IgnoresDout, "float64", "gradient"),
        (TakesTheSizeOfDout, "float64", "gradient"),
        (Accumulates, "float64", "repeatable"),
        (LeaksFloat64, "float32", "dtype"),
        (SlightlyOff, "float64", "gradient"),
        (AddsAConstant, "float64", "zero"),
        (Transposes, "float64", "shape"),
        (GivesNoGradient, "float64", "runs"),
        (WrongWhereTheInputIsEmpty, "float64", "shape"),
    ],
)
def test_a_wrong_layer_is_caught(layer, dtype, complaint):
    report = check_layer(layer, jnp.tanh, ANY, dtypes=[dtype], raises=False)
    assert complaint in report.failed


class HasNoBackward:
    def forward(self, x):
        return x


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            (Tanh, lambda z: jnp.tanh(z), ANY),
            TypeError,
            "the reference does not take x, which the inputs name: it takes z",
        ),
        ((Tanh, lambda x: (x, x), ANY), TypeError, "the reference returned tuple; expected one array"),
        ((Tanh, lambda x, q: x + q, arrays(x="N", q="N")), AssertionError, "the inputs name q, which neither Tanh"),
        ((HasNoBackward, jnp.tanh, ANY), AssertionError, "which has no backward"),
        ((Tanh, jnp.tanh, {"x": "N"}), TypeError, "inputs is a dict; expected what arrays"),
    ],
    ids=["names", "tuple", "unknown", "backward", "dict"],
)
def test_a_use_that_is_wrong_is_an_error_that_says_so(arguments, error, message):
    with pytest.raises(error, match=message):
        check_layer(*arguments, dtypes=["float64"])


@pytest.mark.parametrize("options", [{"dtypes": []}, {"max_examples": 0}])
def test_a_check_that_would_prove_nothing_is_refused(options):
    with pytest.raises(Exception, match=r"dtypes is empty|max_examples is 0"):
        check_layer(Tanh, jnp.tanh, ANY, **options)
