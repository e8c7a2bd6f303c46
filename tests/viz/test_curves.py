"""The lines of the loss figure are the columns of the history, as losses."""

import numpy as np
import pytest

from minivae import viz

from .conftest import History


def lines(figure):
    """{(what, where): (x, y, style)} of the curves, without the values in their names."""
    return {
        line.get_label().split(":")[0]: (*line.get_data(), line.get_linestyle())
        for line in figure.axes[0].lines
    }


def test_the_lines_are_the_losses_of_the_history(history):
    drawn = lines(viz.loss_split(history))
    assert set(drawn) == {
        f"{what}, {where}"
        for what in ("−ELBO", "reconstruction")
        for where in ("training", "held out")
    }
    for prefix, where, style in [("", "training", "-"), ("validation_", "held out", "--")]:
        for name, expected in [
            ("−ELBO", history.column(f"{prefix}loss")),
            ("reconstruction", -history.column(f"{prefix}reconstruction")),
        ]:
            x, y, drawn_style = drawn[f"{name}, {where}"]
            np.testing.assert_array_equal(x, history.column("epoch"))
            np.testing.assert_array_equal(y, expected)
            assert drawn_style == style


def test_the_band_is_as_wide_as_the_kl(history):
    (band,) = viz.loss_split(history).axes[0].collections
    corners = band.get_paths()[0].vertices
    for epoch, kl in zip(history.column("epoch"), history.column("kl"), strict=True):
        assert np.ptp(corners[corners[:, 0] == epoch, 1]) == kl


def test_the_legend_tells_the_last_values_with_their_sign():
    gaussian = History(epoch=[1, 2], loss=[5, -24.56], reconstruction=[-4, 38.9], kl=[1, 14.34])
    legend = viz.loss_split(gaussian).axes[0].get_legend()
    texts = {text.get_text() for text in legend.get_texts()}
    assert texts == {
        "−ELBO, training: −24.6",
        "KL, training: 14.3",
        "reconstruction, training: −38.9",
    }


def test_an_autoencoder_has_the_reconstruction_loss_alone():
    figure = viz.loss_split(History(epoch=[1, 2], loss=[9, 8], reconstruction=[-9, -8]))
    drawn = lines(figure)
    assert set(drawn) == {"reconstruction, training"}
    np.testing.assert_array_equal(drawn["reconstruction, training"][1], [9, 8])
    assert not figure.axes[0].collections


def test_epochs_without_validation_leave_no_hole_in_its_line():
    nan = np.nan
    history = History(
        epoch=[1, 2, 3, 4],
        reconstruction=[-9, -8, -7, -6],
        validation_reconstruction=[nan, -8.5, nan, -6.5],
    )
    x, y, _ = lines(viz.loss_split(history))["reconstruction, held out"]
    np.testing.assert_array_equal(x, [2, 4])
    np.testing.assert_array_equal(y, [8.5, 6.5])


def test_the_axes_have_units(history):
    axes = viz.loss_split(history).axes[0]
    assert axes.get_xlabel() == "epoch"
    assert "nats" in axes.get_ylabel()


def test_an_empty_history_is_refused():
    with pytest.raises(ValueError, match="train for at least one epoch"):
        viz.loss_split(History(epoch=[], reconstruction=[], kl=[]))


def test_what_is_minimised_is_drawn_where_it_is_not_the_negative_elbo(history):
    weighted = History(**{**history.values, "loss": [40, 33, 31], "validation_loss": [41, 34, 32]})
    drawn = lines(viz.loss_split(weighted))
    np.testing.assert_array_equal(drawn["what is minimised, training"][1], [40, 33, 31])
    np.testing.assert_array_equal(drawn["what is minimised, held out"][1], [41, 34, 32])
    np.testing.assert_array_equal(drawn["−ELBO, training"][1], [30, 25, 23])
    sparse = History(epoch=[1, 2], loss=[9, 8], reconstruction=[-8, -7], kl_sparsity=[2, 2])
    drawn = lines(viz.loss_split(sparse))
    np.testing.assert_array_equal(drawn["what is minimised, training"][1], [9, 8])
