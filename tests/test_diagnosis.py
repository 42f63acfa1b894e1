"""What a diagnosis says, and what it must not say; the planted bugs have one each."""

import re
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handgrad.testing import arrays, check_layer, flags, masks, reals

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


def attention_in_float32(q, k, v):
    narrow = [each.astype(np.float32) for each in (q, k, v)]
    scores = narrow[0] @ narrow[1].swapaxes(-1, -2)
    exps = np.exp(scores - scores.max(-1, keepdims=True))
    p = exps / exps.sum(-1, keepdims=True)

    def pullback(dout):
        dp = dout.astype(np.float32) @ narrow[2].swapaxes(-1, -2)
        dscores = p * (dp - (dp * p).sum(-1, keepdims=True))
        grads = (
            dscores @ narrow[1],
            dscores.swapaxes(-1, -2) @ narrow[0],
            p.swapaxes(-1, -2) @ dout.astype(np.float32),
        )
        return tuple(grad.astype(q.dtype) for grad in grads)

    return (p @ narrow[2]).astype(q.dtype), pullback


class NarrowCache:
    """Remembers x in float32."""

    def __init__(self, W):
        self.W = W

    def forward(self, x):
        self.x = x.astype(np.float32)
        return x @ self.W

    def backward(self, dout):
        self.dW = (self.x.T @ dout).astype(dout.dtype)
        return dout @ self.W.T


def sigmoid_of_clipped(x):
    y = 1 / (1 + np.exp(-np.clip(x, -20, 20)))
    return y.copy(), lambda dout: dout * y * (1 - y)


def swish_of_clipped(x):
    y = 1 / (1 + np.exp(-np.clip(x, -20, 20)))
    return x * y, lambda dout: dout * (y + x * y * (1 - y))


def log_of_a_little_more(x):
    return np.log(x + 1e-7), lambda dout: dout / (x + 1e-7)


def product_with_rows(a, b):
    return a @ b, lambda dout: (dout @ b.swapaxes(-1, -2), a.swapaxes(-1, -2) @ dout)


def normalised_by_constants(x):
    s = 1 / np.sqrt(((x - x.mean(0)) ** 2).mean(0) + 1e-5)
    return (x - x.mean(0)) * s, lambda dout: dout * s


def normalised(x):
    d = x - x.mean(0)
    return d / jnp.sqrt((d**2).mean(0) + 1e-5)


def softmax_by_its_diagonal(x):
    exps = np.exp(x - x.max(-1, keepdims=True))
    y = exps / exps.sum(-1, keepdims=True)
    return y.copy(), lambda dout: dout * y * (1 - y)


def sorted_with_ties_reversed(x):
    order = np.argsort(-x, axis=-1, kind="stable")[..., ::-1]

    def pullback(dout):
        dx = np.zeros_like(dout)
        np.put_along_axis(dx, order, dout, -1)
        return dx

    return np.sort(x, axis=-1), pullback


@pytest.mark.parametrize(
    ("layer", "reference", "inputs", "said"),
    [
        (
            attention_in_float32,
            lambda q, k, v: jax.nn.softmax(q @ k.swapaxes(-1, -2)) @ v,
            arrays(q="T>0 D>0", k="S>0 D>0", v="S>0 E>0"),
            "is computed in float32 on the way",
        ),
        (NarrowCache, lambda x, W: x @ W, arrays(x="N D", W="D M"), "dW is computed in float32 on the way"),
        (sigmoid_of_clipped, jax.nn.sigmoid, arrays(x="N D"), r"x clipped to \[-20, 20\]"),
        (swish_of_clipped, jax.nn.silu, arrays(x="N D"), "where a number is beyond ±20"),
        (log_of_a_little_more, jnp.log, arrays(x=reals("N", 1e-3, 1)), r"x \+ 1e-07"),
        (product_with_rows, lambda a, b: a @ b, arrays(a="B N D", b="1 D M"), "db is not summed over the axes"),
        (
            normalised_by_constants,
            normalised,
            arrays(x="N>0 D"),
            "each sum of the reference held constant",
        ),
        (softmax_by_its_diagonal, jax.nn.softmax, arrays(x="N D>0"), "the diagonal alone of a softmax's Jacobian"),
        (
            sorted_with_ties_reversed,
            lambda x: jnp.sort(x),
            arrays(x=reals("N D", ties=True)),
            "wrong at a declared kink or tie",
        ),
    ],
)
def test_a_fault_of_a_well_known_kind_is_named(layer, reference, inputs, said):
    report = check_layer(layer, reference, inputs, dtypes=["float64"], max_examples=40, raises=False)
    assert re.search(said, report.diagnosis)


def test_what_is_as_wrong_in_a_wider_dtype_is_no_cancellation():
    report = check(swish_of_clipped, jax.nn.silu, arrays(x="N D"), dtypes=["float32"])
    assert "digits" not in str(report)
