"""How bad failures are, in which order a page has them, and which may be allowed."""

import jax.numpy as jnp
import numpy as np
import pytest

from handgrad.testing import arrays, check_layer, reals
from handgrad.testing.severity import ALLOWABLE
from tests.planted.dtype import TanhInFloat64
from tests.planted.right import TANH


def check(layer, reference, inputs, **options):
    return check_layer(layer, reference, inputs, max_examples=40, raises=False, **options)


def variance(x):
    mean = x.mean(-1, keepdims=True)
    return (x * x).mean(-1) - mean[..., 0] ** 2, lambda dout: 2 / x.shape[-1] * (x - mean) * dout[..., None]


def variance_in_jax(x):
    return ((x - x.mean(-1, keepdims=True)) ** 2).mean(-1)


VARIANCE = arrays(x=reals("N D>1", 1000, 1010))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_digits_that_are_lost_are_inexact(dtype):
    report = check(variance, variance_in_jax, VARIANCE, dtypes=[dtype])
    assert {failure.severity for failure in report.failures} == {"inexact"}
    assert "Inexact, which is right but for digits that are lost:" in str(report)


def test_lost_digits_may_be_allowed():
    report = check_layer(variance, variance_in_jax, VARIANCE, max_examples=40, allow=["inexact"])
    assert "value" in report.failed
    assert not report.blamed
    assert str(report).startswith("variance agrees with its reference, but for what is allowed: value")
    assert "loses its digits" in str(report)


def test_another_function_is_not_allowed_with_lost_digits():
    def twice(x):
        out, pullback = variance(x)
        return 2 * out, pullback

    with pytest.raises(AssertionError, match="Wrong, as of another function"):
        check_layer(twice, variance_in_jax, VARIANCE, max_examples=40, allow=["inexact"])


def multiply(x, w):
    """Forget a factor, and lose the last digits of another."""
    return x * w, lambda dout: (dout * w * 2, dout * x * (1 + 1e-13))


def test_every_gradient_that_is_wrong_is_named_and_the_worst_first():
    report = check(multiply, lambda x, w: x * w, arrays(x="N", w="N"), dtypes=["float64"])
    assert report.diagnosis.startswith("backward: dx is 2 times what it should be; dw ")


def lost_below_100(x):
    """Lose digits of small numbers, and the sign of large ones."""
    slope = np.where(np.abs(x) < 100, 1 + 1e-13, -1).astype(x.dtype)
    return 1 * x, lambda dout: dout * slope


def test_what_has_lost_digits_in_one_example_and_is_wrong_in_another_is_wrong():
    report = check(lost_below_100, lambda x: 1 * x, arrays(x="N"), dtypes=["float64"])
    (failure,) = report.failures
    assert failure.severity == "wrong"
    assert np.abs(failure.trial.inputs["x"]).max() >= 100


def test_a_value_that_has_lost_digits_is_no_worse_for_a_wrong_gradient():
    def log(x):
        return np.log(1 + x), lambda dout: dout / (2 + x)

    report = check(log, lambda x: jnp.log1p(x), arrays(x=reals("N", 0, 10)), dtypes=["float64"])
    assert {failure.property.__name__: failure.severity for failure in report.failures} == {
        "value": "inexact",
        "gradient": "wrong",
    }
    assert report.diagnosis.startswith("backward: dx")


class TanhThatRemembersInFloat64:
    """Computes in float64, and hands out what it remembers."""

    def forward(self, x):
        self.y = np.asarray(np.tanh(x), np.float64)
        return self.y

    def backward(self, dout):
        return dout * (1 - self.y**2)


def test_manners_may_be_allowed_and_are_reported():
    report = check_layer(
        TanhThatRemembersInFloat64, jnp.tanh, arrays(x="N"), max_examples=40, allow=["dtype", "detached"]
    )
    assert report.failed == ["detached", "dtype"]
    assert "Against the contract, which changes no number here:\n\ndetached" in str(report)
    with pytest.raises(AssertionError, match="hands out the very array"):
        check_layer(TanhThatRemembersInFloat64, jnp.tanh, arrays(x="N"), max_examples=40, allow=["dtype"])


def test_what_is_wrong_comes_before_manners():
    class Twice(TanhInFloat64):
        def backward(self, dout):
            return 2 * super().backward(dout)

    report = check(Twice, TANH.reference, TANH.inputs, dtypes=["float32"])
    assert set(report.failed) >= {"gradient", "dtype"}
    page = str(report)
    assert page.index("Wrong, as of") < page.index("gradient (") < page.index("Against the") < page.index("dtype (")


@pytest.mark.parametrize(
    ("allow", "error", "says"),
    [
        (["dtypes"], ValueError, f"allow has 'dtypes'; expected some of {', '.join(ALLOWABLE)}"),
        (["gradient"], ValueError, "allow has 'gradient'; expected some of inexact, pure"),
        ("dtype", TypeError, r"allow is 'dtype'; expected a list, such as \['dtype'\]"),
        (3, TypeError, "allow is 3; expected a list"),
    ],
)
def test_what_cannot_be_allowed_is_an_error_that_lists_what_can(allow, error, says):
    with pytest.raises(error, match=says):
        check(*(TANH.layer, TANH.reference, TANH.inputs), allow=allow)
