"""A script imports or defines what somebody's layer and reference need, or says what to define."""

import enum
import functools
import importlib.util
import os
import runpy
import subprocess
import sys
import textwrap
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import strategies as st

import handgrad
from handgrad.testing import arrays, check_layer
from tests.planted.right import Tanh

pytestmark = pytest.mark.usefixtures("as_found")

ROOT = Path(handgrad.__file__).parents[1]
X = arrays(x="2")
SLOPE = 0.5
check = functools.partial(check_layer, max_examples=10, dtypes=["float64"], raises=False)  # all of these layers fail


def script_of(page):
    """Cut the script out of a page."""
    introduction, text = page.split(":\n\n    import jax\n")
    assert introduction.endswith("is done") == ("# define " in text or "# rename " in text)
    return "import jax\n" + textwrap.dedent(text.split("\n\n\n")[0])


def run(text, capsys, **defined):
    """Run a script where it cannot see anything of ours, but what is defined first, and give what it prints."""
    capsys.readouterr()
    with np.printoptions():  # which a script sets
        exec(text, defined)
    return capsys.readouterr().out.splitlines()


def run_failing(layer, reference, capsys):
    report = check(layer, reference, X)
    text = script_of(str(report))
    return text, run(text, capsys)


def differ(lines):
    """Tell whether what a layer says differs from what JAX says, in the lines of a script's output."""
    ours, expected = lines[::2], lines[1::2]
    return any(a.split(":")[1] != b.split(":")[1] for a, b in zip(ours, expected, strict=True))


THE_BASE = """
import numpy as np

class Base:
    def forward(self, x):
        self.x = x
        return x * self.slope()
    def backward(self, dout):
        return dout * self.slope()
"""

THEIRS = """
import functools
import xml

import jax
import jax.numpy as np_of_jax
import jax.numpy as jnp
import numpy as np
from base_of_theirs import Base
from numpy import negative
from handgrad.testing import arrays, check_layer

EPS = 1e-5
TABLE = np.array([1.0, 2.0])
def doubled(y):
    return 2 * y + 0 * EPS

def tripled(y):
    return even(y) + y

def even(y):
    return doubled(y) if y is not None else tripled(y)

def make(scale):
    class Bad(Base):
        factor: float = EPS

        def slope(self):
            return scale * TABLE[1] + EPS + 0 * len(xml.__name__)

        def backward(self, dout):
            return negative(tripled(super().backward(dout)))

    return Bad

def reference(x, shift):
    return np_of_jax.sin(x) + shift

page = str(check_layer(make(3.0), lambda x: reference(x, EPS), arrays(x="2"), max_examples=10, raises=False))
"""


def test_a_script_of_theirs_is_pasted_with_all_that_it_uses(tmp_path, monkeypatch, capsys):
    (tmp_path / "base_of_theirs.py").write_text(THE_BASE)
    (tmp_path / "theirs.py").write_text(THEIRS)
    monkeypatch.syspath_prepend(tmp_path)
    text = script_of(runpy.run_path(str(tmp_path / "theirs.py"), run_name="__main__")["page"])
    assert differ(run(text, capsys))
    assert f"sys.path.insert(0, {str(tmp_path)!r})\nfrom base_of_theirs import Base\n" in text
    assert "# " not in text


def test_layer_and_reference_may_have_one_name(capsys):
    def relu(x):
        return np.maximum(x, 0), lambda dout: np.array(dout)

    text, lines = run_failing(relu, jax.nn.relu, capsys)
    assert "from jax.nn import relu as reference" in text
    assert differ(lines)


def test_two_sources_may_have_one_name(capsys):
    def layer():
        def tanh(x):
            return np.tanh(x), lambda dout: np.array(dout)

        return tanh

    def reference():
        def tanh(x):
            return jnp.tanh(x)

        return tanh

    text, lines = run_failing(layer(), reference(), capsys)
    assert "def reference(x):" in text
    assert differ(lines)


