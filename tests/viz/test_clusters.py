"""A row of the cluster figure belongs to one component of the prior, the largest on top."""

import numpy as np
import pytest

from minivae import viz

from .conftest import decoder_mean, picture
from .test_images import tile


def shares(model, x):
    return model.prior.responsibilities(model.codes(x)).data.mean(axis=0)


def test_rows_are_components_by_their_share_of_the_data(vae, x, shape):
    model = vae(prior="mixture", components=4)
    figure = viz.clusters(model, x, shape, rng=np.random.default_rng(5), n=3)
    share = shares(model, x)
    order = np.argsort(-share)
    image = picture(figure)
    for row, c in enumerate(order):
        expected = decoder_mean(model, model.prior.mu.data[c])
        np.testing.assert_allclose(tile(image, row, 0, shape), expected, rtol=1e-5)
        assert np.isnan(tile(image, row, 1, shape)).all()
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == [f"component {c + 1}: {100 * share[c]:.0f} %" for c in order]


def test_draws_of_a_narrow_component_are_its_mean_and_of_a_wide_one_differ(vae, x, shape, rng):
    model = vae(prior="mixture", components=2)
    model.prior.logvar.data[:] = [[-30, -30], [4, 4]]
    image = picture(viz.clusters(model, x, shape, rng=rng, n=4))
    for row, c in enumerate(np.argsort(-shares(model, x))):
        mean = tile(image, row, 0, shape)
        distance = max(np.abs(tile(image, row, 2 + i, shape) - mean).max() for i in range(4))
        assert (distance < 1e-5) == (c == 0)


def test_of_many_components_the_20_largest_are_drawn(vae, x, shape, rng):
    model = vae(prior="mixture", components=30)
    figure = viz.clusters(model, x, shape, rng=rng, n=1)
    drawn = [
        int(label.get_text().split(":")[0].split()[1]) - 1
        for label in figure.axes[0].get_yticklabels()
    ]
    assert drawn == list(np.argsort(-shares(model, x), kind="stable")[:20])
    assert "20 largest of 30 clusters" in figure.axes[0].get_title()


def test_a_prior_without_components_is_refused(vae, x, shape, rng):
    with pytest.raises(TypeError, match="the prior is a Normal, which has no components"):
        viz.clusters(vae(), x, shape, rng=rng)
    with pytest.raises(ValueError, match="n must be at least 1"):
        viz.clusters(vae(prior="mixture", components=2), x, shape, rng=rng, n=0)
