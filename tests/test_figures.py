"""The figures: readable on light and dark pages, and the same bytes from the same numbers."""

import pytest

import handgrad
from reference.cases import CASES
from reference.digits import Training
from reference.figures import GREY, JAXS, OURS, activation_figure, digits_figure
from reference.sweep import sweep


def luminance(color):
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return sum(weight * each for weight, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("page", ["#ffffff", "#0d1117"], ids=["light", "dark"])
@pytest.mark.parametrize("color", [GREY, OURS, JAXS])
def test_every_color_stands_out_from_the_page(color, page):
    darker, lighter = sorted(map(luminance, (color, page)))
    assert (lighter + 0.05) / (darker + 0.05) >= 4


def test_an_activation_is_drawn_twice_to_the_same_bytes(tmp_path):
    (case,) = (case for case in CASES if case.layer is handgrad.Relu)
    drawn = [tmp_path / "a.svg", tmp_path / "b.svg"]
    for path in drawn:
        activation_figure(case, sweep(case), path)
    one, other = (path.read_bytes() for path in drawn)
    assert one == other
    assert b"Relu: derivative" in one
    assert one.count(b"0 for every x, in both") == 2


def test_a_training_is_drawn_twice_to_the_same_bytes(tmp_path):
    training = Training([1.0, 0.5], [1.0, 0.5], [1e-16, 2e-16], 1.0, 1.0, 0.0, 2, 1)
    drawn = [tmp_path / "a.svg", tmp_path / "b.svg"]
    for path in drawn:
        digits_figure(training, path)
    one, other = (path.read_bytes() for path in drawn)
    assert one == other
    assert b"<dc:date>" not in one
