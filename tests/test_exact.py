"""Exact values: every operation that is carried out in many digits is the one that JAX carries out."""

from contextlib import contextmanager
from fractions import Fraction

import jax
import jax.extend.core as jex
import jax.numpy as jnp
import jax.scipy.special as special
import mpmath
import numpy as np
import pytest
from jax import lax

import reference.activations
import reference.elementary
from handgrad.testing.oracle import Oracle
from handgrad.testing.oracle.oracle import value_and_vjp
from reference.cases import CASES
from reference.comparisons.answers import exact_truths, with_options
from reference.comparisons.exact.evaluation import NoExactForm, evaluate
from reference.comparisons.exact.operations import CONTEXT, OPERATIONS


@pytest.fixture
def many_digits():
    with CONTEXT.workdps(100):
        yield


pytestmark = pytest.mark.usefixtures("many_digits")

CHANNELS_LAST = ("NHWC", "HWIO", "NHWC")
FUNCTIONS = {
    "steps": lambda x: jnp.abs(x) + jnp.sign(x) * jnp.floor(x) - jnp.ceil(x) + jnp.round(x),
    "tanh": lambda x: jnp.tanh(x) + jnp.expm1(x) * jnp.exp2(x),
    "softplus by hand": lambda x: jnp.log1p(jnp.exp(-jnp.abs(x))) + jnp.maximum(x, 0),
    "logaddexp": lambda x: jnp.logaddexp(x, 1.0),
    "softplus and silu": lambda x: jax.nn.softplus(x) * jax.nn.silu(x),
    "gelu": lambda x: jax.nn.gelu(x, approximate=False) + jax.nn.gelu(x),
    "error functions": lambda x: special.erf(x) + special.erfc(x) + special.erfinv(x / 10),
    "sine and cosine": lambda x: jnp.sin(x) * jnp.cos(x),
    "roots": lambda x: jnp.sqrt(jnp.square(x) + 1) + lax.rsqrt(x * x + 2),
    "logic": lambda x: jnp.where(jnp.isfinite(x) & ~(x < 0) | (x != 2), x, 1.0) * (x >= 1) * (x <= 3),
    "powers": lambda x: jnp.abs(x) ** 1.5 + jnp.power(2.0, x) + 1 / x + x**-2,
    "powers by an array": lambda x: jnp.power(x, jnp.array([3.0, 2.0, -1.0, 0.5])),
    "bounds": lambda x: jnp.clip(x, -1, 1.5) + lax.clamp(-2.0, x, 0.5) + jnp.minimum(x, 0.3),
    "activations with kinks": lambda x: jax.nn.relu6(4 * x) + jax.nn.elu(x) + jax.nn.hard_swish(x),
    "concatenate and slice": lambda x: jnp.concatenate([x, 2 * x], 1)[:, 1:7:2] + jnp.copy(x[:, :3]),
    "stack": lambda x: jnp.stack(jnp.unstack(jnp.stack([x, x * x]), axis=0)[::-1], 1),
    "split and reverse": lambda x: jnp.split(x, [1, 3], axis=1)[1] * x[:, ::-1][:, :2],
    "tile and repeat": lambda x: jnp.tile(x, (2, 3)) + jnp.repeat(jnp.tile(x, (1, 3)), 2, 0),
    "pad": lambda x: jnp.pad(x, ((1, 0), (2, 1))) + lax.pad(x, 7.0, ((1, 0, 0), (-1, -2, 2))),
    "reshape in another order": lambda x: lax.reshape(x, (2, 6), dimensions=(1, 0)),
    "parts": lambda x: x[2] + x[-1] + lax.dynamic_slice(x, (9, -9), (1, 4))[0],
    "take": lambda x: jnp.take(x, jnp.array([0, 2, 2, -1]), axis=0),
    "largest and smallest": lambda x: (
        jnp.take_along_axis(x, jnp.argmax(x, 1, keepdims=True), 1) * x[jnp.argmin(x, 0), jnp.arange(4)]
    ),
    "add at": lambda x: x.at[jnp.array([0, 2, 0])].add(3 * x),
    "fill": lambda x: jnp.take(x, jnp.array([0, 7]), axis=0, mode="fill", fill_value=0),
    "cumulative sums": lambda x: jnp.cumsum(x, 0) + lax.cumsum(x, 1, reverse=True) * (x <= 2),
    "reductions": lambda x: x.min(0) + x.max(0) + x.mean(0) + x.var(0),
    "norms": lambda x: jnp.linalg.norm(x, axis=1) + jax.nn.logsumexp(x, 1),
    "softmax": lambda x: jax.nn.softmax(x, where=x < 1) @ jnp.swapaxes(x, 0, 1),
    "einsum": lambda x: jnp.einsum("nd,nm->dm", x, x),
    "windows summed": lambda x: lax.reduce_window(
        x, 0.0, lax.add, (2, 3), (1, 2), ((1, 0), (0, 2)), window_dilation=(2, 1)
    ),
    "windows maximum": lambda x: lax.reduce_window(x, -jnp.inf, lax.max, (2, 2), (1, 2), ((3, 1), (0, 0))),
    "windows minimum": lambda x: lax.reduce_window(x, jnp.inf, lax.min, (2, 2), (1, 1), ((0, 0), (1, 1))),
    "strided convolution": lambda x: lax.conv_general_dilated(x[:, None, :], x[:2, None, :3], (2,), ((2, 1),)),
    "dilated groups": lambda x: lax.conv_general_dilated(
        x.reshape(1, 3, 2, 2), x.reshape(2, 1, 1, 6), (1, 1), ((2, 1), (0, 2)), (2, 1), (1, 2), CHANNELS_LAST, 2
    ),
    "depthwise": lambda x: lax.conv_general_dilated(
        x.reshape(1, 4, 3), x.reshape(4, 1, 3)[..., :2], (1,), ((1, 1),), rhs_dilation=(2,), feature_group_count=4
    ),
    "groups of several": lambda x: lax.conv_general_dilated(
        x.reshape(1, 4, 3), x.reshape(6, 2, 1), (1,), ((1, 1),), feature_group_count=2
    ),
    "casts": lambda x: jnp.where(x.astype(bool), x.astype(int), jax.nn.one_hot(jnp.array([0, 3, 9]), 4)),
}


