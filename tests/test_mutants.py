import pytest

from handgrad import Relu
from tests.equivalent_mutants import EQUIVALENT
from tests.killing import fails, killed_by_checker
from tests.modules import MODULES, source_of, users
from tests.mutators import mutants
from tests.recording import callers, recorded
from tests.strength.mutants import survivors
from tests.swapping import swapped

FIVE_LINES = '''
def slope(x, axis=-1):
    """1 + 1."""
    if x > 0:
        return -x.sum(axis=axis)
    return x * 2
'''


def test_every_small_change_is_made_once_and_the_docstring_is_kept():
    made = [mutant.after for mutant in mutants(FIVE_LINES)]
    assert sorted(made) == sorted(
        [
            "def slope(x, axis=+1):",
            "if not x > 0:",
            "if x >= 0:",
            "if x < 0:",
            "if x > 1:",
            "if x > -1:",
            "return +x.sum(axis=axis)",
            "return -x.max(axis=axis)",
            "return -x.mean(axis=axis)",
            "return -x.sum()",
            "return x / 2",
            "return x * 3",
            "return x * 1",
        ]
    )
    assert all("1 + 1." in mutant.source for mutant in mutants(FIVE_LINES))


def test_a_mutant_of_relu_is_killed_and_relu_itself_is_not():
    by_change = {mutant.after: mutant for mutant in mutants(source_of("activations"))}
    assert killed_by_checker("activations", by_change["self.passes = np.asarray(x >= 0)"])
    assert not fails("Relu")


def test_the_function_of_a_mutant_is_the_outermost_and_of_a_class_its_method():
    nested = (
        "def f():\n    def g():\n        return -x\n    return g\nclass C:\n    def f(self):\n        return -x\n"
    )
    assert [mutant.function for mutant in mutants(nested)] == ["f", "C.f"]


def test_a_layer_runs_by_another_source_wherever_it_is_imported_and_then_by_its_own_again():
    with swapped("activations", source_of("activations").replace("x > 0", "x >= 0")):
        assert slope_at_0(Relu()) == 1
    assert slope_at_0(Relu()) == 0


def slope_at_0(layer):
    layer.forward(0.0)
    return layer.backward(1.0)


def test_what_calls_a_function_is_told():
    runs = {}
    with recorded() as runs["relu"]:
        slope_at_0(Relu())
    with recorded() as runs["nothing"]:
        pass
    assert callers(runs, "activations", "Relu.backward") == callers(runs, "checks", "floating") == ["relu"]
    assert callers(runs, "activations", "Sigmoid.backward") == []


def test_a_mutant_concerns_all_that_import_its_module():
    users_of_functions = set(users("functions"))
    assert {"functions", "activations"} <= users_of_functions  # which imports them
    assert "gated" in users_of_functions  # which imports activations
    assert not {"targets", "losses", "reductions"} & users_of_functions
    assert users_of_functions < set(users("targets"))  # which functions imports
    assert users("checks") == list(MODULES)


def test_a_mutant_that_is_explained_can_be_made():
    made = {(room, mutant.before, mutant.after) for room in MODULES for mutant in mutants(source_of(room))}
    assert EQUIVALENT.keys() - made == set()


def test_a_mutant_that_is_explained_has_to_survive():
    with pytest.raises(ValueError, match="no survivors any more"):
        survivors([], [])
