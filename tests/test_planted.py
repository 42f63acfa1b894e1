"""The checker against the catalogue: every planted bug is caught, no right layer is, and most bugs are named."""

import re
from functools import cache

import pytest

from handgrad.testing import check_layer
from handgrad.testing.properties import BATTERY
from tests.planted.catalogue import BUGS, KINDS
from tests.planted.right import RIGHT

EXAMPLES = 60
SHARE_NAMED = 0.7


@cache
def report(bug):
    reference, inputs = bug.right.reference, bug.right.inputs
    return check_layer(bug.layer, reference, inputs, max_examples=EXAMPLES, dtypes=bug.dtypes, raises=False)


@pytest.mark.parametrize("right", RIGHT, ids=lambda right: right.name)
def test_a_right_layer_passes(right):
    check_layer(right.layer, right.reference, right.inputs, max_examples=EXAMPLES)


@pytest.mark.parametrize("kind", KINDS)
def test_planted_bugs_are_caught_with_the_complaint_expected(kind):
    missed = {bug.name: report(bug).failed for bug in KINDS[kind] if bug.complaint not in report(bug).failed}
    assert missed == {}


def test_every_property_is_needed_by_a_bug_that_nothing_else_catches():
    needed = {report(bug).failed[0] for bug in BUGS if len(report(bug).failed) == 1}
    assert needed == {each.__name__ for each in BATTERY}


def test_most_bugs_are_named_by_the_diagnosis():
    named = [bug.name for bug in BUGS if re.search(bug.says, report(bug).diagnosis)]
    assert len(named) >= SHARE_NAMED * len(BUGS)


def test_the_catalogue_is_large_and_knows_each_layer_once():
    assert len(BUGS) >= 80
    assert len({bug.layer for bug in BUGS}) == len(BUGS)
    assert len(KINDS) == 12
    assert all(bug.layer.__doc__ for bug in BUGS)