def test_one_of_several_lambdas_is_found(capsys):
    given = [lambda: Halved(2), lambda: Halved(SLOPE), lambda x: -x, lambda x: x]
    text, lines = run_failing(given[1], given[3], capsys)
    assert "make = lambda: Halved(SLOPE)" in text
    assert "reference = lambda x: x\n" in text
    assert "SLOPE = 0.5" in text
    assert differ(lines)


class Halved:
    def __init__(self, slope):
        self.slope = slope

    def forward(self, x):
        return np.array(x)

    def backward(self, dout):
        return dout * self.slope


class Of:
    class Nested(Tanh):
        def backward(self, dout):
            return np.array(dout)

    @staticmethod
    def identity(x):
        return x


class Applies:
    def __init__(self, function, table):
        self.function, self.table = function, table

    def forward(self, x):
        return self.function(x)

    def backward(self, dout):
        return dout * self.table


class Model:
    def apply(self, x):
        return x

    def __call__(self, x):
        return x


def uses_what_comes_later():
    def reference(x):
        return x if x.ndim else later

    later = str(check(functools.partial(Halved, SLOPE), reference, X))
    return later


MODEL = Model()
HALVED = functools.partial(Halved, SLOPE)
APPLIES = functools.partial(Applies, function=np.tanh, table=np.array([1.0, 2.0]))


@pytest.mark.parametrize(
    ("layer", "reference", "line"),
    [
        (HALVED, lambda x: x, "make = functools.partial(Halved, 0.5)"),
        (
            APPLIES,
            jnp.tanh,
            "make = functools.partial(Applies, function=tanh, table=np.array([1.0, 2.0], np.float64))",
        ),
        (Of.Nested, jnp.tanh, "Nested = importlib.import_module('tests.test_definitions').Of.Nested"),
        (HALVED, Of.identity, "identity = importlib.import_module('tests.test_definitions').Of.identity"),
        (HALVED, jax.jit(lambda x: x + 0 * SLOPE), "reference = lambda x: x + 0 * SLOPE"),
    ],
    ids="number function nested static jit".split(),
)
def test_what_is_given_is_imported_or_written(layer, reference, line, capsys):
    text, lines = run_failing(layer, reference, capsys)
    assert f"\n{line}\n" in text
    assert differ(lines)


@pytest.mark.parametrize(
    ("reference", "kind"),
    [
        (MODEL.apply, "method"),
        (Model(), "Model"),
        (jax.vmap(lambda x: x), "function"),
        (jax.jit(jax.vmap(lambda x: x)), "PjitFunction"),
    ],
    ids="method object vmap jit".split(),
)
def test_what_can_be_neither_is_asked_for(reference, kind, capsys):
    text = script_of(str(check(HALVED, reference, X)))
    name = getattr(reference, "__name__", "reference").replace("<lambda>", "reference")
    assert f"\n# define {name}: it is a {kind} where check_layer is called\n" in text
    with pytest.raises(NameError, match=name):
        run(text, capsys)
    assert differ(run(text, capsys, **{name: reference}))


def test_what_is_not_there_yet_is_asked_for(capsys):
    text = script_of(uses_what_comes_later())
    assert "# define later: it is not to be found" in text
    assert differ(run(text, capsys))


@pytest.mark.parametrize("name", ["__main__", "made"])
def test_what_was_typed_at_a_prompt_is_asked_for(name, capsys):
    typed = {"Tanh": Tanh, "np": np, "__name__": name}
    exec("class Typed(Tanh):\n    def backward(self, dout):\n        return np.array(dout)", typed)
    text = script_of(str(check(typed["Typed"], jnp.tanh, X)))
    assert "# define Typed: it is a type where check_layer is called" in text
    assert differ(run(text, capsys, Typed=typed["Typed"]))


def closes_over(array):
    def reference(x):
        return x + 0 * array.sum()

    return reference


def test_a_small_array_is_written(capsys):
    text, lines = run_failing(HALVED, closes_over(jnp.eye(2)), capsys)
    assert "array = jax.numpy.asarray(np.array([[1.0, 0.0], [0.0, 1.0]], np.float64))" in text
    assert differ(lines)


