"""The figures: readable on light and dark pages, and the same bytes from the same numbers."""

import math
import re

import numpy as np
import pytest

import handgrad
from reference.cases import CASES
from reference.comparisons.figures.function import function_figure, shown_range
from reference.comparisons.figures.overview import OVERFLOWS, Worst, overview
from reference.comparisons.figures.style import GREY, JAXS, OURS
from reference.comparisons.networks import NETWORKS
from reference.comparisons.pages.networks import training_figure
from reference.comparisons.sweep import sweep
from reference.comparisons.training import Training
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


def draw_function(path, layer=handgrad.Relu):
    (case,) = (case for case in CASES if case.layer is layer)
    function_figure(case, sweep(case), path)


FAMILIES = {
    "nodes": [Worst("Add", 0.5, 2.9), Worst("Exp", 0.0, math.inf)],
    "losses": [Worst("Mean", 30.0, 0.5)],
}


def draw_overview(path):
    overview(FAMILIES, "worst error", path)


def draw_training(path, differences=(1e-16, 2e-16)):
    losses, differences = np.array([1.0, 0.5]), np.array(differences)
    training_figure(Training(NETWORKS[0], losses, losses, differences, differences, 1.0, 1.0, 2.3, 100, 10), path)


def draw_smallest(path):
    write_figure({(name, dtype, 10): 1e-3 for name in NAMES for dtype in (FLOAT64, FLOAT32)}, path)


@pytest.fixture(scope="module", params=[draw_function, draw_overview, draw_training, draw_smallest])
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


def test_the_figure_of_a_function_says_where_both_are_exact(tmp_path):
    draw_function(tmp_path / "relu.svg")
    drawn = (tmp_path / "relu.svg").read_text()
    assert "Relu: slope" in drawn
    assert drawn.count("0 for every x, in both") == 2


def test_the_figure_of_a_training_says_whose_losses_they_are_however_close_they_come(tmp_path):
    draw_training(tmp_path / "training.svg", differences=(0.0, 2e-16))
    drawn = (tmp_path / "training.svg").read_text()
    assert all(f">{name}</text>" in drawn for name in ("handgrad", "JAX", "frequencies alone"))


def test_what_overflows_is_at_the_top(tmp_path):
    draw_function(tmp_path / "reciprocal.svg", handgrad.Reciprocal)
    assert ">all</text>" in (tmp_path / "reciprocal.svg").read_text()


@pytest.mark.parametrize(
    ("domain", "shown"),
    [
        ((-math.inf, math.inf), (-8, 8)),
        ((0, math.inf), (0, 16)),
        ((-math.inf, 100), (-8, 8)),
        ((-1, 1), (-1, 1)),
        ((100, 1000), (100, 116)),
        ((-math.inf, -100), (-116, -100)),
    ],
)
def test_a_function_is_shown_where_its_domain_is_nearest_to_0(domain, shown):
    assert shown_range(*domain) == shown


def names_by_place(drawn):
    """Give the texts on the left of a figure from its top to its bottom."""
    places = re.findall(r'text-anchor: end[^"]*" x="[^"]*" y="([0-9.]+)"[^>]*>([^<]+)</text>', drawn)
    return [name for _, name in sorted((float(y), name) for y, name in places)]


def test_the_overview_has_a_row_for_each_layer_below_its_family(tmp_path):
    draw_overview(tmp_path / "overview.svg")
    drawn = (tmp_path / "overview.svg").read_text()
    assert names_by_place(drawn) == ["nodes", "Add", "Exp", "losses", "Mean"]


def marks(drawn, color):
    """Give how far to the right the marks of a color are, from the top to the bottom, without that of the legend."""
    found = re.findall(rf'<use [^>]* x="([0-9.]+)" y="([0-9.]+)" style="fill: {color};', drawn)
    return [x for _, x in sorted((float(y), float(x)) for x, y in found)][1:]


def test_the_marks_of_the_overview_are_where_the_errors_are(tmp_path):
    draw_overview(tmp_path / "overview.svg")
    drawn = (tmp_path / "overview.svg").read_text()
    (ours_add, ours_exp, ours_mean), (jaxs_add, jaxs_exp, jaxs_mean) = marks(drawn, OURS), marks(drawn, JAXS)
    assert ours_exp < ours_add == jaxs_mean < jaxs_add < ours_mean < jaxs_exp
    edge = re.search(rf'x="([0-9.]+)"[^>]*>{OVERFLOWS}</text>', drawn)
    assert float(edge[1]) == pytest.approx(jaxs_exp, abs=0.1)


def test_the_overview_grows_with_its_layers(tmp_path):
    many = {"nodes": [Worst(f"Layer{i}", 1.0, 2.0) for i in range(80)]}
    heights = []
    for families in (FAMILIES, many):
        overview(families, "worst error", tmp_path / "overview.svg")
        drawn = (tmp_path / "overview.svg").read_text()
        heights.append(float(re.search(r'height="([0-9.]+)pt"', drawn)[1]))
    assert heights[1] - heights[0] == pytest.approx((81 - 5) * 0.24 * 72, abs=1)
    assert len(drawn) < 100_000


def test_every_check_has_a_line_of_its_own():
    assert set(LINES) == set(NAMES)
    assert len(set(LINES.values())) == len(LINES)
