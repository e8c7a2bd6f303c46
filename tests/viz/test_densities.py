"""Curves are what was given, each with its name."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from minivae import viz

AXIS = np.linspace(-2, 2, 5)


def named(axes):
    return {line.get_label(): line.get_ydata() for line in axes.lines}


def test_the_target_is_filled_and_the_fits_are_lines():
    p, q, r = AXIS**2, AXIS + 3, 4 - AXIS
    axes = viz.fitted_densities(AXIS, p, {"KL(p ‖ q)": q, "KL(q ‖ p)": r}).axes[0]
    np.testing.assert_array_equal(named(axes)["KL(p ‖ q)"], q)
    np.testing.assert_array_equal(named(axes)["KL(q ‖ p)"], r)
    (filled,) = axes.collections
    corners = filled.get_paths()[0].vertices
    for place, height in zip(AXIS, p, strict=True):
        assert corners[corners[:, 0] == place, 1].max() == height
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts == ["$p$", "KL(p ‖ q)", "KL(q ‖ p)"]


def test_likelihood_costs_are_named_lines_and_the_pixel_is_marked():
    axes = viz.likelihood_families(AXIS, {"Bernoulli": AXIS**2, "Gaussian": AXIS}, x=0.5).axes[0]
    np.testing.assert_array_equal(named(axes)["Bernoulli"], AXIS**2)
    colors = {to_hex(line.get_color()) for line in axes.lines[:2]}
    assert len(colors) == 2
    assert list(axes.lines[2].get_xdata()) == [0.5, 0.5]
    assert "nats" in axes.get_ylabel()
    assert "0.5" in axes.get_xlabel()


def test_curves_of_another_length_are_refused():
    with pytest.raises(ValueError, match="fitted_densities.*'p' has shape"):
        viz.fitted_densities(AXIS, [1.0], {"q": AXIS})
    with pytest.raises(ValueError, match="fitted_densities.*'q' has shape"):
        viz.fitted_densities(AXIS, AXIS, {"q": [1.0]})
    with pytest.raises(ValueError, match="likelihood_families.*'Bernoulli' has shape"):
        viz.likelihood_families(AXIS, {"Bernoulli": [1.0]})