def test_a_large_array_is_asked_for(capsys):
    array = np.random.default_rng(0).normal(size=5000)
    text = script_of(str(check(HALVED, closes_over(array), X)))
    assert "# define array: it is a ndarray where check_layer is called" in text
    assert differ(run(text, capsys, array=array))


class Mode(enum.Enum):
    SLOW = 1


@pytest.mark.parametrize(
    ("option", "line"),
    [
        (-1, "option = -1"),
        ((1, [None, "a"]), "option = (1, [None, 'a'])"),
        (HALVED, "option = the_option"),
        (np.float32, "option = float32"),
        (float, "option = float"),
        (lambda x: x, "option = the_option"),
    ],
)
def test_an_option_is_written_whatever_it_is(option, line, capsys):
    def layer(x, option):
        return np.array(x), lambda dout: (2 if option else 3) * dout

    text = script_of(str(check(layer, lambda x, option: x, arrays(x="2", option=st.just(option)))))
    assert f"\n{line}\n" in text
    assert differ(run(text, capsys))


def test_an_option_that_cannot_be_written_is_asked_for():
    def layer(x, option):
        return np.array(x), lambda dout: (2 if option else 3) * dout

    text = script_of(str(check(layer, lambda x, option: x, arrays(x="2", option=st.just(Mode.SLOW)))))
    assert "# define the_option: it is a Mode where check_layer is called" in text
    assert "\noption = the_option\n" in text


def test_a_default_that_means_what_it_meant_is_written(capsys):
    def layer(x, é="…", less=len, number=np.pi, slope=SLOPE):
        return np.array(x), lambda dout: number * dout * less([é]) + 0 * slope

    text, lines = run_failing(layer, lambda x: x, capsys)
    assert "SLOPE = 0.5" in text
    assert "#" not in text
    assert differ(lines)


LATER = """
from handgrad.testing import arrays, check_layer

layers = []
for k in (3, 4):
    {made}
page = str(check_layer(layers[0], lambda x: 3 * x, arrays(x="2"), max_examples=10, dtypes=["float64"], raises=False))
"""


@pytest.mark.parametrize("default", ["k", "k + 0", "[k][0]"])
def test_a_name_that_may_have_meant_something_else_in_a_default_is_asked_for(default, tmp_path, capsys):
    made = f"layers.append(lambda x, k={default}: (k * x, lambda dout: 2 * dout))"
    (tmp_path / "later.py").write_text(LATER.format(made=made))
    text = script_of(runpy.run_path(str(tmp_path / "later.py"), run_name="__main__")["page"])
    assert "# define k: it is not to be found where check_layer is called" in text
    with pytest.raises(NameError, match="'k'"):
        run(text, capsys)
    assert differ(run(text, capsys, k=3))


def with_factor(SLOPE):
    class Layer:
        factor = SLOPE + 1

        def forward(self, x):
            return x * self.factor

        def backward(self, dout):
            return 2 * dout * self.factor

    return Layer


def test_a_name_that_may_have_meant_something_else_in_a_class_is_asked_for(capsys):
    text = script_of(str(check(with_factor(2.0), lambda x: 3 * x, X)))
    assert "# define SLOPE: it is not to be found where check_layer is called" in text
    assert differ(run(text, capsys, SLOPE=2.0))


def decorated(function):
    def wrapper(x):
        return function(x)

    return wrapper


def test_a_function_that_is_decorated_is_asked_for():
    @decorated
    def reference(x):
        return x

    assert "# define function: it is a function where" in script_of(str(check(HALVED, reference, X)))


OF_TAKEN_NAMES = """
import jax.numpy as np
import numpy
from handgrad.testing import arrays, check_layer

out = 3.0

def sum(x):
    return out * x

def reference(x):
    return np.array(sum(x))

def layer(x):
    return numpy.array(sum(x)), lambda dout: 2 * dout

page = str(check_layer(layer, reference, arrays(x="2"), max_examples=10, dtypes=["float64"], raises=False))
"""


