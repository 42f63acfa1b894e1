import subprocess
import sys
from dataclasses import dataclass
from functools import partial

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import handgrad
from handgrad.testing import arrays, check_layer, flags, labels, reals
from handgrad.testing.properties import BATTERY
from tests.planted.kink import MaxDoubled, Relu6Closed
from tests.planted.right import MULTIPLY, Multiply, Softmax, Tanh, tanh_and_pullback
from tests.planted.scale import TanhTwice

ANY = arrays(x="...")
TENTH = jnp.float32(0.1)
check = partial(check_layer, max_examples=20)


class GivesAList(Multiply):
    def backward(self, dout):
        return list(super().backward(dout))


def softmax_and_pullback(x, axis):
    exps = np.exp(x - x.max(axis=axis, keepdims=True, initial=-np.inf))
    y = exps / exps.sum(axis=axis, keepdims=True)
    return y.copy(), lambda dout: y * (dout - (dout * y).sum(axis=axis, keepdims=True))


class Embedding:
    def __init__(self, W):
        self.W = W

    def forward(self, t):
        self.t = t
        return self.W[t]

    def backward(self, dout):
        self.dW = np.zeros_like(self.W)
        np.add.at(self.dW, self.t, dout)


class LeakyRelu:
    def forward(self, x, slope):
        self.factor = np.where(x > 0, 1, slope).astype(x.dtype)
        return self.factor * x

    def backward(self, dout):
        return self.factor * dout, None


class Listed:
    """Takes and gives lists, and keeps its gradient under the name that `params` says."""

    params = ("w",)

    def __init__(self, w):
        self.w = w

    def forward(self, x):
        self.x = x
        return (x * self.w).tolist()

    def backward(self, dout):
        self.dw = (dout * self.x).tolist()
        return ((dout * self.w).tolist(),)


class Scaled(Tanh):
    def __init__(self, factor):
        self.factor = factor

    def forward(self, x):
        return self.factor * super().forward(x)

    def backward(self, dout):
        return super().backward(self.factor * dout)


def make_scaled():
    return Scaled(factor=2)


@pytest.mark.parametrize(
    ("layer", "reference", "inputs"),
    [
        (Tanh, jnp.tanh, ANY),
        (Softmax, jax.nn.softmax, arrays(x="... C")),
        (tanh_and_pullback, jnp.tanh, ANY),
        (softmax_and_pullback, jax.nn.softmax, arrays(x="N C", axis=st.sampled_from([0, 1, -1]))),
        (partial(softmax_and_pullback, axis=-1), jax.nn.softmax, arrays(x="N C")),
        (Embedding, lambda W, t: W[t], arrays(W="V D", t=labels("...", classes="V"))),
        (
            LeakyRelu,
            lambda x, slope: jnp.where(x > 0, x, slope * x),
            arrays(x=reals("...", kinks=[0]), slope=st.floats(0.1, 0.9)),
        ),
        (partial(Scaled, factor=2), lambda x: 2 * jnp.tanh(x), ANY),
        (make_scaled, lambda x: 2 * jnp.tanh(x), ANY),
        (lambda: Scaled(factor=2), lambda x: 2 * jnp.tanh(x), ANY),
        (lambda x: handgrad.vjp(handgrad.Relu(), x), jax.nn.relu, arrays(x=reals("...", kinks=[0]))),
        (Tanh, jnp.tanh, arrays(x=hnp.arrays(np.float64, (3, 2), elements=st.floats(-3, 3)))),
    ],
    ids=[
        "class",
        "softmax",
        "function",
        "option",
        "partial-function",
        "no-gradient-of-inputs",
        "number-as-option",
        "partial-class",
        "factory",
        "closure",
        "vjp",
        "strategy",
    ],
)
def test_a_right_layer_of_somebody_else_passes(layer, reference, inputs):
    report = check_layer(layer, reference, inputs, max_examples=50)
    assert all(found.examples >= 50 for found in report.found)
    assert not report.failed
    assert report.diagnosis == ""


