"""Accuracies are percentages at their dimension, and the best is ringed."""

import numpy as np
import pytest

from minivae import viz


def test_accuracies_are_drawn_as_percentages_with_the_best_one_ringed():
    accuracies = {"20 data": [0.5, 0.75, 0.25], "100 data": [0.5, 0.75, 1.0]}
    axes = viz.accuracy_against_dimension([1, 4, 16], accuracies, chance=0.125).axes[0]
    lines = {line.get_label(): line for line in axes.lines}
    np.testing.assert_array_equal(lines["20 data"].get_xydata(), [[1, 50], [4, 75], [16, 25]])
    rings = [line.get_xydata().tolist() for line in axes.lines if line.get_markersize() > 10]
    assert rings == [[[4, 75]], [[16, 100]]]
    (chance,) = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert list(chance.get_ydata()) == [12.5, 12.5]
    assert {text.get_text() for text in axes.texts} == {"20 data", "100 data", "chance"}


def test_estimated_dimensions_stand_over_those_without_noise():
    estimates = {"swiss roll": [2.0, 2.5, 2.75], "ring": [1.0, 1.5, 1.75]}
    axes = viz.intrinsic_dimensions([0, 0.1, 0.2], estimates, {"ring": 1, "swiss roll": 2}).axes[0]
    lines = {line.get_label(): line for line in axes.lines}
    for name, values in estimates.items():
        np.testing.assert_array_equal(lines[name].get_ydata(), values)
        (truth,) = [
            line
            for line in axes.lines
            if line.get_linestyle() == "--" and line.get_color() == lines[name].get_color()
        ]
        assert list(truth.get_ydata()) == [values[0], values[0]]
    assert axes.get_ylim()[0] == 0
    with pytest.raises(ValueError, match="intrinsic_dimensions: every line"):
        viz.intrinsic_dimensions([1, 2], {"a": [0.5]})


def test_accuracies_of_other_numbers_of_dimensions_are_refused():
    with pytest.raises(ValueError, match="accuracy_against_dimension: every line"):
        viz.accuracy_against_dimension([1, 2], {"a": [0.5]})