def traced(function, x):
    """Trace a function and its gradient, and give what is traced, its arguments, and JAX's own results."""
    dout = np.random.default_rng(1).standard_normal(jax.eval_shape(function, x).shape)
    both = value_and_vjp(Oracle(function).call, ("x",))
    return jax.make_jaxpr(both)({"x": x}, dout), [x, dout], both({"x": x}, dout)


def operations_of(jaxpr):
    for equation in jaxpr.eqns:
        yield equation.primitive.name
        for inner in jex.jaxprs_in_params(equation.params):
            yield from operations_of(inner)


X = np.random.default_rng(0).uniform(0.2, 2.5, (3, 4)) * np.array([1, -1, 1, 1])


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_an_operation_is_the_one_that_jax_carries_out(function):
    jaxpr, args, in_jax = traced(function, X)
    with skipped_where_there_is_none():
        found = evaluate(jaxpr, args)
    for exact, want in zip(found, in_jax, strict=True):
        np.testing.assert_allclose(exact.astype(np.float64), want, rtol=1e-12, atol=1e-13, strict=True)


@contextmanager
def skipped_where_there_is_none():
    """Skip what another release of JAX traces as an operation that has no exact form; its row then says so."""
    try:
        yield
    except NoExactForm as reason:
        pytest.skip(f"{reason}, in JAX {jax.__version__}")


def test_every_operation_is_tried():
    tried = {name for function in FUNCTIONS.values() for name in operations_of(traced(function, X)[0].jaxpr)}
    assert set(OPERATIONS) <= tried


def test_what_is_undefined_is_not_a_number():
    x = np.array([-1.0, 0.0])
    for function in (jnp.sqrt, jnp.log, jnp.log1p, lambda x: 1 / x, lambda x: jnp.power(x, 0.5)):
        jaxpr = jax.make_jaxpr(function)(x)
        want = np.isfinite(function(jnp.asarray(x)))
        assert [bool(CONTEXT.isfinite(number)) for number in evaluate(jaxpr, [x])[0]] == want.tolist()


def test_an_operation_without_an_exact_form_is_named():
    with pytest.raises(NoExactForm, match="no exact form of lgamma"):
        evaluate(jax.make_jaxpr(special.gammaln)(1.0), [np.array(1.0)])


