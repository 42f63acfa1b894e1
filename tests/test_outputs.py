"""Layers of several outputs: how they are called, what is said of them, and the script that shows it again."""

from collections import OrderedDict, namedtuple
from dataclasses import replace
from typing import NamedTuple

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import handgrad
from handgrad.testing import arrays, check_layer
from handgrad.testing.found import Failure
from handgrad.testing.inputs.drawing import Settings
from handgrad.testing.oracle import Oracle
from handgrad.testing.outputs import Outputs, called, gradients, values, variable
from handgrad.testing.page.script import script
from handgrad.testing.properties import BATTERY
from handgrad.testing.properties.targets import refuses
from handgrad.testing.search import Search
from handgrad.testing.subject import Subject
from reference import joining
from tests.planted.several import BUGS, LSTM_CELL, MOMENTS, RIGHT, LSTMCell, Moments
from tests.test_script import by_the_right_layer, failure_of, printed

Pair = namedtuple("Pair", "h c")
NUMBER, ROW = np.array(1.0), np.ones(2)


@pytest.mark.parametrize(
    ("returned", "names"),
    [
        (ROW, ("out",)),
        ((ROW,), ("out[0]",)),
        ([ROW, NUMBER], ("out[0]", "out[1]")),
        (Pair(ROW, NUMBER), ("out.h", "out.c")),
        ({"mean": ROW, "a b": NUMBER}, ("out['a b']", "out['mean']")),
        ((ROW, (NUMBER, {"c": ROW})), ("out[0]", "out[1][0]", "out[1][1]['c']")),
    ],
)
def test_outputs_are_called_as_python_calls_them(returned, names):
    outputs = Outputs.of(returned)
    assert outputs.names == names
    assert dict(zip(names, outputs.shapes, strict=True)) == {
        name: array.shape for name, array in outputs.named(returned).items()
    }
    assert [*outputs.douts] == [f"d{name}" for name in names]
    assert all(variable(name).isidentifier() for name in names)
    again = outputs.together({f"d{name}": array for name, array in outputs.named(returned).items()})
    assert all(one is other for one, other in zip(jax.tree.leaves(again), jax.tree.leaves(returned), strict=True))


def test_an_input_may_be_called_as_an_output_is():
    results = {"out.h": 1, "h": 2, "out[0]": 3, "output": 4, "out": 5}
    assert values(results) == {"out.h": 1, "out[0]": 3, "out": 5}
    assert [called(name) for name in gradients(results)] == ["dh", "doutput"]


@pytest.mark.parametrize("returned", [(ROW, NUMBER), [ROW, NUMBER], Pair(ROW, NUMBER)])
@pytest.mark.parametrize("expected", [(ROW, NUMBER), Pair(ROW, NUMBER)])
def test_a_list_or_named_fields_will_do_for_a_tuple(returned, expected):
    outputs = Outputs.of(expected)
    assert [*outputs.named(returned).values()] == [ROW, NUMBER]
    assert outputs.arguments(dict.fromkeys(outputs.douts, ROW)) == (ROW, ROW)


@pytest.mark.parametrize(
    ("returned", "expected", "said"),
    [
        ((ROW, ROW), ROW, r"a tuple (out[0], out[1]); expected one array (out)"),
        ({"h": ROW}, ROW, r"a dict (out['h']); expected one array (out)"),
        (ROW, (ROW,), r"one array (out); expected a tuple (out[0])"),
        ((ROW, ROW), (ROW, (ROW,)), r"a tuple (out[0], out[1]); expected a tuple (out[0], out[1][0])"),
        ((ROW, (ROW,)), (ROW, ROW), r"a tuple (out[0], out[1][0]); expected a tuple (out[0], out[1])"),
        ({"h": ROW}, {"c": ROW}, r"a dict (out['h']); expected a dict (out['c'])"),
        (Pair(ROW, ROW), {"h": ROW, "c": ROW}, r"a Pair (out.h, out.c); expected a dict (out['c'], out['h'])"),
    ],
)
def test_other_outputs_than_the_references_are_named_beside_them(returned, expected, said):
    with pytest.raises(TypeError) as error:
        Outputs.of(expected).named(returned)
    assert str(error.value) == f"forward returned {said}, which is what the reference returns"


def test_each_output_has_its_own_place_in_the_report_and_each_gradient_hears_from_all():
    report = check_layer(LSTMCell, LSTM_CELL.reference, LSTM_CELL.inputs, max_examples=20)
    assert [called(name) for name in report.found[0].worst] == "out.h out.c dx dh dc dW dU db".split()
    assert "worst error in units (limit 8): out.h " in str(report)


def halves_in(kind):
    def forward_and_pullback(x):
        out = kind(x[:2] * 2, x[2:] * 3)
        return out, lambda dout: np.concatenate([dout[0] * 2, dout[1] * 3])

    return forward_and_pullback


