import hypothesis
import pytest

from handgrad.testing import check_layer
from handgrad.testing.properties import BATTERY
from reference.cases import CASES


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_property_holds(case):
    examples = hypothesis.settings.default.max_examples
    reports = check_layer(case.layer, case.twin, case.inputs, max_examples=examples)
    for report in reports:
        masked = any(argument.masks for argument in case.inputs.arguments.values())
        ran = {each.__name__ for each in BATTERY} - (set() if masked else {"masked"})
        assert set(report.found.passed) == ran
        assert report.found.examples > 0
