"""Figures of the bound hold the numbers that they were given, and name them."""

import numpy as np
import pytest
from matplotlib.container import ErrorbarContainer

from minivae import viz

KS, BOUNDS = [1, 5, 50], [-95.0, -92.5, -90.0]


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_bounds_stand_at_their_k_under_the_dashed_truth():
    axes = viz.bound_against_k(KS, {"VAE": BOUNDS, "IWAE": [-94, -92, -89]}, truth=-88).axes[0]
    first, second, truth = axes.lines
    np.testing.assert_array_equal(first.get_xydata(), np.stack([KS, BOUNDS], 1))
    np.testing.assert_array_equal(second.get_ydata(), [-94, -92, -89])
    assert list(truth.get_ydata()) == [-88, -88]
    assert truth.get_linestyle() == "--"
    assert axes.get_xscale() == "log"
    assert "nats" in axes.get_ylabel()
    names = {text.get_text(): text.get_color() for text in axes.texts}
    assert names["VAE"] == first.get_color() != names["IWAE"] == second.get_color()
    assert names["$\\log p(x)$"] == truth.get_color()


def test_error_bars_are_two_standard_errors_up_and_down():
    axes = viz.bound_against_k(KS, BOUNDS, standard_errors=[0.5, 0.25, 0.125]).axes[0]
    (bars,) = [c for c in axes.containers if isinstance(c, ErrorbarContainer)]
    (segments,) = bars.lines[2]
    ends = np.array(segments.get_segments())[:, :, 1]
    np.testing.assert_allclose(
        ends - np.array(BOUNDS)[:, None], [[-1, 1], [-0.5, 0.5], [-0.25, 0.25]]
    )


def test_the_dashed_line_is_where_rate_and_distortion_sum_to_the_best_elbo():
    rate, distortion = [30, 2, 12], [80, 120, 90]
    axes = viz.rate_distortion(rate, distortion, [0.5, 4, 1]).axes[0]
    models, best = axes.lines
    np.testing.assert_array_equal(models.get_xydata(), [[2, 120], [12, 90], [30, 80]])
    np.testing.assert_allclose(np.sum(best.get_xydata(), axis=1), 102)
    labels = {text.get_text(): text.xy for text in axes.texts if hasattr(text, "xy")}
    assert labels == {"β = 0.5": (30, 80), "β = 4": (2, 120), "β = 1": (12, 90)}
    assert "102.0 nats" in axes.texts[0].get_text()


def test_bars_of_parts_join_and_end_at_their_sum():
    parts = {"a": {"D": 80.0, "MI": 9.0, "KL": 4.0}, "b": {"D": 75.0, "MI": -3.0, "KL": 2.0}}
    axes = viz.decomposition_bars(parts).axes[0]
    spans = [[(bar.get_x(), bar.get_x() + bar.get_width()) for bar in c] for c in axes.containers]
    assert [row[0] for row in spans] == [(0, 80), (80, 89), (89, 93)]
    assert [row[1] for row in spans] == [(0, 75), (0, -3), (75, 77)]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["D", "MI", "KL"]
    assert {"= 93.0", "= 74.0", "80.0"} <= set(texts(axes))
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
    assert axes.yaxis_inverted()


def test_gap_bars_reach_from_the_elbo_to_the_evidence():
    axes = viz.gap_bars({"diagonal": -3.5, "full": -3.25}, -3.0).axes[0]
    spans = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches]
    assert spans == [(-3.5, -3), (-3.25, -3)]
    dots, truth = axes.lines
    np.testing.assert_array_equal(dots.get_xydata(), [[-3.5, 0], [-3.25, 1]])
    assert list(truth.get_xdata()) == [-3, -3]
    assert [text.strip() for text in texts(axes)] == ["−3.50", "gap 0.50", "−3.25", "gap 0.25"]


def test_bounds_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"one value for each place.*'VAE' has shape \(2,\)"):
        viz.bound_against_k(KS, {"VAE": [1, 2]})
    with pytest.raises(ValueError, match="1 to 7 lines apart, these are 0"):
        viz.bound_against_k(KS, {})
    with pytest.raises(ValueError, match="one value for each place"):
        viz.rate_distortion([1, 2], [3])
    with pytest.raises(ValueError, match="the same 1 to 7 parts"):
        viz.decomposition_bars({"a": {"D": 1.0}, "b": {"KL": 1.0}})
    with pytest.raises(ValueError, match="the same 1 to 7 parts"):
        viz.decomposition_bars({})
    with pytest.raises(ValueError, match="there are no ELBOs"):
        viz.gap_bars({}, 0.0)
