"""A script defines what somebody's layer and reference need, wherever they come from."""

import enum
import functools
import runpy
import sys
import textwrap
from dataclasses import dataclass, field
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import strategies as st

from handgrad.testing import arrays, check_layer
from handgrad.testing.page.script.definitions import Definitions
from handgrad.testing.page.script.names import places_of
from tests.planted.right import Tanh

pytestmark = pytest.mark.usefixtures("as_found")

X = arrays(x="2")
SLOPE = 0.5
check = functools.partial(check_layer, max_examples=10, dtypes=["float64"], raises=False)  # all of these layers fail


def script_of(page):
    return textwrap.dedent(page.split("again:\n\n")[1])


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
import xml.dom.minidom

import jax
import jax.numpy as np_of_jax
import jax.numpy as jnp
import numpy as np
from base_of_theirs import Base
from numpy import negative
from handgrad.testing import arrays, check_layer

EPS = 1e-5
TABLE = np.array([1.0, 2.0])
GENERATOR = np.random.default_rng(0)

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
            return scale * TABLE[1] + EPS + 0 * len(xml.dom.minidom.__name__)

        def backward(self, dout):
            return negative(tripled(super().backward(dout))) + 0 * GENERATOR.random()

    return Bad

mapped = jax.vmap(lambda y: np_of_jax.sin(y) + EPS)

def reference(x, shift):
    return mapped(x) + shift

