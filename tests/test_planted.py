"""The checker against the catalogue: every planted bug is caught, no right layer is, and most bugs are named."""

import re

import pytest

from handgrad.testing import check_layer
from handgrad.testing.properties import BATTERY
from tests.planted.catalogue import BUGS, KINDS
from tests.planted.right import RIGHT

EXAMPLES = 60
SHARE_NAMED = 0.7


def report(bug):
    reference, inputs = bug.right.reference, bug.right.inputs
    return check_layer(bug.layer, reference, inputs, max_examples=EXAMPLES, dtypes=bug.dtypes, raises=False)


@pytest.mark.parametrize("right", RIGHT, ids=lambda right: right.name)
def test_a_right_layer_passes(right):
    check_layer(right.layer, right.reference, right.inputs, max_examples=EXAMPLES)


def test_every_bug_is_caught_and_every_property_needed_and_most_bugs_named():
    # one test, because the reports are what takes time
    reports = {bug.name: report(bug) for bug in BUGS}

    missed = {bug.name: reports[bug.name].failed for bug in BUGS if bug.complaint not in reports[bug.name].failed}
    assert missed == {}

    needed = {each.failed[0] for each in reports.values() if len(each.failed) == 1}
    assert needed == {each.__name__ for each in BATTERY}

    named = [bug.name for bug in BUGS if re.search(bug.says, reports[bug.name].diagnosis)]
    assert len(named) >= SHARE_NAMED * len(BUGS)


def test_the_catalogue_is_large_and_knows_each_layer_once():
    assert len(BUGS) >= 80
    assert len({bug.layer for bug in BUGS}) == len(BUGS)
    assert len(KINDS) == 12
    assert all(bug.layer.__doc__ for bug in BUGS)
