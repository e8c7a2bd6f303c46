"""Diagrams have the nodes and arrows that the theory gives them; arrows touch their nodes."""

import numpy as np
import pytest
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch

from minivae import viz

RADIUS = 0.42


def nodes(axes):
    """{name: (centre, face)} of circles, by the text at their centre, and of bare symbols."""
    circles = {
        patch.center: patch.get_facecolor() for patch in axes.patches if isinstance(patch, Circle)
    }
    return {
        text.get_text(): (text.get_position(), circles.get(text.get_position()))
        for text in axes.texts
        if len(text.get_text().strip("$\\")) == 1 or text.get_text() in GREEK
    }


GREEK = {"$\\theta$", "$\\phi$", "$\\mu$", "$\\sigma$", "$\\epsilon$"}


def arrows(axes):
    """[(from, to, colour, line style)], by the nearest named node of each end."""
    named = {name: place for name, (place, _) in nodes(axes).items() if name != "$N$"}

    def nearest(end):
        return min(named, key=lambda name: np.linalg.norm(np.subtract(named[name], end)))

    return [
        (*map(nearest, (patch._posA_posB)), patch.get_edgecolor(), patch.get_linestyle())
        for patch in axes.patches
        if isinstance(patch, FancyArrowPatch)
    ]


def test_the_generative_model_has_no_encoder_in_it():
    (axes,) = viz.graphical_model().axes
    assert {(a, b) for a, b, *_ in arrows(axes)} == {("$z$", "$x$"), ("$\\theta$", "$x$")}
    assert "$\\phi$" not in nodes(axes)


def test_only_x_is_observed_and_the_plate_holds_x_and_z_but_no_parameters():
    (axes,) = viz.graphical_model(inference=True).axes
    found = nodes(axes)
    assert found["$z$"][1][:3] == (1, 1, 1)
    assert found["$x$"][1][:3] < (1, 1, 1)
    (plate,) = [patch for patch in axes.patches if isinstance(patch, FancyBboxPatch)]
    left, low, right, high = plate.get_bbox().extents
    inside = {name for name, ((x, y), _) in found.items() if left < x < right and low < y < high}
    assert inside == {"$x$", "$z$", "$N$"}


def test_the_encoder_is_dashed_and_goes_from_x_and_phi_to_z():
    (axes,) = viz.graphical_model(inference=True).axes
    dashed = {(a, b) for a, b, _, line in arrows(axes) if line == "--"}
    solid = {(a, b) for a, b, _, line in arrows(axes) if line == "-"}
    assert dashed == {("$x$", "$z$"), ("$\\phi$", "$z$")}
    assert solid == {("$z$", "$x$"), ("$\\theta$", "$x$")}


def gradients(axes):
    """The coloured arrows, which go from a result to what it was made of."""
    forward = {(a, b): color for a, b, color, _ in arrows(axes)}
    ink = forward["$\\phi$", "$\\mu$"]
    return {(a, b) for a, b, color, _ in arrows(axes) if color != ink}


def test_the_gradient_ends_at_a_draw_and_reaches_phi_past_the_noise():
    blocked, open_ = viz.gradient_paths().axes
    assert gradients(blocked) == {("$f$", "$z$")}
    assert gradients(open_) == {
        ("$f$", "$z$"),
        ("$z$", "$\\mu$"),
        ("$z$", "$\\sigma$"),
        ("$\\mu$", "$\\phi$"),
        ("$\\sigma$", "$\\phi$"),
    }
    assert ("$\\epsilon$", "$z$") in {(a, b) for a, b, *_ in arrows(open_)}
    assert "$\\epsilon$" not in nodes(blocked)
    assert [line.get_marker() for line in blocked.lines] == ["x"]
    assert not open_.lines


@pytest.mark.parametrize("draw", [viz.gradient_paths, lambda: viz.graphical_model(True)])
def test_arrows_begin_and_end_at_the_rim_of_their_nodes(draw):
    for axes in draw().axes:
        circles = [patch.center for patch in axes.patches if isinstance(patch, Circle)]
        for patch in axes.patches:
            if isinstance(patch, FancyArrowPatch):
                distance = np.linalg.norm(np.subtract(circles, patch._posA_posB[1]), axis=1)
                assert distance.min() == pytest.approx(RADIUS + 0.05)