page = str(check_layer(make(3.0), lambda x: reference(x, EPS), arrays(x="2"), max_examples=10, raises=False))
"""


def test_a_script_of_theirs_is_pasted_with_all_that_it_uses(tmp_path, monkeypatch, capsys):
    (tmp_path / "base_of_theirs.py").write_text(THE_BASE)
    (tmp_path / "theirs.py").write_text(THEIRS)
    monkeypatch.syspath_prepend(tmp_path)
    text = script_of(runpy.run_path(str(tmp_path / "theirs.py"), run_name="__main__")["page"])
    assert differ(run(text, capsys))
    assert f"sys.path.insert(0, {str(tmp_path)!r})\nfrom base_of_theirs import Base\n" in text
    assert "cannot be written out" not in text


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

    @classmethod
    def identity(cls, x):
        return x


def uses_what_comes_later():
    def reference(x):
        return x if x.ndim else later

    later = str(check(functools.partial(Halved, SLOPE), reference, X))
    return later


MODEL = Model()
APPLIES = functools.partial(Applies, function=np.tanh, table=np.array([1.0, 2.0]))


@pytest.mark.parametrize(
    ("layer", "reference", "line"),
    [
        (functools.partial(Halved, SLOPE), lambda x: x, "make = functools.partial(Halved, 0.5)"),
        (
            APPLIES,
            jnp.tanh,
            "make = functools.partial(Applies, function=make_function, table=np.array([1.0, 2.0], np.float64))",
        ),
        (Of.Nested, jnp.tanh, "Nested = Of.Nested"),
        (functools.partial(Halved, SLOPE), MODEL.apply, "apply = apply_object.apply"),
        (functools.partial(Halved, SLOPE), Model.identity, "identity = Model.identity"),
        (functools.partial(Halved, SLOPE), jax.jit(lambda x: x + 0 * SLOPE), "reference = lambda x: x + 0 * SLOPE"),
        (functools.partial(Halved, SLOPE), jax.vmap(lambda x: x), "# reference cannot be written out here"),
    ],
    ids="number function nested method classmethod jit vmap".split(),
)
def test_what_is_given_is_defined_or_said_to_be_missing(layer, reference, line, capsys):
    page = str(check(layer, reference, X))
    text = script_of(page)
    assert line in text
    assert ("This shows the first of them again" in page) != line.startswith("#")
    if line.startswith("#"):
        with pytest.raises(NameError):
            run(text, capsys)
    else:
        assert differ(run(text, capsys))


def test_what_is_not_there_yet_is_said_to_be_missing(capsys):
    text = script_of(uses_what_comes_later())
    assert "# later cannot be written out here" in text
    assert differ(run(text, capsys))


def test_what_was_typed_at_a_prompt_is_said_to_be_missing(capsys):
    typed = {"Tanh": Tanh, "np": np, "__name__": "__main__"}
    exec("class Typed(Tanh):\n    def backward(self, dout):\n        return np.array(dout)", typed)
    page = str(check(typed["Typed"], jnp.tanh, X))
    assert (
        "Typed cannot be written out here: define it as the class that it is where check_layer is called.\n"
        "Then the following shows the first of them again:\n\n" in page
    )
    assert differ(run(script_of(page), capsys, Typed=typed["Typed"]))


def test_a_function_that_was_made_by_exec_is_said_to_be_missing(capsys):
    made = {"np": np}
    exec("def made(x):\n    return np.tanh(x), lambda dout: np.array(dout)", made)
    page = str(check(made["made"], jnp.tanh, X))
    assert "made cannot be written out here: define it as the function that it is where check_layer" in page
    assert differ(run(script_of(page), capsys, made=made["made"]))


def test_a_name_that_means_two_things_is_said_to_do_so():
    definitions = Definitions({"np": np})
    definitions.bind("np", np)
    assert definitions.lines == []
    definitions.bind("np", jnp)
    assert definitions.lines == ["# np means two things, and only the first is here: rename one of them"]


def closes_over(array):
    def reference(x):
        return x + 0 * array.sum()

    return reference


@pytest.mark.parametrize("array", [np.eye(70), np.linspace(0.0, 1.0, 5000), jnp.zeros((70, 70)).at[3, 4].set(1)])
def test_a_large_array_is_written_where_that_is_short(array, capsys):
    text, lines = run_failing(functools.partial(Halved, SLOPE), closes_over(array), capsys)
    assert differ(lines)
    assert len(text) < 3000


@pytest.mark.parametrize("size", [5000, 50_000])
def test_a_large_array_of_many_numbers_is_said_to_be_missing(size, capsys):
    array = np.random.default_rng(0).normal(size=size)
    page = str(check(functools.partial(Halved, SLOPE), closes_over(array), X))
    assert "array cannot be written out here: define it as the ndarray that it is" in page
    assert differ(run(script_of(page), capsys, array=array))


class Mode(enum.Enum):
    SLOW = 1
    FAST = "two"


class Sides(enum.Flag):
    LEFT = 1
    RIGHT = 2


class Config(NamedTuple):
    slope: float
    mode: Mode = Mode.FAST


@dataclass(frozen=True)
class Frozen:
    slope: float
    modes: tuple[Mode, ...] = (Mode.SLOW, Mode.FAST)

    def __call__(self, x):
        return x

    def apply(self, x):
        return x


@dataclass
class Unlike:
    """One that its constructor does not make again."""

    slope: float
    half: float = field(init=False, default=0.5)

    def __call__(self, x):
        return x


class Chain:
    def __init__(self, slope):
        self.slope, self.function, self.table, self.itself = slope, np.tanh, np.arange(30.0), self

    def __call__(self, x):
        return x

    def layer(self):
        return lambda x: (x * self.itself.slope, lambda dout: dout)


class Holds:
    def __init__(self, held):
        self.held = held

    def __call__(self, x):
        return x


@pytest.mark.parametrize(
    ("option", "line"),
    [
        (Mode.SLOW, "option = Mode.SLOW"),
        (Sides.LEFT | Sides.RIGHT, "option = Sides(3)"),
        (Config(0.5), "option = Config(slope=0.5, mode=Mode.FAST)"),
        (Frozen(0.5), "option = Frozen(slope=0.5, modes=(Mode.SLOW, Mode.FAST,))"),
        (functools.partial(Halved, SLOPE), "option = functools.partial(Halved, 0.5)"),
        (np.dtype(np.float32), "option = np.dtype(np.float32)"),
        (np.float32, "option = float32"),
        (float, "option = float"),
        (slice(1, None), "option = slice(1, None, None)"),
        ({"a": [Mode.SLOW, {Mode.FAST}]}, "option = {'a': [Mode.SLOW, {Mode.FAST}]}"),
        (lambda x: x, "option = the_option"),
        (Chain(0.5), "option = the_option"),
    ],
)
def test_an_option_is_written_whatever_it_is(option, line, capsys):
    def layer(x, option):
        return np.array(x), lambda dout: (2 if option else 3) * dout

    described = arrays(x="2", option=st.just(option))
    page = str(check(layer, lambda x, option: x, described))
    assert "This shows the first of them again" in page
    assert f"\n{line}\n" in script_of(page)
    assert differ(run(script_of(page), capsys))


@pytest.mark.parametrize("reference", [Frozen(1.0), Frozen(1.0).apply, Unlike(1.0), Chain(1.0)])
@pytest.mark.parametrize("argument", [Config(0.5), Frozen(0.5), Unlike(0.5), Chain(0.5)])
def test_objects_are_made_again(argument, reference, capsys):
    def of(argument):
        return Halved(argument.slope)

    page = str(check(functools.partial(of, argument), reference, X))
    assert "This shows the first of them again" in page
    assert differ(run(script_of(page), capsys))


def test_a_function_that_closes_over_an_object_has_it(capsys):
    text, lines = run_failing(Chain(0.5).layer(), lambda x: x, capsys)
    assert "self = Chain.__new__(Chain)" in text
    assert differ(lines)


def linked_list(length):
    last = None
    for _ in range(length):
        last, after = Holds(0.5), last
        last.held = after
    return last


@pytest.mark.parametrize(
    "held", [sys.stdout, [Holds(sys.stdout)], linked_list(1000)], ids="stream inside long".split()
)
def test_an_object_that_cannot_be_made_is_missing_as_a_whole(held, capsys):
    reference = Holds(held)
    page = str(check(functools.partial(Halved, SLOPE), reference, X))
    assert "reference cannot be written out here: define it as the Holds that it is" in page
    assert "held" not in script_of(page).partition("# reference")[2]
    assert differ(run(script_of(page), capsys, reference=reference))


def test_what_closes_over_an_object_that_cannot_be_made_is_there(capsys):
    held = Holds([sys.stdout])
    page = str(check(functools.partial(Halved, SLOPE), lambda x: held(x), X))
    assert "held cannot be written out here" in page
    assert differ(run(script_of(page), capsys, held=held))


FACTORS = [(lambda x, k=k: (k * x, lambda dout: 2 * dout)) for k in [3]]


def with_defaults(k, table):
    def layer(x, é="…", k=k, *, more=(k, *table), less=len):
        return k * x, lambda dout: dout * less([é, *more, 0, 0])

    return layer


def with_method_defaults(k):
    class Layer:
        factor = 1

        def forward(self, x, k=k, factor=factor):
            return np.array(x * k)

        @staticmethod
        def backward(dout, k=k):
            return 2 * k * dout

    return Layer


@pytest.mark.parametrize(
    ("layer", "line"),
    [
        (FACTORS[0], "make = lambda x, k=3: (k * x, lambda dout: 2 * dout)"),
        (with_defaults(3, [1.0, 2.0]), 'def layer(x, é="…", k=3, *, more=(3, 1.0, 2.0), less=len):'),
        (with_defaults(3, [Mode.SLOW]), 'def layer(x, é="…", k=3, *, more=(3, Mode.SLOW,), less=len):'),
        (with_method_defaults(3), "    def forward(self, x, k=3, factor=factor):"),
    ],
    ids="lambda function object method".split(),
)
def test_a_default_has_its_value_where_its_expression_has_none(layer, line, capsys):
    page = str(check(layer, lambda x: 3 * x, X))
    assert "This shows the first of them again" in page
    assert f"\n{line}\n" in script_of(page)
    assert differ(run(script_of(page), capsys))


LATER = """
from handgrad.testing import arrays, check_layer

