"""One pytest test for each property of a layer."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

from handgrad.testing.checker import check_layer
from handgrad.testing.inputs import Inputs
from handgrad.testing.page import write_page
from handgrad.testing.properties import BATTERY, Property
from handgrad.testing.report import Report


def each_property(
    layer: Callable[..., Any], reference: Callable[..., Any], inputs: Inputs, **options: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a test of every property: a decorator for a function that takes `check` and calls it.

    Takes what `check_layer` takes, and checks once for all of the tests. A property that has nothing to say about the
    layer is skipped, with the reason.

    Examples
    --------
    ::

        @each_property(MyAffine, lambda x, W, b: x @ W + b, arrays(x="... D", W="D M", b="M"))
        def test_my_affine(check):
            check()
    """
    import pytest  # which checking alone does not need

    @cache
    def report() -> Report:
        return check_layer(layer, reference, inputs, **options, raises=False)

    def check(each: Property) -> None:
        __tracebackhide__ = True  # a failure is about the layer; pytest leaves out the frames of the checker
        failures = [failure for failure in report().blamed if failure.property is each]
        if failures:
            raise AssertionError(write_page(report().layer, report().diagnoses, failures, []))
        if each.__name__ in report().left_out:
            pytest.skip(report().left_out[each.__name__])

    checks = [pytest.param(partial(check, each), id=each.__name__) for each in BATTERY]
    return pytest.mark.parametrize("check", checks)