def test_the_pullback_of_a_function_takes_what_the_function_returned():
    def needs_names(x):
        out, pullback = halves_in(Pair)(x)
        return out, lambda dout: pullback((dout.h, dout.c))

    for layer in (needs_names, halves_in(lambda *outs: outs)):
        check_layer(layer, lambda x: Pair(x[:2] * 2, x[2:] * 3), arrays(x="4"), max_examples=20)


def test_the_reference_of_many_outputs_keeps_their_order():
    def many(x):
        return tuple(i * x for i in range(12)), lambda douts: sum(i * dout for i, dout in enumerate(douts))

    check_layer(many, lambda x: tuple(i * x for i in range(12)), arrays(x="2"), max_examples=20, dtypes=["float64"])


class SplitDeaf(handgrad.Split):
    """Hears the first output alone, of however many."""

    def backward(self, *douts):
        return super().backward(douts[0])


def test_how_many_outputs_there_are_may_depend_on_an_option():
    inputs = arrays(x="6 D", parts=st.sampled_from([1, 3, 2]))
    report = check_layer(handgrad.Split, joining.split, inputs, max_examples=20)
    assert [*report.found[0].worst] == ["out[0]", "out[1]", "out[2]", "x"]
    report = check_layer(SplitDeaf, joining.split, inputs, max_examples=60, dtypes=["float64"], raises=False)
    assert report.diagnosis == "backward: dx hears dout[0] alone"


def test_the_page_names_the_output_and_its_upstream_gradient():
    bug = next(bug for bug in BUGS if bug.name == "MomentsUnbiased")
    page = str(check_layer(bug.layer, MOMENTS.reference, MOMENTS.inputs, dtypes=["float64"], raises=False))
    assert "Probably: forward, not backward, is at fault: out['var'] is " in page
    assert "\n  out['var'][" in page
    assert "\n    dout['mean'] = np.array(" in page or "\n    dout['mean'] = np.full(" in page
    assert "layer.backward({'mean': dout_mean, 'var': dout_var})" in page


class MomentsFromTwo(Moments):
    def forward(self, x):
        return super().forward(x) | {"mean": np.asarray(x[:2].mean(axis=0)), "var": 2 * x.var(axis=0)}


def test_of_several_wrong_outputs_the_one_that_can_be_explained_is_named():
    report = check_layer(MomentsFromTwo, MOMENTS.reference, MOMENTS.inputs, dtypes=["float64"], raises=False)
    assert report.diagnosis.startswith("forward, not backward, is at fault: out['var'] is 2 times")


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_script_shows_the_failure_and_nothing_of_it_with_the_right_layer(bug, capsys):
    failure = failure_of(bug.layer, bug.right, bug.complaint, bug.dtypes)
    wrong = printed(script(failure), capsys)
    right = printed(script(by_the_right_layer(failure, bug.right)), capsys)
    assert wrong != right
    assert "NameError" not in wrong
    assert "Error" not in right


def example_of(right):
    subject, oracle = Subject(right.layer, list(right.inputs.arguments)), Oracle(right.reference)
    search = Search(subject, oracle, right.inputs, np.dtype(np.float32), Settings(10))
    return next(trial for trial in search.sample() if min(map(len, trial.inputs.values())) > 1)


@pytest.mark.parametrize("right", RIGHT, ids=lambda right: right.name)
def test_the_script_of_every_property_runs(right, capsys):
    trial = example_of(right)
    for holds in BATTERY:
        said = printed(script(Failure(holds, "", replace(trial))), capsys)
        assert "Error" not in said or holds is refuses, said


def test_jax_itself_is_a_layer_of_several_outputs():
    def reference(x, w):
        return {"product": x * w, "sums": (x + w, x - w)}

    def by_jax(x, w):
        out, pullback = jax.vjp(reference, jnp.asarray(x), jnp.asarray(w))
        return jax.tree.map(np.array, out), lambda dout: tuple(map(np.array, pullback(jax.tree.map(jnp.array, dout))))

    with jax.enable_x64(True):
        check_layer(by_jax, reference, arrays(x="N", w="N"), max_examples=20)


def test_an_ordered_dict_has_its_own_order():
    class Out:
        def forward(self, a):
            return OrderedDict(y=2 * a, c=3 * a)

        def backward(self, dout):
            return 2 * dout["y"] + 3 * dout["c"]

    check_layer(Out, lambda a: OrderedDict(y=2 * a, c=3 * a), arrays(a="N"), max_examples=20)


def test_fields_of_the_same_names_in_another_order_are_refused():
    class Ours(NamedTuple):
        c: object
        h: object

    class Theirs(NamedTuple):
        h: object
        c: object

    class Exchanged:
        def forward(self, a):
            return Ours(2 * a, 3 * a)

        def backward(self, dh, dc):
            return 2 * dh + 3 * dc

    report = check_layer(Exchanged, lambda a: Theirs(2 * a, 3 * a), arrays(a="N"), max_examples=20, raises=False)
    assert report.failed == ["runs"]
    assert "forward returned an Ours (out.c, out.h); expected" in report.diagnosis