class Joined:
    """Takes any number of arrays behind the first, and joins them."""

    def __init__(self, factor):
        self.factor = factor

    def forward(self, first, *others):
        self.ends = np.cumsum([len(first), *map(len, others)])[:-1]
        return self.factor * np.concatenate([first, *others])

    def backward(self, dout):
        return tuple(each.copy() for each in np.split(self.factor * dout, self.ends))


class JoinedBackwards(Joined):
    def backward(self, dout):
        return super().backward(dout)[::-1]


def joined_and_pullback(*pieces, factor):
    layer = Joined(factor)
    return layer.forward(*pieces), layer.backward


PIECES = arrays(first="N", b="M", a="3", factor=st.sampled_from([2, 3]))


@pytest.mark.parametrize("layer", [Joined, joined_and_pullback])
def test_what_a_signature_does_not_name_goes_to_its_args_in_the_order_of_the_description(layer):
    report = check(layer, lambda *pieces, factor: factor * jnp.concatenate(pieces), PIECES)
    assert report.found[0].worst.keys() == {"out", "first", "b", "a"}


def test_arguments_without_a_name_are_shown_as_they_are_given():
    inputs = arrays(first="3", b="3", factor=st.just(2))
    report = check(
        JoinedBackwards, lambda first, *b, factor: factor * jnp.concatenate([first, *b]), inputs, raises=False
    )
    assert report.failed == ["gradient"]
    assert "out = layer.forward(first, b)" in str(report)
    assert "reference(first, b, factor=factor)" in str(report)


def test_an_argument_that_may_be_called_like_args_is_one_of_them():
    check(joined_and_pullback, lambda *x, factor: factor * jnp.concatenate(x), arrays(x="3", factor=st.just(2)))


class GivesAGradientInAList(Tanh):
    def backward(self, dout):
        return list(super().backward(dout))


def test_a_gradient_may_be_a_list_of_its_rows():
    check(GivesAGradientInAList, jnp.tanh, arrays(x="2 3"))


def test_what_a_strategy_draws_keeps_its_order():
    def between(x, edges):
        if np.any(np.diff(edges) < 0):
            raise ValueError("the edges are not sorted")
        inside = (edges[0] < x) & (x < edges[-1])
        return np.where(inside, x, 0), lambda dout: np.where(inside, dout, 0)

    sorted_edges = st.sampled_from([np.array([-1.25, 0.75]), np.array([0.25, 3.5])])
    check_layer(
        between,
        lambda x, edges: jnp.where((edges[0] < x) & (x < edges[-1]), x, 0.0),
        arrays(x="N", edges=sorted_edges),
        max_examples=30,
    )


def test_lists_will_do_for_arrays_where_one_dtype_is_asked_for():
    check(Listed, lambda x, w: x * w, arrays(x="N", w="N"), dtypes=["float64"])


@pytest.mark.parametrize("inputs", [arrays(x="", w=""), arrays(x="3", w="3"), arrays(x="N 3", w="3")])
def test_gradients_in_a_list_are_told_from_one_gradient(inputs):
    report = check(GivesAList, MULTIPLY.reference, inputs, dtypes=["float64"], raises=False)
    assert report.diagnosis.startswith("TypeError: backward returned a list; return a tuple of gradients")


def test_bfloat16_is_a_dtype_like_any_other():
    report = check(Tanh, jnp.tanh, ANY, dtypes=["bfloat16"])
    assert report.found[0].dtype == "bfloat16"
    wrong = check(TanhTwice, jnp.tanh, ANY, dtypes=["bfloat16"], raises=False)
    assert wrong.failed == ["gradient"]


class IsRandom(Tanh):
    def forward(self, x):
        self.kept = np.random.default_rng().random(x.shape) < 0.5
        return np.where(self.kept, super().forward(x), 0)

    def backward(self, dout):
        return np.where(self.kept, super().backward(dout), 0)


class GivesNoGradient(Tanh):
    def backward(self, dout):
        super().backward(dout)


def test_a_layer_that_gives_no_gradient_is_told_so():
    report = check(GivesNoGradient, jnp.tanh, ANY, dtypes=["float64"], raises=False)
    assert report.failed == ["runs"]
    assert report.diagnosis == "backward returned no gradient and left none in an attribute d<name>"


