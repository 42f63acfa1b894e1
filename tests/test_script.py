"""The script at the end of a page: it runs in one paste, and what it prints shows the failure."""

import runpy
import textwrap
import warnings
from dataclasses import replace

import numpy as np
import pytest

from handgrad.testing import arrays, check_layer
from handgrad.testing.found import Failure
from handgrad.testing.inputs.drawing import Settings
from handgrad.testing.oracle import Oracle
from handgrad.testing.page.script import script
from handgrad.testing.page.script.definitions import Definitions
from handgrad.testing.page.script.tails import tails
from handgrad.testing.properties import BATTERY
from handgrad.testing.properties.memory import unshared
from handgrad.testing.properties.state import separate
from handgrad.testing.search import Search
from handgrad.testing.subject import Subject
from handgrad.testing.trial import Complaint
from tests.planted.catalogue import BUGS
from tests.planted.right import EMBEDDING, TANH
from tests.planted.state import EmbeddingInOnePlace, TanhOfTheLastLayer
from tests.test_planted import ALONE


def printed(script, capsys):
    """Run a script, and give what it prints, or the error that it ends with."""
    capsys.readouterr()
    with warnings.catch_warnings(), np.printoptions():  # both of which a script sets
        warnings.simplefilter("ignore")
        try:
            exec(script, {})
        except Exception as error:
            return f"{type(error).__name__}: {error}"
    return capsys.readouterr().out


def failure_of(layer, right, name, dtypes=("float64",)):
    report = check_layer(layer, right.reference, right.inputs, max_examples=40, dtypes=dtypes, raises=False)
    return next(failure for failure in report.failures if failure.property.__name__ == name)


def by_the_right_layer(failure, right):
    """Give the failure whose script runs the right layer instead."""
    subject = Subject(right.layer, list(right.inputs.arguments))
    return replace(failure, trial=replace(failure.trial, subject=subject))


def test_every_property_has_a_tail():
    failure = failure_of(TanhOfTheLastLayer, TANH, "separate")
    variables = {name: name for name in failure.trial.inputs}
    assert tails(failure.trial, "make", "reference", variables).keys() == set(BATTERY)


@pytest.mark.parametrize("bug", [bug for bug in BUGS if bug.name in ALONE.values()], ids=lambda bug: bug.complaint)
def test_a_script_shows_the_failure_and_nothing_of_it_with_the_right_layer(bug, capsys, monkeypatch):
    failure = failure_of(bug.layer, bug.right, bug.complaint, bug.dtypes)
    for free in (Definitions.free, lambda self, name, *used: f"the_{name}"):
        monkeypatch.setattr(Definitions, "free", free)  # the second leaves no name free
        wrong = printed(script(failure), capsys)
        right = printed(script(by_the_right_layer(failure, bug.right)), capsys)
        assert wrong != right
        assert "NameError" not in wrong
        if bug.complaint == "refuses":
            assert right.startswith("IndexError: a label is negative")
        else:
            assert "Error" not in right


def failure_at_any_example(layer, right, holds):
    subject, oracle = Subject(layer, list(right.inputs.arguments)), Oracle(right.reference)
    trials = Search(subject, oracle, right.inputs, np.dtype(np.float64), Settings(10)).sample()
    return Failure(holds, "", next(trial for trial in trials if fails(holds, trial)))


def fails(holds, trial):
    try:
        holds(trial)
    except Complaint:
        return True
    return False


@pytest.mark.parametrize(
    ("layer", "right", "holds", "shows"),
    [
        (TanhOfTheLastLayer, TANH, separate, "with another layer at work"),
        (EmbeddingInOnePlace, EMBEDDING, unshared, "dW shares memory with earlier dW"),
    ],
)
def test_a_script_shows_what_is_shared_with_other_layers_and_calls(layer, right, holds, shows, capsys):
    failure = failure_at_any_example(layer, right, holds)
    wrong = printed(script(failure), capsys)
    assert shows in wrong
    assert wrong != printed(script(by_the_right_layer(failure, right)), capsys)


NAMES = "layer jax np reference expected pullback inf nan dx make scale Scale print max".split()
SCALES = f"""
import numpy as numpy_of_theirs
from handgrad.testing import arrays, check_layer

class Scale:
    def __init__(self, {", ".join(NAMES)}):
        self.factor = {" + ".join(NAMES)}

    def forward(self, x):
        self.x = max(x, x, key=numpy_of_theirs.size)
        return x * self.factor

    def backward(self, dout):
        for name in {NAMES}:
            setattr(self, "d" + name, (dout * self.x).sum(axis=0))
        return 2 * dout * self.factor

class ScaleInPlace(Scale):
    def backward(self, dout):
        dx = super().backward(dout) / 2
        dout *= 3
        return dx

def scale(x, {", ".join(NAMES)}):
    return x * ({" + ".join(NAMES)})

inputs = arrays(x="1 2", {", ".join(f"{name}='2'" for name in NAMES)})
pages = [
    str(check_layer(layer, scale, inputs, max_examples=10, dtypes=["float32"], raises=False))
    for layer in (Scale, ScaleInPlace)
]
"""


def test_inputs_may_have_any_names(tmp_path, capsys):
    (tmp_path / "theirs.py").write_text(SCALES)
    for page in runpy.run_path(str(tmp_path / "theirs.py"), run_name="__main__")["pages"]:
        text = page.split("This shows the first of them again:\n\n")[1]
        lines = printed(textwrap.dedent(text), capsys).splitlines()
        assert "Error" not in lines[0]
        assert lines[-2].split(":")[1] != lines[-1].split(":")[1]


def test_arguments_of_one_variable_keep_apart(capsys):
    def shifted(params, params_W):
        return params["W"] - params_W, lambda dout: ({"W": dout.copy()}, dout.copy())

    inputs = arrays(params={"W": "2"}, params_W="2")
    report = check_layer(
        shifted,
        lambda params, params_W: params["W"] - params_W,
        inputs,
        max_examples=20,
        dtypes=["float64"],
        raises=False,
    )
    ours, jaxs = printed(script(report.failures[0]), capsys).splitlines()[-2:]
    assert ours.startswith("dparams['W'], dparams_W: ")
    assert ours.partition(": ")[2] != jaxs.partition(": ")[2]
    assert "params={'W': params_W}, params_W=the_params_W)" in script(report.failures[0])
