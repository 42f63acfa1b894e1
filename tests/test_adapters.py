"""Every form in which people write a backward, right and wrong: what the checker says of it, and by which names."""

import jax
import jax.numpy as jnp
import pytest
from hypothesis import strategies as st

from handgrad.testing import adapters, arrays, check_layer
from tests.planted.forms import (
    AFFINE,
    ATTRIBUTES,
    RIGHT,
    RUNNING,
    STATE,
    WRONG,
    Attributes,
    KeepsMore,
    KeepsTheLast,
    RunningNorm,
    affine,
    affine_backward,
    of_functions,
    running_norm,
)
from tests.test_definitions import run, script_of

pytestmark = pytest.mark.usefixtures("as_found")


def check(layer, reference, inputs, **options):
    return check_layer(layer, reference, inputs, max_examples=30, raises=False, **options)


@pytest.mark.parametrize("form", RIGHT)
def test_a_right_layer_passes_in_every_form(form):
    layer, reference, inputs = RIGHT[form]
    report = check(layer, reference, inputs)
    assert report.failed == []
    assert report.without_gradient == (["t"] if form == "value and gradient" else [])


@pytest.mark.parametrize("form", WRONG)
def test_a_wrong_layer_is_caught_in_every_form_under_its_own_name(form):
    (layer, reference, inputs), name, said = WRONG[form]
    report = check(layer, reference, inputs, dtypes=["float64"])
    assert report.layer == name
    assert "gradient" in report.failed
    assert report.diagnosis == f"backward: {said}"


@pytest.mark.parametrize("form", ["functions", "attributes", "custom_vjp"])
def test_a_script_makes_the_layer_as_its_author_does(form, capsys):
    (layer, reference, inputs), _, _ = WRONG[form]
    text = script_of(str(check(layer, reference, inputs, dtypes=["float64"])))
    made = {
        "functions": "make = adapters.functions(affine_forward, affine_backward_of_the_first_row)",
        "attributes": "make = adapters.layer(AttributesHalved, forward='__call__', backward='backprop', grads={'x': ",
        "custom_vjp": "make = adapters.custom_vjp(",
    }
    assert made[form] in text
    if form != "custom_vjp":  # which Python finds no source of
        _, _, said = "\n".join(run(text, capsys)).partition("\ndx, dW, db: ")
        ours, _, theirs = said.partition("\nJAX: ")
        assert ours != theirs


def test_a_layer_that_a_lambda_makes_goes_by_the_name_of_its_class():
    def same(x):
        return x * 1

    for make in (lambda: Same(), adapters.layer(lambda: Same())):
        assert check(make, same, arrays(x="N"), dtypes=["float64"]).layer == "Same"
    with pytest.raises(TypeError, match="<lambda> makes a dict, which has no forward and no backward"):
        check(lambda: {}, same, arrays(x="N"))


class Same:
    def forward(self, x):
        return x.copy()

    def backward(self, dout):
        return dout.copy()


def gives_no_cache(x, W, b):
    return x @ W + b


def gives_a_tuple_of_one(x, W, b):
    return (x @ W + b,)


def gives_other_names(dout, cache):
    return dict(zip(("dx", "dw", "db"), affine_backward(dout, cache), strict=True))


class HasNoMethod:
    def __init__(self, W, b):
        pass

    def forward(self, x):
        return x


def of_attributes(**options):
    return adapters.layer(Attributes, **{**ATTRIBUTES, **options})


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (
            adapters.functions(gives_no_cache, affine_backward),
            "gives_no_cache returned a ndarray; expected the tuple",
        ),
        (adapters.functions(gives_a_tuple_of_one, affine_backward), "gives_a_tuple_of_one returned a tuple of one; "),
        (of_functions(gives_other_names)[0], "the gradients are called dx, dw, db; expected x, W, b"),
        (adapters.value_and_grad(gives_no_cache), "gives_no_cache returned a ndarray; expected the tuple value, dx"),
        (adapters.layer(HasNoMethod), "HasNoMethod has no method backward"),
        (
            of_attributes(grads={"W": "dw"}),
            "Attributes has no dw, where W belongs; it has W, b, x, grad_x",
        ),
        (of_attributes(grads={"w": "grad_w"}), "grads names w; expected names out of W, b, x"),
        (of_attributes(params={"W": "weight"}), "Attributes has no weight, where W belongs; it has W, b"),
        (of_attributes(state={"mean": "b"}), "state names mean, which the inputs do not describe"),
        (of_attributes(params={"W": "b"}), "Attributes.b has the shape (1,), and W, which belongs there, has (1, 1)"),
    ],
)
def test_what_a_layer_lacks_is_named(layer, said):
    report = check(layer, affine, AFFINE, dtypes=["float64"])
    assert report.failed == ["runs"]
    assert said in report.diagnosis