def test_a_sum_is_exact_to_the_last_digit():
    x = np.array([1e16, 1.0, -1e16, 1e-16])
    (total,) = evaluate(jax.make_jaxpr(jnp.sum)(x), [x])
    assert total == CONTEXT.mpf(1) + CONTEXT.mpf(1e-16)


def test_a_matrix_product_is_exact_to_the_last_digit():
    random = np.random.default_rng(0)
    a, b = random.standard_normal((2, 3, 4)), random.standard_normal((2, 4, 5))
    (product,) = evaluate(jax.make_jaxpr(jnp.matmul)(a, b), [a, b])
    for i, row, column in np.ndindex(2, 3, 5):
        terms = [Fraction(p) * Fraction(q) for p, q in zip(a[i, row], b[i, :, column], strict=True)]
        whole = sum(terms)
        assert product[i, row, column] * whole.denominator == whole.numerator


@pytest.mark.parametrize("x", [-300.0, -1.5, 0.0, 40.0, 600.0])
def test_the_slope_of_the_sigmoid_is_exact_where_float64_cancels(x):
    truth = exact_truths(reference.activations.sigmoid, {"x": np.array([x])}, np.ones(1), ("x",))["x"]
    with mpmath.workdps(400):
        want = 1 / (mpmath.exp(x / 2) + mpmath.exp(-x / 2)) ** 2
        assert truth.value == float(want)
        assert abs(truth.rest - (want - truth.value)) <= 1e-15 * abs(truth.value) * np.finfo(np.float64).eps


def test_what_is_not_finite_is_taken_from_float64():
    inputs = {"x": np.array([0.0, -0.0, 2.0])}
    truth = exact_truths(reference.elementary.reciprocal, inputs, np.ones(3), ("x",))
    assert truth["out"].value.tolist() == [np.inf, -np.inf, 0.5]
    assert truth["x"].value.tolist() == [-np.inf, -np.inf, -0.25]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_twin_is_evaluated_as_the_oracle_evaluates_it(case):
    arguments = case.inputs.typical()
    inputs = {name: each for name, each in arguments.items() if isinstance(each, np.ndarray)}
    twin = with_options(case.twin, {name: each for name, each in arguments.items() if name not in inputs})
    wrt = tuple(name for name, array in inputs.items() if array.dtype == np.float64 and name != "t")
    oracle = Oracle(twin)
    random = np.random.default_rng(0)
    dout = tuple(random.standard_normal(shape) for shape in oracle.outputs(inputs).shapes)
    with skipped_where_there_is_none():
        exact = exact_truths(twin, inputs, dout, wrt)
    rounded = oracle(inputs, dout, wrt)
    for name, each in rounded.items():
        got, want = exact[name].value, each.value
        finite = np.isfinite(want)
        assert np.array_equal(got[~finite], want[~finite])
        assert np.all(np.abs(got[finite] - want[finite]) <= 1e-13 * (np.abs(want) + each.entitled)[finite])


NOTHING = {
    "convolution of no rows": ((0, 2, 5), lambda x: lax.conv_general_dilated(x, jnp.ones((3, 2, 2)), (1,), "VALID")),
    "convolution of no channels": (
        (2, 0, 5),
        lambda x: lax.conv_general_dilated(x, jnp.ones((3, 0, 2)), (1,), "VALID"),
    ),
    "windows too long": ((2, 5), lambda x: lax.reduce_window(x, 0.0, lax.add, (3, 2), (1, 2), "VALID")),
}


@pytest.mark.parametrize(("shape", "function"), NOTHING.values(), ids=NOTHING)
def test_windows_of_nothing_are_evaluated_too(shape, function):
    jaxpr, args, in_jax = traced(function, np.ones(shape))
    for exact, want in zip(evaluate(jaxpr, args), in_jax, strict=True):
        assert exact.shape == want.shape
        assert np.array_equal(exact.astype(np.float64), want)


def test_a_single_number_is_evaluated_too():
    jaxpr = jax.make_jaxpr(lambda x: jnp.where(jnp.isfinite(x), x, 0.0))(1.0)
    assert evaluate(jaxpr, [np.array(2.5)]) == [2.5]
