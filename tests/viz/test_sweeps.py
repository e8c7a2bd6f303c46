"""The picture at a place in latent space is the decoder's mean there."""

import numpy as np
import pytest
from scipy.stats import norm

import minivae as mv
from minivae import viz

from .conftest import decoder_mean, picture


def label_values(labels):
    return [float(label.get_text().replace("−", "-")) for label in labels]


def close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)


def test_the_manifold_has_z1_to_the_right_and_z2_upwards_at_prior_quantiles(vae, shape):
    model, n = vae(), 5
    image = picture(viz.manifold(model, shape, n=n))
    tiles = image.reshape(n, 5, n, 6).swapaxes(1, 2)[:, :, 1:-1, 1:-1]  # inside their frames
    quantile = norm.ppf((np.arange(n) + 0.5) / n)
    for right in range(n):
        for up in range(n):
            expected = decoder_mean(model, [quantile[right], quantile[up]])
            close(tiles[n - 1 - up, right], expected)
    assert np.ptp(tiles, axis=0).max() > 0.01  # or nothing was shown
    assert np.ptp(tiles, axis=1).max() > 0.01


def test_the_manifolds_ticks_tell_the_quantile_at_their_place(vae, shape):
    n = 10
    axes = viz.manifold(vae(), shape, n=n).axes[0]
    across = (axes.get_xticks() + 0.5) / (n * 6)  # pixels to probability
    upwards = 1 - (axes.get_yticks() + 0.5) / (n * 5)
    for p, labels in [(across, axes.get_xticklabels()), (upwards, axes.get_yticklabels())]:
        assert 0.5 in p.round(12)
        np.testing.assert_allclose(label_values(labels), norm.ppf(p), atol=0.005)
    assert "z_1" in axes.get_xlabel()
    assert "z_2" in axes.get_ylabel()


def test_the_manifold_of_an_autoencoder_is_at_quantiles_of_its_codes(autoencoder, x, shape):
    model, n = autoencoder(), 3
    codes = model.codes(x)
    image = picture(viz.manifold(model, shape, n=n, codes=codes))
    z1, z2 = np.quantile(codes, [1 / 6, 1 / 2, 5 / 6], axis=0).T
    close(image[1:4, 1:5], decoder_mean(model, [z1[0], z2[2]]))
    close(image[-4:-1, 1:5], decoder_mean(model, [z1[0], z2[0]]))
    close(image[1:4, -5:-1], decoder_mean(model, [z1[2], z2[2]]))


def test_a_traversal_moves_one_dimension_and_leaves_the_others_at_0(vae, shape):
    model, n = vae(latent=3), 5
    figure = viz.traversals(model, shape, n=n)
    image = picture(figure)
    quantile = norm.ppf((np.arange(n) + 0.5) / n)
    for j in range(3):
        for i in range(n):
            z = np.where(np.arange(3) == j, quantile[i], 0)
            close(image[4 * j : 4 * j + 3, 5 * i : 5 * i + 4], decoder_mean(model, z))
    axes = figure.axes[0]
    np.testing.assert_allclose(label_values(axes.get_xticklabels()), quantile, atol=0.005)
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["$z_{1}$", "$z_{2}$", "$z_{3}$"]


def test_an_autoencoders_traversal_rests_at_the_median_code(autoencoder, x, shape):
    model = autoencoder(latent=3)
    codes = model.codes(x)
    image = picture(viz.traversals(model, shape, codes=codes, n=3))
    median = np.median(codes, axis=0)
    low = np.quantile(codes, 1 / 6, axis=0)
    for j in range(3):
        z = np.where(np.arange(3) == j, low, median)
        close(image[4 * j : 4 * j + 3, 0:4], decoder_mean(model, z))
        close(image[4 * j : 4 * j + 3, 5:9], decoder_mean(model, median))


def test_of_many_dimensions_the_20_that_change_the_image_most_are_drawn(vae, shape):
    model = vae(latent=25)
    first = model.decoder.parameters()[0].data  # (latent, hidden) or its transpose
    weights = first if first.shape[0] == 25 else first.T
    weights[[0, 3, 8, 20, 24]] = 0
    figure = viz.traversals(model, shape, n=3)
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == [f"$z_{{{j + 1}}}$" for j in range(25) if j not in (0, 3, 8, 20, 24)]
    assert "20 strongest of 25" in figure.axes[0].get_title()


def test_a_manifold_needs_two_dimensions(vae, shape):
    with pytest.raises(ValueError, match=r"2 latent dimensions, this model has 3.*traversals"):
        viz.manifold(vae(latent=3), shape)


@pytest.mark.parametrize("draw", [viz.manifold, viz.traversals])
def test_a_model_without_prior_needs_codes(autoencoder, x, shape, draw):
    model = autoencoder()
    with pytest.raises(ValueError, match=r"this Autoencoder has no normal prior.*pass codes="):
        draw(model, shape)
    with pytest.raises(ValueError, match=r"shape \(m, 2\), they have \(40, 12\)"):
        draw(model, shape, codes=x)


@pytest.mark.parametrize("draw", [viz.manifold, viz.traversals])
def test_no_steps_are_refused(vae, shape, draw):
    with pytest.raises(ValueError, match="n must be at least 1"):
        draw(vae(), shape, n=0)


def test_the_names_of_dimensions_stand_beside_their_symbols(vae, shape):
    figure = viz.traversals(vae(latent=3), shape, n=3, names=["slant", "", "size"])
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == ["$z_{1}$  slant", "$z_{2}$", "$z_{3}$  size"]
    with pytest.raises(ValueError, match="one name for each of the 3 latent dimensions"):
        viz.traversals(vae(latent=3), shape, names=["slant"])


def test_sweeps_of_a_conditional_model_are_under_the_condition_that_is_given(vae, shape):
    model, y = vae(condition=2), np.array([0.0, 1.0], np.float32)
    row = picture(viz.traversals(model, shape, n=1, y=y))
    plane = picture(viz.manifold(model, shape, n=1, y=y))
    with mv.no_grad():
        expected, other = (
            model.decode(np.zeros((1, 2)), condition[None]).mean.data.reshape(shape)
            for condition in (y, y[::-1])
        )
    close(row[:3, :4], expected)
    close(plane[1:4, 1:5], expected)
    assert np.abs(expected - other).max() > 0.01  # or any condition would do