def test_inputs_that_a_function_does_not_take_are_named():
    inputs = arrays(x="N D", W="D M", bias="M")
    with pytest.raises(TypeError, match="the inputs name bias, which affine_forward does not take: it takes x, W, b"):
        check(of_functions(affine_backward)[0], lambda x, W, bias: x @ W + bias, inputs)


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"grads": ["grad_w"]}, TypeError, r"grads is \['grad_w'\]; expected a dict by name, such as {'W': 'params"),
        ({"params": {"V": "V"}}, TypeError, "params names V, which Attributes does not take"),
        ({"params": {"W": "W +"}}, ValueError, "'W \\+', where W belongs, is no place; expected an attribute"),
        ({"state": {"mean": "f(x)"}}, ValueError, r"'f\(x\)', where mean belongs, is no place"),
    ],
)
def test_what_names_no_place_is_an_error(options, error, said):
    with pytest.raises(error, match=said):
        of_attributes(**options)


def test_state_that_is_not_declared_is_caught_where_modes_change(capsys):
    def stateless_norm(x, gamma, train):
        return running_norm(x, gamma, train, jnp.zeros_like(gamma), jnp.ones_like(gamma))["out"]

    inputs = arrays(x="N>0 D", gamma="D", train=st.booleans())
    report = check(RunningNorm, stateless_norm, inputs, dtypes=["float64"])
    assert report.failed == ["stateless"]
    assert "what it is meant to keep is declared by adapters.layer(..., state=...)" in report.diagnosis
    text = script_of(str(report))
    assert "train = True\nearlier(" in text
    _, _, said = "\n".join(run(text, capsys)).partition("(after other forwards): ")
    ours, _, alone = said.partition("\nout, dx, dgamma (by a new layer): ")
    assert ours != alone


def test_state_that_is_declared_is_compared_and_everything_else_is_stateless():
    report = check(adapters.layer(RunningNorm, state=STATE), running_norm, RUNNING)
    assert report.failed == []
    assert {"out['out']", "out['mean']", "out['var']", "x", "gamma"} == report.found[0].worst.keys()
    wrong = check(adapters.layer(KeepsTheLast, state=STATE), running_norm, RUNNING, dtypes=["float64"])
    assert wrong.failed == ["value"]
    assert wrong.diagnosis.startswith("forward, not backward, is at fault: out['var'] is ")
    more = check(adapters.layer(KeepsMore, state=STATE), running_norm, RUNNING, dtypes=["float64"])
    assert more.failed == ["stateless"]


class Twice:
    """Gives two outputs, and keeps a sum of what it has seen."""

    total = None

    def forward(self, x):
        self.total = self.total + x.sum(axis=0)
        return 2 * x, 3 * x

    def backward(self, dtwice, dthrice):
        return 2 * dtwice + 3 * dthrice


@pytest.mark.parametrize(("factor", "failed"), [(3, []), (4, ["value", "gradient"])])
def test_several_outputs_go_beside_the_state(factor, failed):
    def reference(x, total):
        return {"out": (2 * x, factor * x), "total": jax.lax.stop_gradient(total + x.sum(0))}

    layer = adapters.layer(Twice, state={"total": "total"})
    report = check(layer, reference, arrays(x="N D", total="D"), dtypes=["float64"])
    assert report.failed == failed
    assert {"out['out'][0]", "out['out'][1]", "out['total']"} <= report.found[0].worst.keys()
