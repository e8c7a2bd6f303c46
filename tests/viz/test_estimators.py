"""Dots are the estimates, lines the closed forms, in one colour for each estimator."""

import numpy as np
import pytest

from minivae import viz

DIMS = [1, 10, 100]
VARIANCES = {"score function": [15.0, 168.0, 10608.0], "pathwise": [4.1, 3.9, 4.0]}
EXACT = {"score function": [15.0, 168.0, 10608.0], "pathwise": [4.0, 4.0, 4.0]}


def drawn(axes):
    """{(is it a line, name or colour): values}."""
    return [(line.get_color(), line.get_linestyle(), line.get_ydata()) for line in axes.lines]


def test_estimates_are_dots_over_the_closed_forms_of_their_name():
    axes = viz.gradient_variance(DIMS, VARIANCES, closed_forms=EXACT).axes[0]
    lines = drawn(axes)
    assert len(lines) == 4
    for (exact, dots), name in zip([lines[:2], lines[2:]], VARIANCES, strict=True):
        assert exact[0] == dots[0]
        assert exact[1] == "-"
        assert dots[1] == "None"
        np.testing.assert_array_equal(exact[2], EXACT[name])
        np.testing.assert_array_equal(dots[2], VARIANCES[name])
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert {text.get_text() for text in axes.texts} == set(VARIANCES)


def test_without_closed_forms_the_dots_are_joined():
    axes = viz.gradient_variance(DIMS, VARIANCES).axes[0]
    assert [line[1] for line in drawn(axes)] == ["-", "-"]


def test_every_dimension_of_a_few_has_its_tick():
    axes = viz.gradient_variance([1, 2, 10, 784], {"pathwise": [4, 4, 4, 4]}).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "2", "10", "784"]
    assert list(axes.get_xticks()) == [1, 2, 10, 784]


def test_the_crossing_is_marked_where_it_is():
    omega = np.linspace(0.1, 1.5, 5)
    axes = viz.variance_crossing(omega, {"a": omega, "b": 1 - omega / 2}, crossing=0.8512).axes[0]
    (mark,) = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert list(mark.get_xdata()) == [0.8512, 0.8512]
    assert any("ω = 0.851" in text.get_text() for text in axes.texts)
    assert axes.get_ylim()[0] == 0


def test_a_square_root_is_a_straight_line_of_the_signal_to_noise_figure():
    k = np.array([1.0, 4.0, 16.0])
    axes = viz.signal_to_noise(k, {"encoder": k**-0.5}, {"encoder": 0.1 * k**-0.5}).axes[0]
    pixels = axes.transData.transform(axes.lines[0].get_xydata())
    slopes = np.diff(pixels[:, 1]) / np.diff(pixels[:, 0])
    assert slopes[0] == pytest.approx(slopes[1])
    assert slopes[0] < 0


@pytest.mark.parametrize(
    "draw", [viz.gradient_variance, viz.variance_crossing, viz.signal_to_noise]
)
def test_values_without_their_place_are_refused(draw):
    with pytest.raises(ValueError, match=f"{draw.__name__}: every line needs one value"):
        draw(DIMS, {"pathwise": [4, 4]})
    with pytest.raises(ValueError, match="7 lines apart, these are 8"):
        draw(DIMS, {str(i): [1, 2, 3] for i in range(8)})
