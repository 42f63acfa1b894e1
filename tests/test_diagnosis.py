"""What a diagnosis says, and what it must not say; the planted bugs have one each."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handgrad.testing import arrays, check_layer, flags, masks

check = partial(check_layer, max_examples=20, raises=False)


def test_a_boolean_is_true_or_false_where_a_gradient_is_wrong():
    def doubled_where_kept(x, kept):
        return x.copy(), lambda dout: np.where(kept, dout + x, dout)

    report = check(doubled_where_kept, lambda x, kept: x, arrays(x="4", kept=flags("4")))
    assert "where kept is True" in report.diagnosis


def test_a_mask_that_is_multiplied_by_is_not_said_to_matter_only_where_something_is_masked():
    def sum_by_product(x, mask):
        return (x * mask).sum(-1).astype(x.dtype), lambda dout: (dout[:, None] * mask).astype(x.dtype)

    inputs = arrays(x="2 3", mask=masks("2 3", of="x"))
    report = check(sum_by_product, lambda x, mask: jnp.where(mask, x, 0.0).sum(-1), inputs)
    assert report.failed == ["masked"]
    assert "something is masked" not in report.diagnosis


def test_a_sign_is_named_before_another_gradient():
    def minus(a, b):
        return a - b, lambda dout: (dout.copy(), dout.copy())

    report = check(minus, lambda a, b: a - b, arrays(a="3", b="3"))
    assert report.diagnosis == "backward: db is -1 times what it should be"


def rms(x, eps):
    size = np.sqrt((x * x).mean(-1, keepdims=True)) + eps
    safe = np.maximum(size - eps, 1e-300)

    def pullback(dout):
        return dout / size - x * (dout * x).sum(-1, keepdims=True) / (x.shape[-1] * size**2 * safe)

    return x / size, pullback


def softmax_that_overflows(x):
    y = np.exp(x) / np.exp(x).sum(-1, keepdims=True)
    return y.copy(), lambda dout: y * (dout - (dout * y).sum(-1, keepdims=True))


def rms_twice(x, eps):
    out, pullback = rms(x, eps)
    return out, lambda dout: 2 * pullback(dout)


@pytest.mark.parametrize(
    ("layer", "reference", "said"),
    [
        (partial(rms, eps=1e-3), lambda x: x / jnp.sqrt((x * x).mean(-1, keepdims=True) + 1e-3), "is the derivative"),
        (
            partial(rms_twice, eps=1e-3),
            lambda x: x / jnp.sqrt((x * x).mean(-1, keepdims=True) + 1e-3),
            "is not even the derivative",
        ),
        (softmax_that_overflows, jax.nn.softmax, None),
    ],
    ids=["own", "not even", "overflows"],
)
def test_backward_is_judged_by_its_own_forward_where_that_can_be_told(layer, reference, said):
    report = check(layer, reference, arrays(x="2 3"), dtypes=["float64"])
    assert report.diagnosis.startswith("forward is at fault")
    assert f"backward {said}" in report.diagnosis if said else "backward" not in report.diagnosis
