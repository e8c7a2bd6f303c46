"""Bars are the KL divergences of their dimensions, the largest first."""

import numpy as np
import pytest

from minivae import viz


def test_dimensions_are_sorted_by_their_kl_and_the_inactive_are_grey():
    axes = viz.active_units([0.5, 3.0, 0.01, 2.0], [True, True, False, True]).axes[0]
    assert [bar.get_height() for bar in axes.patches] == [3, 2, 0.5, 0.01]
    names = [label.get_text() for label in axes.get_xticklabels()]
    assert names == ["$z_{2}$", "$z_{4}$", "$z_{1}$", "$z_{3}$"]
    colors = [bar.get_facecolor() for bar in axes.patches]
    assert colors[0] == colors[1] == colors[2] != colors[3]
    assert axes.get_title() == "KL by dimension: 5.5 nats in all, 3 of 4 dimensions active"


def test_of_many_dimensions_every_tick_still_names_its_own_bar(rng):
    kl = rng.random(60)
    axes = viz.active_units(kl).axes[0]
    order = np.argsort(-kl)
    for place, label in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True):
        assert label.get_text() == f"$z_{{{order[int(place)] + 1}}}$"


def test_dimensions_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"the shapes are \(2,\) and \(3,\)"):
        viz.active_units([1, 2], [True, True, False])
    with pytest.raises(ValueError, match="every latent dimension needs one"):
        viz.active_units([])