def test_a_name_that_means_something_else_in_the_script_is_to_be_renamed(tmp_path):
    (tmp_path / "of_taken_names.py").write_text(OF_TAKEN_NAMES)
    text = script_of(runpy.run_path(str(tmp_path / "of_taken_names.py"), run_name="__main__")["page"])
    asked = [line for line in text.splitlines() if line.startswith("#")]
    assert asked == [f"# rename {name}: it means something else here, too" for name in ("sum", "np")]


def factory_called_layer():
    def layer():
        return Halved(SLOPE)

    return layer


def test_a_factory_may_have_the_name_of_a_variable_of_the_script(capsys):
    text, lines = run_failing(factory_called_layer(), lambda x: x, capsys)
    assert "def make():" in text
    assert differ(lines)


WRONG = """
import numpy as np

class Wrong:
    def forward(self, x):
        return x * self.slope()
    def backward(self, dout):
        return 3 * dout
    def slope(self):
        return 2

class Outer:
    class Inner(Wrong):
        def slope(self):
            return 2.0

def reference(x):
    return x * 2
"""
CHECKED = """
from handgrad.testing import arrays, check_layer

def test_wrong():
    check_layer(Wrong, reference, arrays(x="2"), max_examples=10, dtypes=["float64"])
"""


def python(*arguments, folder):
    """Run a new Python in a folder, and give what it prints."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False).stdout


def shows_it_again(page, tmp_path):
    """Run the script of a page as a file elsewhere, and tell whether it shows what is wrong."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "again.py").write_text(script_of(page))
    return differ(python("again.py", folder=tmp_path / "elsewhere").splitlines())


def by_name(name, path, monkeypatch):
    monkeypatch.syspath_prepend(str(path).removesuffix(f"{name.replace('.', '/')}.py"))
    return vars(importlib.import_module(name))


def by_spec(name, path, monkeypatch):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return vars(module)


def by_runpy(_, path, __):
    return runpy.run_path(str(path))


@pytest.mark.parametrize(
    ("file", "name", "load", "line"),
    [
        ("wrong/layers_of_theirs.py", "wrong.layers_of_theirs", by_name, "from wrong.layers_of_theirs import Wrong"),
        ("my-layers.py", "my-layers", by_spec, "Wrong = importlib.import_module('my-layers').Wrong"),
        ("lambda.py", "lambda", by_spec, "Wrong = importlib.import_module('lambda').Wrong"),
        ("layers.py", "called otherwise", by_spec, "class Wrong:"),
        ("my-layers.py", "", by_runpy, "class Wrong:"),
    ],
    ids="package dash keyword renamed runpy".split(),
)
def test_a_layer_is_taken_from_its_file_whatever_its_module_is_called(file, name, load, line, tmp_path, monkeypatch):
    path = tmp_path / "theirs" / file
    path.parent.mkdir(parents=True)
    path.write_text(WRONG)
    module = load(name, path, monkeypatch)
    page = str(check(module["Wrong"], module["reference"], X))
    assert f"\n    {line}\n" in page
    assert shows_it_again(page, tmp_path)
    nested = script_of(str(check(module["Outer"].Inner, module["reference"], X)))
    assert ".Outer.Inner\n" in nested or "class Inner(Wrong):" in nested


@pytest.mark.parametrize("mode", ["importlib", "prepend"])
def test_a_layer_in_a_test_is_imported_from_its_file_however_pytest_does(mode, tmp_path):
    (tmp_path / "deep-learning").mkdir()
    (tmp_path / "deep-learning" / "test_l.py").write_text(WRONG + CHECKED)
    options = ["-p", "no:cacheprovider", f"--import-mode={mode}", f"--rootdir={tmp_path}"]
    said = python("-m", "pytest", *options, "deep-learning", folder=tmp_path)
    lines = [line[len("E       ") :] for line in said.splitlines() if line.startswith("E")]
    page = "\n".join(lines)
    assert "import_module('deep-learning.test_l')" in page if mode == "importlib" else "from test_l import" in page
    assert shows_it_again(page, tmp_path)
