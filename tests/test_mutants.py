import pytest

from tests.equivalent_mutants import EQUIVALENT
from tests.mutants import MODULES, killed_by_checker, source_of, users
from tests.mutators import mutants
from tests.strength.mutants import survivors

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
    source = source_of("activations")
    assert not killed_by_checker("activations", source)
    assert killed_by_checker("activations", source.replace("x > 0", "x >= 0"))
    assert not killed_by_checker("activations", source)


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
