"""Curves are columns of the history; trajectories are the means in their order."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from minivae import viz

from .conftest import History


def test_the_named_columns_are_drawn_against_the_epochs(history):
    axes = viz.history_curves(history, ["kl", "validation_kl"], "nats per datum", "KL").axes[0]
    first, second = axes.lines
    np.testing.assert_array_equal(first.get_xydata(), np.stack([[1, 2, 3], [1, 4, 6]], 1))
    np.testing.assert_array_equal(second.get_ydata(), history.column("validation_kl"))
    assert [text.get_text() for text in axes.texts] == ["kl", "validation kl"]
    assert axes.get_ylabel() == "nats per datum"
    assert axes.get_title() == "KL"


def test_entries_that_are_not_known_are_left_out():
    axes = viz.history_curves(
        History(epoch=[1, 2, 3], active=[4.0, np.nan, 6.0]), ["active"], "units"
    ).axes[0]
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), [[1, 4], [3, 6]])


def test_columns_are_shown_by_other_names_if_these_are_given(history):
    axes = viz.history_curves(history, {"loss": "generator", "kl": "critic"}, "nats").axes[0]
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), history.column("loss"))
    assert [text.get_text() for text in axes.texts] == ["generator", "critic"]
    assert axes.get_title() == "generator, critic"


def test_a_column_without_any_entry_is_refused():
    with pytest.raises(ValueError, match="'active' holds no finite value"):
        viz.history_curves(History(epoch=[1, 2], active=[np.nan, np.nan]), ["active"], "units")


def test_trajectories_join_the_means_of_each_datum_and_darken_with_time(rng):
    p, q = rng.standard_normal((3, 5)), rng.standard_normal((3, 5))
    axes = viz.mean_trajectories(p, q, [0, 100, 2000]).axes[0]
    for i in range(5):
        np.testing.assert_array_equal(axes.lines[i].get_xydata(), np.stack([p[:, i], q[:, i]], 1))
    for t, cloud in enumerate(axes.collections):
        np.testing.assert_array_equal(cloud.get_offsets(), np.stack([p[t], q[t]], 1))
    light = [sum(to_rgb(cloud.get_facecolor()[0])) for cloud in axes.collections]
    assert light[0] > light[1] > light[2]
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["0", "100", "2,000"]
    assert axes.get_xlim() == axes.get_ylim()


def test_a_long_training_names_six_times():
    means = np.arange(40.0).reshape(20, 2)
    legend = viz.mean_trajectories(means, means).axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["0", "4", "8", "11", "15", "19"]


def test_means_that_do_not_fit_are_refused():
    p = np.ones((3, 5))
    for wrong in [(p, p[:2]), (p, p, [1, 2]), (p[0], p[0]), (p[:0], p[:0])]:
        with pytest.raises(ValueError, match=r"one shape \(t, n\)"):
            viz.mean_trajectories(*wrong)
    with pytest.raises(ValueError, match="at least one"):
        viz.history_curves(History(epoch=[], kl=[]), ["kl"], "nats")
    with pytest.raises(ValueError, match="these are 0"):
        viz.history_curves(History(epoch=[1]), [], "nats")
