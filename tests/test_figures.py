"""The figures: readable on light and dark pages, and the same bytes from the same numbers."""

import re

import pytest

import handgrad
from reference.cases import CASES
from reference.comparisons.digits import Training
from reference.comparisons.figures import GREY, activation_figure, digits_figure
from reference.comparisons.sweep import sweep
from tests.baselines.checks import FLOAT32, FLOAT64
from tests.strength.figure import LINES, write_figure
from tests.strength.verdicts import NAMES


def luminance(color):
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return sum(weight * each for weight, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(color, page):
    darker, lighter = sorted(map(luminance, (color, page)))
    return (lighter + 0.05) / (darker + 0.05)


def draw_activation(path):
    (case,) = (case for case in CASES if case.layer is handgrad.Relu)
    activation_figure(case, sweep(case), path)


def draw_training(path):
    digits_figure(Training([1.0, 0.5], [1.0, 0.5], [1e-16, 2e-16], 1.0, 1.0, 0.0, 2, 1), path)


def draw_smallest(path):
    write_figure({(name, dtype, 10): 1e-3 for name in NAMES for dtype in (FLOAT64, FLOAT32)}, path)


@pytest.fixture(scope="module", params=[draw_activation, draw_training, draw_smallest])
def drawn_twice(request, tmp_path_factory):
    paths = [tmp_path_factory.mktemp("figures") / "figure.svg" for _ in range(2)]
    for path in paths:
        request.param(path)
    return [path.read_text() for path in paths]


@pytest.mark.parametrize("page", ["#ffffff", "#0d1117"], ids=["light", "dark"])
def test_every_color_of_a_figure_stands_out_from_the_page(drawn_twice, page):
    colors = set(re.findall(r"#[0-9a-f]{6}\b", drawn_twice[0]))
    assert GREY in colors
    assert {color for color in colors if contrast(color, page) < 4} == set()


def test_a_figure_is_drawn_twice_to_the_same_bytes(drawn_twice):
    one, other = drawn_twice
    assert one == other
    assert "<dc:date>" not in one


def test_the_figure_of_an_activation_says_where_both_are_exact(tmp_path):
    draw_activation(tmp_path / "relu.svg")
    drawn = (tmp_path / "relu.svg").read_text()
    assert "Relu: derivative" in drawn
    assert drawn.count("0 for every x, in both") == 2


def test_every_check_has_a_line_of_its_own():
    assert set(LINES) == set(NAMES)
    assert len(set(LINES.values())) == len(LINES)
