"""Right layers that are easily blamed: for underflow, for cancellation, for a NaN that the reference drops."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

import handgrad
from handgrad.testing import arrays, check_layer, labels, masks, reals
from handgrad.testing.oracle.decisions import decides
from tests.planted.costly import COSTLY


def attention(q, k, v):
    scores = q @ k.swapaxes(-1, -2)
    exps = np.exp(scores - scores.max(-1, keepdims=True))
    p = exps / exps.sum(-1, keepdims=True)

    def pullback(dout):
        dp = dout @ v.swapaxes(-1, -2)
        dscores = p * (dp - (dp * p).sum(-1, keepdims=True))
        return dscores @ k, dscores.swapaxes(-1, -2) @ q, p.swapaxes(-1, -2) @ dout

    return p @ v, pullback


def exp_times(x, v):
    return np.exp(x) * v, lambda dout: (dout * v * np.exp(x), dout * np.exp(x))


def deviation(x):
    centred = x - x.mean(-1, keepdims=True)
    std = np.sqrt((centred**2).mean(-1) + 1e-5)

    def pullback(dout):
        return (dout / std)[..., None] * (centred - centred.mean(-1, keepdims=True)) / x.shape[-1]

    return std.copy(), pullback


def pool(x):
    rows, height, width = x.shape
    windows = x.reshape(rows, height // 2, 2, width // 2, 2).swapaxes(2, 3).reshape(rows, height // 2, width // 2, 4)
    largest = windows.argmax(-1)[..., None]

    def pullback(dout):
        grad = np.zeros(windows.shape, dout.dtype)
        np.put_along_axis(grad, largest, dout[..., None], -1)
        return grad.reshape(rows, height // 2, width // 2, 2, 2).swapaxes(2, 3).reshape(x.shape)

    return windows.max(-1), pullback


def perceptron(x, W, V):
    hidden = np.maximum(x @ W, 0)

    def pullback(dout):
        dhidden = np.where(hidden > 0, dout @ V.T, 0)
        return dhidden @ W.T, x.T @ dhidden, hidden.T @ dout

    return hidden @ V, pullback


def ranged(x):
    low, high = x.min(-1, keepdims=True), x.max(-1, keepdims=True)
    lowest, highest = ((x == each) / (x == each).sum(-1, keepdims=True) for each in (low, high))
    span = high - low + 1
    y = (x - low) / span

    def pullback(dout):
        through_span = (dout * y).sum(-1, keepdims=True) / span
        dx = dout / span - dout.sum(-1, keepdims=True) / span * lowest - through_span * (highest - lowest)
        return dx.astype(x.dtype)

    return y.copy(), pullback


class ReluThenAffine:
    def __init__(self, W, b):
        self.relu, self.affine = handgrad.Relu(), handgrad.Affine(W, b)

    def forward(self, x):
        return self.affine.forward(self.relu.forward(x))

    def backward(self, dout):
        dx = self.relu.backward(self.affine.backward(dout))
        self.dW, self.db = self.affine.dW, self.affine.db
        return dx


def log_gamma(x):
    exact = [mpmath.loggamma(float(each)) for each in x.flat], [mpmath.digamma(float(each)) for each in x.flat]
    value, slope = (np.array(each, np.float64).reshape(x.shape).astype(x.dtype) for each in exact)
    return value, lambda dout: dout * slope


def row_sum_where_it_counts(x, t, mask):
    counting = np.asarray(t)[mask]
    if ((counting < 0) | (counting >= x.shape[-1])).any():
        raise ValueError("a label names no class")
    return np.where(mask, x.sum(-1), 0), lambda dout: np.where(mask, dout, 0)[:, None] * np.ones_like(x)


@pytest.mark.parametrize(
    ("layer", "reference", "inputs"),
    [
        (
            attention,
            lambda q, k, v: jax.nn.softmax(q @ k.swapaxes(-1, -2), -1) @ v,
            arrays(q="B I D>0", k="B J>0 D>0", v="B J>0 M"),
        ),
        (exp_times, lambda x, v: jnp.exp(x) * v, arrays(x=reals("N", -745, -690), v="N")),
        (deviation, lambda x: jnp.sqrt((x * x).mean(-1) - x.mean(-1) ** 2 + 1e-5), arrays(x="N D>0")),
        (
            pool,
            lambda x: jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2), (1, 2, 2), "VALID"),
            arrays(x="N 4 6"),
        ),
        (perceptron, lambda x, W, V: jnp.where(x @ W > 0, x @ W, 0) @ V, arrays(x="N D", W="D H", V="H M")),
        (
            ReluThenAffine,
            lambda x, W, b: jax.nn.relu(x) @ W + b,
            arrays(x=reals("N D", kinks=[0]), W="D M", b="M"),
        ),
        (
            ranged,
            lambda x: (x - x.min(-1, keepdims=True)) / (x.max(-1, keepdims=True) - x.min(-1, keepdims=True) + 1),
            arrays(x=reals("N 3", ties=True)),
        ),
        (log_gamma, jax.scipy.special.gammaln, arrays(x=reals("3", 0.5, 5))),
        (
            row_sum_where_it_counts,
            lambda x, t, mask: jnp.where(mask, x.sum(-1), 0),
            arrays(x="4 V", t=labels("4 3", classes="V", validated=True), mask=masks("4", of="x t")),
        ),
    ],
    ids="attention underflow deviation pool perceptron kinks ties gamma mask".split(),
)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_right_layer_is_not_blamed(layer, reference, inputs, seed):
    check_layer(layer, reference, inputs, seed=seed, max_examples=40)


@pytest.mark.parametrize("right", COSTLY, ids=lambda right: right.name)
def test_a_costly_right_layer_is_not_blamed(right):
    check_layer(right.layer, right.reference, right.inputs, max_examples=40)


def product_a_little_off(x, w):
    off = 12 * np.finfo(x.dtype).eps * (1 if x.flags.c_contiguous else -1)
    return (x * w * (1 + off)).astype(x.dtype), lambda dout: (dout * w, dout * x)


def test_results_of_another_layout_are_judged_by_the_truth():
    check_layer(product_a_little_off, lambda x, w: x * w, arrays(x="2 3", w="2 3"), max_examples=40)


def relu(x):
    return np.maximum(x, 0), lambda dout: dout * (x > 0)


def distance(y, t):
    sign = np.sign(y - t)
    return np.abs(y - t).sum(-1), lambda dout: (dout[:, None] * sign, -dout[:, None] * sign)


@pytest.mark.usefixtures("as_found")
@pytest.mark.parametrize(
    ("layer", "reference", "inputs"),
    [
        (relu, lambda x: jnp.maximum(x, 0), arrays(x="N")),
        (distance, lambda y, t: jnp.abs(y - t).sum(-1), arrays(y="N D", t="N D")),
    ],
)
def test_another_convention_at_a_jump_is_called_one(layer, reference, inputs):
    report = check_layer(layer, reference, inputs, max_examples=40, raises=False)
    assert report.failed == ["gradient"]
    assert "another convention" in report.diagnosis


def test_a_gradient_that_is_wrong_at_zeros_alone_is_no_convention():
    def three(x):
        return 3 * x, lambda dout: 3 * dout * (x != 0)

    report = check_layer(three, lambda x: 3 * x, arrays(x="N"), max_examples=40, raises=False)
    assert report.failed == ["gradient"]
    assert "convention" not in report.diagnosis


def test_a_layer_that_writes_into_a_copy_of_its_dout_is_given_arrays_also_without_axes():
    class Relu:
        def forward(self, x):
            self.mask = x <= 0
            return np.where(self.mask, np.zeros_like(x), x)

        def backward(self, dout):
            dx = dout.copy()
            dx[self.mask] = 0
            return dx

    check_layer(Relu, jax.nn.relu, arrays(x="..."), max_examples=20)


class ThereAndBack:
    """Multiplies and divides by the same number: right, as long as the product does not overflow on the way."""

    error = 0.0

    def forward(self, x, y):
        self.y = y
        with np.errstate(all="ignore"):
            return x * y / y

    def backward(self, dout):
        with np.errstate(all="ignore"):
            return dout / self.y * self.y * dout.dtype.type(1 + self.error), 0 * dout


class ThereAndNotQuiteBack(ThereAndBack):
    error = 0.05


def there_and_back(x, y):
    return x * y / y


def test_nobody_is_blamed_where_the_reference_itself_overflows_in_a_narrow_dtype():
    inputs = arrays(x="N", y=reals("N", low=0.5))
    report = check_layer(ThereAndBack, there_and_back, inputs, dtypes=["float64", "float16"], raises=False)
    assert report.failed == []
    wide, narrow = report.found
    assert wide.excused == 0 < narrow.excused < narrow.examples
    assert f"not judged where JAX is as far off in float16: {narrow.excused}" in str(report)


def test_what_is_wrong_elsewhere_too_is_not_excused():
    inputs = arrays(x="N", y=reals("N", low=0.5))
    report = check_layer(ThereAndNotQuiteBack, there_and_back, inputs, dtypes=["float16"], raises=False)
    assert report.failed == ["gradient"]


def norm(x):
    length = np.asarray(np.sqrt((x * x).sum(-1)))
    return length.copy(), lambda dout: x / np.where(length, length, 1)[..., None] * dout[..., None]


def norm_of_nothing(x):
    length = np.asarray(np.sqrt((x * x).sum(-1)))
    with np.errstate(all="ignore"):
        slope = x / length[..., None]
    return length.copy(), lambda dout: slope * dout[..., None]


def norm_in_jax(x):
    return jnp.linalg.norm(x, axis=-1)


def test_where_the_reference_has_no_number_the_layer_is_not_blamed():
    report = check_layer(norm, norm_in_jax, arrays(x="N D"), max_examples=40, raises=False)
    assert report.failed == ["defined"]
    assert "the reference, not the layer, has no number there" in report.diagnosis
    assert "dx is 0.0 where the reference is nan" in report.failures[0].complaint


def test_how_often_the_reference_has_no_number_is_counted():
    report = check_layer(norm_of_nothing, norm_in_jax, arrays(x="N D"), max_examples=40)
    number = report.found[0].undefined["x"]
    assert 0 < number < report.found[0].examples
    assert f"not judged where the reference is NaN: dx in {number} examples" in str(report)


def test_a_gradient_that_is_nan_beside_a_value_that_is_needs_no_number():
    def log(x):
        with np.errstate(all="ignore"):
            return np.asarray(np.log(x)), lambda dout: np.asarray(np.where(x < 0, np.nan, dout / x))

    check_layer(log, jnp.log, arrays(x="..."), max_examples=40)


class Scale:
    def __init__(self, g):
        self.g = g

    def forward(self, x):
        self.x = x
        return x * self.g

    def backward(self, dout):
        self.dg = (dout * self.x).sum(axis=0)
        return dout * self.g


def test_where_the_reference_has_no_value_no_gradient_is_compared_either():
    def of_positive_numbers(x, g):
        return jnp.where(x < 0, jnp.nan, x * g)

    report = check_layer(Scale, of_positive_numbers, arrays(x="N D", g="D"), max_examples=40, raises=False)
    assert report.failed == ["defined"]


def test_a_reference_that_is_nan_everywhere_proves_nothing():
    def nothing(x):
        return x * np.nan, lambda dout: dout * np.nan

    with pytest.raises(ValueError, match="the reference is NaN wherever it gives out and dx"):
        check_layer(nothing, lambda x: x * jnp.nan, arrays(x="N"))


def mean_of_what_counts(x, mask):
    with np.errstate(all="ignore"):
        mean = np.asarray(np.where(mask, x, 0).sum() / mask.sum().astype(x.dtype))
        each = mask.astype(x.dtype) / mask.sum().astype(x.dtype)
    return mean, lambda dout: each * dout


def mean_in_jax(x, mask):
    return jnp.where(mask, x, 0).sum() / mask.sum()


def test_a_mean_of_nothing_may_be_nan_where_the_reference_is():
    report = check_layer(mean_of_what_counts, mean_in_jax, arrays(x="N>0", mask=masks("N>0", of="x")))
    assert "out" in report.found[0].undefined


def test_a_mask_may_be_described_as_one_that_lets_something_count():
    report = check_layer(mean_of_what_counts, mean_in_jax, arrays(x="N>0", mask=masks("N>0", of="x", some=True)))
    assert not report.found[0].undefined


def test_a_layer_that_refuses_a_nan_spreads_none():
    def squares(x):
        if not np.isfinite(x).all():
            raise ValueError("x has to be finite")
        return x**2, lambda dout: 2 * x * dout

    report = check_layer(squares, jnp.square, arrays(x="N"), max_examples=40)
    assert "the layer refuses a NaN" in report.left_out["confined"]


def test_a_layer_that_raises_for_another_batch_has_raised_and_remembers_nothing():
    class SumOfThree:
        def forward(self, x):
            if len(x) > 3:
                raise ValueError("too long")
            self.x = x
            return x.sum(axis=0)

        def backward(self, dout):
            return np.array(np.broadcast_to(dout, self.x.shape))

    report = check_layer(SumOfThree, lambda x: x.sum(axis=0), arrays(x="N"), max_examples=40, raises=False)
    assert report.failed == ["runs"]


class AffineRelu:
    """Rounds a sum, and then asks for its sign."""

    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x, z = x, x @ self.W + self.b
        self.on = z > 0
        return np.where(self.on, z, 0)

    def backward(self, dout):
        dz = np.where(self.on, dout, 0)
        self.dW, self.db = self.x.T @ dz, dz.sum(0)
        return dz @ self.W.T


def nearest(a, b):
    """Sum the squares of the distances to the nearest point."""
    squares = ((a[:, None] - b) ** 2).sum(-1)
    places = squares.argmin(-1)

    def pullback(dout):
        da, db = 2 * (a - b[places]) * dout, np.zeros_like(b)
        np.add.at(db, places, -da)
        return da, db

    return np.asarray(np.take_along_axis(squares, places[:, None], -1).sum()), pullback


def nearest_in_jax(a, b):
    return ((a[:, None] - b) ** 2).sum(-1).min(-1).sum()


class Maxout:
    """Takes the largest of several sums."""

    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x, z = x, np.einsum("ni,opi->nop", x, self.W) + self.b
        self.best, self.shape = z.argmax(-1)[..., None], z.shape
        return np.take_along_axis(z, self.best, -1)[..., 0]

    def backward(self, dout):
        dz = np.zeros(self.shape, dout.dtype)
        np.put_along_axis(dz, self.best, dout[..., None], -1)
        self.db, self.dW = dz.sum(0), np.einsum("nop,ni->opi", dz, self.x)
        return np.einsum("nop,opi->ni", dz, self.W)


def maxout(x, W, b):
    return (jnp.einsum("ni,opi->nop", x, W) + b).max(-1)


@pytest.mark.parametrize(
    ("layer", "reference", "inputs", "seed"),
    [
        (AffineRelu, lambda x, W, b: jax.nn.relu(x @ W + b), arrays(x="N D", W="D M", b="M"), 0),
        (nearest, nearest_in_jax, arrays(a="N D", b="M>0 D"), 0),
        (Maxout, maxout, arrays(x="N I", W="O P>0 I", b="O P"), 31),
    ],
)
def test_either_branch_is_right_where_rounding_decides(layer, reference, inputs, seed):
    check_layer(layer, reference, inputs, seed=seed, dtypes=["float32"])


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        (jax.nn.relu, False),
        (lambda x: jax.nn.relu(2 * x), True),
        (lambda x: jnp.where(x > 0, jnp.exp(x), x), False),
        (lambda x: jnp.sort(x * x), True),
        (lambda x: jax.lax.scan(lambda carry, each: (carry, jnp.maximum(each, 0)), 0.0, x)[1], True),
        (lambda x: jax.lax.fori_loop(0, 3, lambda _, each: each + x, x), False),
    ],
    ids="input product branch sort loop-that-compares loop".split(),
)
def test_a_reference_decides_if_it_compares_what_it_has_computed(reference, said):
    assert decides(jax.make_jaxpr(reference)(np.ones(3))) == said