def test_a_random_layer_is_told_so_and_nothing_else_is_said_of_it():
    report = check(IsRandom, jnp.tanh, ANY, dtypes=["float64"], raises=False)
    assert report.failed == ["deterministic"]
    assert report.passed == []
    assert "is random: let forward take what it draws, as in arrays(x='N', kept=flags('N')), or" in report.diagnosis


def dropped(random, x):
    return np.where(random.random(x.shape) < 0.5, 0, 2 * x)


class DropsWithItsOwnGenerator:
    def __init__(self):
        self.random = np.random.default_rng(0)

    def forward(self, x):
        self.slope = dropped(self.random, np.ones_like(x))
        return x * self.slope

    def backward(self, dout):
        return dout * self.slope


class DropsByASeed(DropsWithItsOwnGenerator):
    def forward(self, x, seed):
        self.random = np.random.default_rng(seed)
        return super().forward(x)


class DropsByAnotherSeed(DropsByASeed):
    def forward(self, x, seed):
        return super().forward(x, seed // 2)


def drops(x, seed=0):
    return x * dropped(np.random.default_rng(seed), np.ones(x.shape))


def test_a_layer_that_keeps_a_generator_is_told_what_to_do():
    report = check(DropsWithItsOwnGenerator, drops, arrays(x="N D"), raises=False)
    assert "stateless" in report.failed
    assert report.diagnoses["stateless"].startswith(
        "the layer draws from a generator that it keeps: let forward take"
    )


def test_a_layer_that_is_given_a_seed_is_compared_with_a_reference_that_gets_it_too():
    inputs = arrays(x="N D", seed=st.integers(0, 9))
    assert check(DropsByASeed, drops, inputs).failed == []
    assert check(DropsByAnotherSeed, drops, inputs, raises=False).failed == ["value", "gradient"]


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_a_wrong_kink_is_caught_where_it_is_declared(dtype):
    declared, undeclared = arrays(x=reals("2", kinks=[0, 6])), arrays(x="2")
    report = check(Relu6Closed, jax.nn.relu6, declared, dtypes=[dtype], raises=False)
    assert "kinks" in report.failed
    assert "kink" in report.diagnosis
    assert not check(Relu6Closed, jax.nn.relu6, undeclared, dtypes=[dtype], raises=False).failed


def test_ties_are_made_where_they_are_declared():
    report = check(
        MaxDoubled,
        lambda x: x.max(-1),
        arrays(x=reals("N 3", ties=True)),
        dtypes=["float32"],
        raises=False,
    )
    assert "kinks" in report.failed


def test_labels_that_name_no_class_have_to_be_refused_where_that_is_promised():
    inputs = arrays(W="V D", t=labels("N", classes="V", validated=True))
    report = check(Embedding, lambda W, t: W[t], inputs, dtypes=["float64"], raises=False)
    assert report.failed == ["refuses"]


def test_a_domain_has_to_fit_the_dtype():
    with pytest.raises(
        ValueError, match=r"the domain from 1e\+300 to 1e\+305 has numbers that float32 does not have"
    ):
        check(Tanh, jnp.tanh, arrays(x=reals("N", 1e300, 1e305)), dtypes=["float32"])


class Swapped:
    def forward(self, a, b):
        return a + 2 * b

    def backward(self, dout):
        return 2 * dout, dout.copy()


def test_a_gradient_of_another_input_is_named():
    report = check(Swapped, lambda a, b: a + 2 * b, arrays(a="3", b="3"), raises=False)
    assert report.diagnosis == "backward: da is the gradient of b; db is the gradient of a"


class RefusesOneOfTwo:
    def forward(self, x, t, u):
        if ((t < 0) | (t >= x.shape[-1])).any():
            raise ValueError("a label names no class")
        return x.copy()

    def backward(self, dout):
        return dout.copy()


def test_a_label_beyond_the_last_class_has_to_be_refused():
    class Clamps(Embedding):
        def forward(self, t):
            if (t < 0).any():
                raise IndexError("a label is negative")
            return super().forward(np.minimum(t, len(self.W) - 1))

    inputs = arrays(W="4 2", t=labels("3", classes="4", validated=True))
    report = check(Clamps, lambda W, t: W[t], inputs, raises=False)
    assert report.failed == ["refuses"]
    assert "the label 4 in t is taken without an error" in str(report)


class GivesAGradientForSmallBatches:
    def forward(self, a, b):
        self.a, self.b = a, b
        return a * b

    def backward(self, dout):
        return dout * self.b, dout * self.a if dout.size < 3 else None


def test_a_gradient_is_given_for_every_example_or_for_none():
    report = check(GivesAGradientForSmallBatches, lambda a, b: a * b, arrays(a="N", b="N"), raises=False)
    assert report.failed == ["runs"]
    assert report.diagnosis == "backward gives a gradient of b for some examples, and none for others"
    assert report.without_gradient == []


class WritesIntoItsReadOnlyOutput:
    memory = np.empty(0)

    def forward(self, x):
        if self.memory.shape != x.shape or self.memory.dtype != x.dtype:
            self.memory = np.empty_like(x)
        self.x = x
        np.multiply(x, x, out=self.memory)
        out = self.memory.view()
        out.flags.writeable = False
        return out

    def backward(self, dout):
        return np.asarray(2 * self.x * dout)


def test_an_output_stays_as_it_is_also_if_it_is_read_only():
    report = check(WritesIntoItsReadOnlyOutput, lambda x: x * x, arrays(x="N 2"), raises=False)
    assert report.failed == ["unshared"]
    assert "out is overwritten by the next forward" in report.diagnosis


def test_small_numbers_of_float16_are_compared():
    def identity(x):
        return np.where(np.abs(x) < 1e-3, -x, x), lambda dout: dout.copy()

    report = check_layer(identity, lambda x: x, arrays(x="N"), dtypes=["float16"], raises=False)
    assert report.failed == ["value"]


def test_a_reference_that_overflows_where_the_layer_does_not_is_named():
    def log_sum_exp(x):
        exps = np.exp(x - x.max())
        return np.log(exps.sum()) + x.max(), lambda dout: dout * exps / exps.sum()

    report = check(log_sum_exp, lambda x: jnp.log(jnp.exp(x).sum()), arrays(x="3"), raises=False)
    assert report.diagnosis.startswith("out is finite where the reference is not: write the reference so that")


def test_a_dtype_is_one_whatever_the_order_of_its_bytes():
    assert str(check(Tanh, jnp.tanh, ANY, dtypes=[">f4"]).found[0].dtype) == "float32"


def test_every_validated_label_has_to_be_refused():
    validated = labels("3", classes="4", validated=True)
    report = check(RefusesOneOfTwo, lambda x, t, u: x * 1, arrays(x="3 4", t=validated, u=validated), raises=False)
    assert report.failed == ["refuses"]
    assert "u = np.array([-1" in str(report)


def test_a_gradient_that_is_wrong_for_small_numbers_alone_is_caught():
    def three(x):
        return 3 * x, lambda dout: np.where((np.abs(x) < 1e-4) & (x != 0), 0, 3 * dout).astype(dout.dtype)

    assert check(three, lambda x: 3 * x, arrays(x="3"), raises=False).failed == ["gradient"]


def dropout(x, kept):
    return np.where(kept, 2 * x, 0), lambda dout: np.where(kept, 2 * dout, 0)


def test_flags_are_booleans_that_hide_nothing():
    inputs = arrays(x="N D", kept=flags("N D"))
    report = check(dropout, lambda x, kept: jnp.where(kept, 2 * x, 0.0), inputs)
    assert report.left_out["masked"] == "no argument is described as a mask"
    other = check(dropout, lambda x, kept: jnp.where(kept, x, 2 * x), inputs, raises=False)
    assert other.failed == ["value", "gradient"]


class DeclaresMore(Tanh):
    params = ("W",)

    def __init__(self, W):
        self.W = W

    def forward(self, x):
        return super().forward(x * self.W)

    def backward(self, dout):
        return super().backward(dout) * self.W


def test_a_gradient_that_is_declared_and_not_left_is_named():
    report = check(DeclaresMore, lambda x, W: jnp.tanh(x * W), arrays(x="3", W="3"), raises=False)
    assert report.failed == ["runs"]
    assert "backward left no dW" in report.diagnosis


def test_a_report_says_what_was_left_out_and_why():
    report = check(Tanh, jnp.tanh, ANY, dtypes=["float64"])
    assert {*report.passed, *report.left_out} == {each.__name__ for each in BATTERY}
    assert report.left_out == {
        "kinks": "no kinks are declared",
        "masked": "no argument is described as a mask",
        "refuses": "no labels are described as validated",
    }
    assert report.seconds > 0
    (found,) = report.found
    assert len(found.shapes) == len(ANY.pool())
    assert found.worst.keys() == {"out", "x"}
    assert str(report).startswith("Tanh agrees with its reference.\nfloat64: ")


def test_a_report_says_of_which_inputs_no_gradient_was_compared():
    report = check(TakesAFactor, lambda x, w: x * w, arrays(x="N", w="N"), dtypes=["float64"])
    assert report.without_gradient == ["w"]
    assert str(report).endswith("Backward gives no gradient of w, so none was compared.")
    assert check(Tanh, jnp.tanh, ANY, dtypes=["float64"]).without_gradient == []


class TakesAFactor:
    def forward(self, x, w):
        self.w = w
        return x * w

    def backward(self, dout):
        return dout * self.w


WRONG = """
import jax.numpy as jnp
import numpy as np
from handgrad.testing import arrays, check_layer, each_property

class IgnoresDout:
    def forward(self, x):
        self.y = np.array(np.tanh(x))
        return self.y.copy()
    def backward(self, dout):
        return 1 - self.y**2

def test_at_once():
    check_layer(IgnoresDout, jnp.tanh, arrays(x="3"), dtypes=["float64"])

@each_property(IgnoresDout, jnp.tanh, arrays(x="3"), dtypes=["float64"])
def test_each(check):
    check()
"""


@pytest.fixture(scope="module")
def run_by_pytest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("users")
    (folder / "test_mine.py").write_text(WRONG)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rfs", "test_mine.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


def test_pytest_shows_the_page_and_no_frames_of_the_checker(run_by_pytest):
    assert "Probably: backward: dx ignores dout" in run_by_pytest
    assert "checker.py" not in run_by_pytest
    assert "parametrised.py:" not in run_by_pytest.replace("SKIPPED", "")


def test_pytest_gets_a_test_for_each_property(run_by_pytest):
    assert "no kinks are declared" in run_by_pytest
    for name in ("gradient", "zero"):
        assert f"FAILED test_mine.py::test_each[{name}]" in run_by_pytest
    assert f"3 failed, {len(BATTERY) - 5} passed, 3 skipped" in run_by_pytest


class HasNoBackward:
    def forward(self, x):
        return x


class ReturnsNone(Tanh):
    def forward(self, x):
        super().forward(x)


class ReturnsTwo(Tanh):
    def forward(self, x):
        return super().forward(x), x


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            (Tanh, lambda z: jnp.tanh(z), ANY),
            TypeError,
            "the reference does not take x, which the inputs name: it takes z",
        ),
        ((Tanh, 3, ANY), TypeError, "reference is an int; expected a function"),
        (
            (Tanh, lambda x: x[0], arrays(x="N")),
            TypeError,
            r"raised at x \(0,\): .*; an axis that must not be empty is described as 'N>0'",
        ),
        ((Tanh, lambda x: (), ANY), TypeError, r"the reference returned tuple at x \(\); expected an array"),
        ((Tanh, lambda x, q: x + q, arrays(x="N", q="N")), TypeError, "the inputs name q, which neither Tanh"),
        ((HasNoBackward, jnp.tanh, ANY), TypeError, "which has no backward"),
        ((HasNoBackward, jnp.tanh, arrays(x=st.just(np.ones(2)))), TypeError, "which has no backward"),
        ((Tanh, jnp.tanh, {"x": "N"}), TypeError, "inputs is a dict; expected what arrays"),
        ((Tanh(), jnp.tanh, ANY), TypeError, "layer is a Tanh object; give its class, or a factory"),
        (
            (Tanh, lambda x, q: x + q, ANY),
            TypeError,
            "the reference needs q, which the inputs do not name: it takes x",
        ),
        (
            (Tanh, lambda x: x > 0, ANY),
            TypeError,
            r"the reference returned bool at x \(\), from inputs in float64; expected float64",
        ),
        ((lambda x: x, jnp.tanh, ANY), AssertionError, r"so it should return \(out, pullback\)"),
        ((ReturnsNone, jnp.tanh, ANY), AssertionError, "forward gave a NoneType; expected an array of numbers"),
        ((Tanh, np.tanh, ANY), TypeError, r"the reference, which has to be written in JAX, raised at x \(\): Tracer"),
        (
            (Tanh, lambda x: jnp.tanh(x.astype(jnp.float32)), ANY),
            TypeError,
            r"the reference returned float32 at x \(\), from inputs in float64; expected float64",
        ),
        (
            (Tanh, lambda x: TENTH * jnp.tanh(x), ANY),
            TypeError,
            r"the reference holds a constant in float32 at x \(\); expected float64",
        ),
        ((lambda x: (x, x), jnp.tanh, ANY), AssertionError, r"\(ndarray, ndarray\)"),
        (
            (ReturnsTwo, jnp.tanh, ANY),
            AssertionError,
            r"forward returned a tuple \(out\[0\], out\[1\]\); expected one",
        ),
        (
            (Tanh, lambda x: jax.lax.while_loop(lambda y: y.sum() < 0, jnp.tanh, x), ANY),
            TypeError,
            r"the reference has no gradient of x at x \(\): ValueError: Reverse-mode",
        ),
    ],
    ids=(
        "names number empty tuple unknown backward strategy dict object needs bool no-pullback none numpy "
        "float32 constant no-function two while"
    ).split(),
)
def test_a_use_that_is_wrong_is_an_error_that_says_so(arguments, error, message):
    with pytest.raises(error, match=message):
        check(*arguments, dtypes=["float64"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dtypes": []}, "dtypes is empty"),
        ({"dtypes": ["int64"]}, "dtypes holds int64"),
        ({"dtypes": ["longdouble"]}, "up to float64"),
        ({"dtypes": "float32"}, "expected a list"),
        ({"max_examples": 0}, "max_examples is 0"),
        ({"inputs": arrays(x="0 N")}, "no elements"),
        ({"inputs": arrays(x="N", t=labels("N", classes="0"))}, "no elements"),
    ],
)
def test_a_check_that_would_prove_nothing_is_refused(options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        check_layer(**{"layer": Tanh, "reference": jnp.tanh, "inputs": ANY, **options})


@pytest.mark.parametrize("name", ["out", "dout"])
def test_an_argument_may_not_be_called_like_a_result(name):
    def double(array):
        return 2 * array, lambda dout: 2 * dout

    with pytest.raises(ValueError, match=f"the inputs name {name}, as the checker calls"):
        check_layer(double, lambda array: 2 * array, arrays(**{name: "N"}))


def test_a_reference_is_read_anew_by_every_check():
    factor = [1.0]

    def once(x):
        return np.array(x), lambda dout: np.array(dout)

    def reference(x):
        return factor[0] * x

    check(once, reference, ANY)
    factor[0] = 3.0
    assert check(once, reference, ANY, raises=False).failed == ["value", "gradient"]


def test_a_reference_need_not_be_hashable():
    @dataclass
    class Times:
        factor: float

        def __call__(self, x):
            return self.factor * x

    def once(x):
        return np.array(x), lambda dout: np.array(dout)

    check(once, Times(1.0), ANY)
    assert check(once, Times(2.0), ANY, raises=False).failed == ["value", "gradient"]


def test_a_reference_that_jax_cannot_compile_is_named_with_its_shapes():
    def windows(x, w):
        length = max(len(x) - len(w) + 1, 0)
        places = np.arange(length)[:, np.newaxis] + np.arange(len(w))

        def pullback(dout):
            dx = np.zeros_like(x)
            np.add.at(dx, places, dout[:, np.newaxis] * w)
            return dx, x[places].T @ dout

        return x[places] @ w, pullback

    def reference(x, w):  # for a window without length, it is traced, but there is no code for it
        return jax.lax.conv(x[None, None], w[None, None], (1,), "VALID")[0, 0]

    with pytest.raises(TypeError, match=r"^JAX cannot run the reference at x \(\d+,\), w \(\d+,\): "):
        check_layer(windows, reference, arrays(x="T", w="K"))
