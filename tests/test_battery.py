import hypothesis
import pytest

from handgrad.testing import check_layer
from reference.cases import CASES, DTYPES


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_property_holds(case):
    examples = hypothesis.settings.default.max_examples // 2  # in each dtype
    report = check_layer(case.layer, case.twin, case.inputs, max_examples=examples, dtypes=DTYPES)
    arguments = case.inputs.arguments.values()
    idle = {
        "kinks": lambda each: each.at_kinks,
        "masked": lambda each: each.masks,
        "refuses": lambda each: each.validated,
    }
    assert set(report.left_out) == {name for name, says in idle.items() if not any(map(says, arguments))}
    for found in report.found:
        assert {found.verdict(name) for name in report.passed} == {"passed"}
