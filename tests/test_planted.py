"""The checker against the catalogue: every planted bug is caught, no right layer is, and most bugs are named."""

import re

import pytest

from handgrad.testing import check_layer
from handgrad.testing.properties import BATTERY
from tests.planted.catalogue import BUGS, KINDS, RIGHT

EXAMPLES = 40

# each property is needed: this bug fails no other
ALONE = {
    "runs": "AffineOfEmptyBatch",
    "deterministic": "TanhAtRandom",
    "pure": "MultiplyScratchesInDout",
    "shape": "AffineBiasNotSummed",
    "value": "SoftmaxLossOfLog",
    "gradient": "AffineOneElement",
    "kinks": "Relu6Closed",
    "repeatable": "SoftmaxLossSpoilsItsProbabilities",
    "stateless": "TanhOfFirstForward",
    "separate": "TanhOfTheLastLayer",
    "zero": "SigmoidAddsTiny",
    "detached": "SigmoidHandsOutItsOutput",
    "unshared": "AddHandsOnDout",
    "read_only": "AddOfWritable",
    "layouts": "TanhInMemoryOrder",
    "masked": "MaskedMeanOfNaNs",
    "confined": "SigmoidOfNaN",
    "defined": "LogOfMagnitude",
    "dtype": "TanhInFloat64",
    "refuses": "EmbeddingBackwards",
    "quiet": "SigmoidOverflows",
}
# the line of diagnosis is not sure to name these
UNNAMED = {
    "MaskedBatchNormGainHearsFromAll",
    "Relu6DeafBelow6",
    "TanhSaturatedFrom15",
    "AffineOfEightRows",
    "AveragePoolOfPadding",
    "ConvolutionAcrossForDown",
    "ConvolutionAssigns",
    "ConvolutionCutsBehind",
    "ConvolutionFlipped",
    "EvalBatchNormWithTrainingsBackward",
    "MaskedAttentionLeaksIntoValues",
    "MaxPoolOfPadding",
    "PermuteAgain",
    "RecurrenceBackFromTheFirstStep",
    "RecurrenceForgetsTheWayBack",
    "RecurrenceMovedByPadding",
    "RecurrenceOfStatesAfter",
    "RepeatOfHalves",
    "SharedHeadsHearOne",
    "PReluHearsFromAll",
    "SigmoidLossBySoftplus",
    "SigmoidLossOfDifference",
    "SquaredLossByFiniteDifference",
    "SquaredLossExpanded",
    "SquaredLossOfStrides",
    "TanhByExp",
    "TanhWithoutSquare",
}


@pytest.mark.parametrize("right", RIGHT, ids=lambda right: right.name)
def test_a_right_layer_passes(right):
    check_layer(right.layer, right.reference, right.inputs, max_examples=EXAMPLES)


@pytest.mark.usefixtures("as_found")
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: f"{bug.right.name}-{bug.name}")
def test_a_bug_is_caught_and_named(bug):
    reference, inputs = bug.right.reference, bug.right.inputs
    report = check_layer(bug.layer, reference, inputs, max_examples=EXAMPLES, dtypes=bug.dtypes, raises=False)
    assert bug.complaint in report.failed
    if ALONE[bug.complaint] == bug.name:
        assert report.failed == [bug.complaint]
    if bug.name not in UNNAMED:
        assert re.search(bug.says, report.diagnosis)


def test_every_property_is_needed():
    names = {bug.name for bug in BUGS}
    assert ALONE.keys() == {each.__name__ for each in BATTERY}
    assert names >= UNNAMED | set(ALONE.values())


def test_the_catalogue_is_large_and_knows_each_layer_once():
    assert len(BUGS) > 100
    assert len({bug.layer for bug in BUGS}) == len(BUGS)
    assert len(KINDS) == 13
    assert all(bug.layer.__doc__ for bug in BUGS)
