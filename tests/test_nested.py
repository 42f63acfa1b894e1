"""Arguments in dicts, lists and tuples, on both sides."""

import textwrap

import jax.numpy as jnp
import numpy as np
import pytest

from handgrad.testing import arrays, check_layer, labels, masks
from handgrad.testing.trees import Nested, Tree
from tests.test_definitions import script_of
from tests.test_script import printed


class Network:
    """Several layers of tanh; their params are dicts in a list."""

    def __init__(self, params):
        self.params = params

    def forward(self, x):
        self.seen = [x]
        for each in self.params:
            self.seen.append(np.tanh(self.seen[-1] @ each["W"] + each["b"]))
        return self.seen[-1].copy()

    def backward(self, dout):
        self.dparams = []
        for each, x, y in reversed([*zip(self.params, self.seen, self.seen[1:], strict=False)]):
            dz = dout * (1 - y**2)
            self.dparams.insert(0, {"W": x.T @ dz, "b": self.of_bias(dz)})
            dout = dz @ each["W"].T
        return dout

    def of_bias(self, dz):
        return dz.sum(axis=0)


class NetworkDoubled(Network):
    def of_bias(self, dz):
        return 2 * dz.sum(axis=0)


class NetworkWithoutBias(Network):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dparams = [{"W": each["W"], "b": None} for each in self.dparams]
        return dx


class NetworkInATuple(Network):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dparams = [tuple(each.values()) for each in self.dparams]
        return dx


def network(params, x):
    assert isinstance(params, list)
    for each in params:
        x = jnp.tanh(x @ each["W"] + each["b"])
    return x


INPUTS = arrays(x="N D", params=[{"W": "D H", "b": "H"}, {"W": "H C", "b": "C"}])


def test_a_layer_and_its_reference_get_arguments_as_they_are_described():
    report = check_layer(Network, network, INPUTS, max_examples=20)
    gradients = "params[0]['W'] params[0]['b'] params[1]['W'] params[1]['b']".split()
    assert [*report.found[0].worst] == ["out", "x", *gradients]
    assert "dparams[1]['b'] 0." in str(report) or "dparams[1]['b'] 1." in str(report)


@pytest.mark.parametrize(
    ("layer", "failed", "said"),
    [
        (NetworkDoubled, "gradient", "each of dparams[0]['b'] and dparams[1]['b'] is 2 times what it should be"),
        (NetworkWithoutBias, "runs", "backward left no dparams[0]['b']; bind params[0]['b'] with functools.partial"),
        (
            NetworkInATuple,
            "runs",
            "gave dparams[0][0], dparams[0][1], dparams[1][0], dparams[1][1]; expected gradients of params[0]['W'], ",
        ),
    ],
)
def test_what_is_wrong_in_a_nested_gradient_is_named(layer, failed, said):
    report = check_layer(layer, network, INPUTS, max_examples=20, dtypes=["float64"], raises=False)
    assert report.failed == [failed]
    assert said in report.diagnosis


def test_the_script_makes_arguments_as_the_layer_gets_them(capsys):
    report = check_layer(NetworkDoubled, network, INPUTS, max_examples=20, dtypes=["float64"], raises=False)
    text = script_of(str(report))
    made = "params=[{'W': params_0_W, 'b': params_0_b}, {'W': params_1_W, 'b': params_1_b}]"
    assert f"layer = NetworkDoubled({made})" in text
    said = printed(textwrap.dedent(text), capsys)
    _, ours, gradients = said.partition("dx, dparams[0]['W'], ")
    assert ours
    ours, _, jaxs = gradients.partition("JAX: ")
    assert ours.partition(": ")[2].strip() != jaxs.strip()


def scale(params, x, weights):
    (w, b), kept = params, weights["kept"]
    assert isinstance(params, tuple)
    return np.where(kept, x * w + b, 0), lambda dout: (
        [np.where(kept, dout * x, 0), np.where(kept, dout, 0)],
        np.where(kept, dout, 0) * w,
    )


def test_a_function_takes_them_and_gives_their_gradients_in_a_list_or_a_tuple():
    described = {"kept": masks("N", of="x")}
    inputs = arrays(params=("N", "N"), x="N", weights=described)

    def reference(params, x, weights):
        return jnp.where(weights["kept"], jnp.where(weights["kept"], x, 0) * params[0] + params[1], 0)

    with pytest.raises(ValueError, match=r"weights\['kept'\] masks y, which is no argument"):
        arrays(x="N", weights={"kept": masks("N", of="y")})
    assert "masked" in check_layer(scale, reference, inputs, max_examples=20).passed


def test_nothing_describes_nothing():
    for nothing in ({}, [], (), None):
        with pytest.raises(TypeError, match="params is described by nothing"):
            arrays(x="N", params=nothing)
    with pytest.raises(TypeError, match=r"params\[0\] is described by an int"):
        arrays(params=[3])


def test_things_are_together_in_the_order_of_their_holders():
    nested = Nested({"p": Tree.of("p", {"b": 0, "a": (1, [2])})})
    assert nested.held("p") == ("p['a'][0]", "p['a'][1][0]", "p['b']")
    assert [nested.holder(name) for name in ("p['b']", "x")] == ["p", "x"]
    things = {"x": 5, **dict(zip(nested.held("p"), (1, 2, 3), strict=True)), "y": 6}
    whole = nested.together(things)
    assert [*whole.items()] == [("x", 5), ("p", {"b": 3, "a": (1, [2])}), ("y", 6)]
    assert nested.apart(whole) == things


def test_labels_may_be_nested():
    class Rows:
        def __init__(self, table):
            self.table = table

        def forward(self, data):
            self.t = data["t"]
            return self.table["W"][self.t]

        def backward(self, dout):
            self.dtable = {"W": np.zeros_like(self.table["W"])}
            np.add.at(self.dtable["W"], self.t, dout)

    inputs = arrays(table={"W": "C D"}, data={"t": labels("N", classes="C")})
    check_layer(Rows, lambda table, data: table["W"][data["t"]], inputs, max_examples=20)


def test_what_a_layer_remembers_of_nested_inputs_is_noticed():
    class Scale:
        first = None

        def forward(self, data):
            self.w = data["w"]
            self.first = data["w"].copy() if self.first is None or self.first.shape != self.w.shape else self.first
            return data["x"] * self.first

        def backward(self, dout):
            return {"x": dout * self.first, "w": None}

    inputs = arrays(data={"x": "2", "w": "2"})
    report = check_layer(Scale, lambda data: data["x"] * data["w"], inputs, max_examples=20, raises=False)
    assert report.failed == ["stateless"]