layers = []
for k in (3, 4):
    layers.append(lambda x, k=k: (k * x, lambda dout: 2 * dout))
page = str(check_layer(layers[0], lambda x: 3 * x, arrays(x="2"), max_examples=10, dtypes=["float64"], raises=False))
"""


def test_a_default_keeps_the_value_that_its_name_had(tmp_path):
    (tmp_path / "later.py").write_text(LATER)
    text = script_of(runpy.run_path(str(tmp_path / "later.py"), run_name="__main__")["page"])
    assert "make = lambda x, k=3: (k * x, lambda dout: 2 * dout)\n" in text


OF_TAKEN_NAMES = """
import jax.numpy as np
import numpy
from handgrad.testing import arrays, check_layer

out = dx = 3.0

class Holds:
    def __init__(self, factor):
        self.factor = factor

layer = Holds(3.0)
expected = numpy.random.default_rng(0)

def print(x):
    return print(x[1:]) if len(x) > 2 else x

def sum(x):
    return out * print(x)

def jax(x):
    return sum(x) + 0 * dx * layer.factor * len("out")

def reference(x):
    return np.array(jax(x)) + 0 * expected.random()

class pullback:
    @staticmethod
    def make(x):
        return numpy.array(sum(x)), lambda dout: 2 * dout

page = str(check_layer(pullback.make, reference, arrays(x="2"), max_examples=10, dtypes=["float64"], raises=False))
"""


def test_what_has_a_name_that_the_script_uses_gets_another(tmp_path, capsys):
    (tmp_path / "of_taken_names.py").write_text(OF_TAKEN_NAMES)
    page = runpy.run_path(str(tmp_path / "of_taken_names.py"), run_name="__main__")["page"]
    assert "This shows the first of them again" in page
    text = script_of(page)
    assert "import jax.numpy as the_np\n" in text
    assert "make = make_class.make\n" in text
    assert 'return sum(x) + 0 * the_dx * layer.factor * len("out")\n' in text
    assert differ(run(text, capsys))


def test_a_name_that_is_local_as_well_keeps_its_meaning():
    source = "def f(x, g=lambda out: out):\n    return g(x) + out"
    assert places_of("out", source) == []
    assert len(places_of("x", "x = f(x)")) == 2
