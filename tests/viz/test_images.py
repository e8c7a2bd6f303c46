"""Each tile is the image that it stands for, at its place."""

import numpy as np
import pytest

import minivae as mv
from minivae import viz

from .conftest import picture


def tile(image, row, column, shape, blank=1):
    """The pixels of a tile, with ``blank`` pixels between tiles."""
    top, left = row * (shape[0] + blank), column * (shape[1] + blank)
    return image[top : top + shape[0], left : left + shape[1]]


@pytest.mark.parametrize("kind", ["vae", "autoencoder"])
def test_originals_stand_above_their_reconstructions(kind, x, shape, request):
    model = request.getfixturevalue(kind)()
    figure = viz.reconstructions(model, x, shape, n=5)
    image, reconstructed = picture(figure), model.reconstruct(x[:5])
    assert image.shape == (2 * 3 + 1, 5 * 4 + 4)
    for i in range(5):
        np.testing.assert_array_equal(tile(image, 0, i, shape), x[i].reshape(shape))
        np.testing.assert_array_equal(tile(image, 1, i, shape), reconstructed[i].reshape(shape))
    rows = dict(
        zip(
            (text.get_text() for text in figure.axes[0].get_yticklabels()),
            figure.axes[0].get_yticks(),
            strict=True,
        )
    )
    assert rows == {"original": 1, "reconstruction": 5}  # the middle pixels of three


def test_fewer_images_than_asked_for_are_all_drawn(vae, x, shape):
    assert picture(viz.reconstructions(vae(), x[:3], shape, n=10)).shape == (7, 3 * 4 + 2)


def test_samples_are_decoder_means_at_draws_from_the_prior(vae, shape):
    model = vae(latent=5)
    image = picture(viz.samples(model, shape, rng=np.random.default_rng(7), n=7))
    with mv.no_grad():
        z = model.prior.sample(np.random.default_rng(7), 7)
        means = model.decode(z).mean.data
    for i in range(7):  # three rows of three, the last two empty
        np.testing.assert_array_equal(tile(image, *divmod(i, 3), shape), means[i].reshape(shape))
    assert np.isnan(tile(image, 2, 1, shape)).all()
    assert np.isnan(tile(image, 2, 2, shape)).all()


def test_black_is_0_and_white_is_1_in_every_picture(vae, x, rng, shape):
    model = vae()
    for figure in (
        viz.reconstructions(model, x, shape),
        viz.samples(model, shape, rng=rng),
        viz.manifold(model, shape),
        viz.traversals(model, shape),
    ):
        (image,) = figure.axes[0].images
        assert image.get_clim() == (0, 1)
        assert image.cmap(0.0)[:3] == (0, 0, 0)
        assert image.cmap(1.0)[:3] == (1, 1, 1)


def test_an_autoencoder_has_nothing_to_sample_from(autoencoder, rng, shape):
    with pytest.raises(ValueError, match="this Autoencoder has no prior"):
        viz.samples(autoencoder(), shape, rng=rng)


@pytest.mark.parametrize("wrong", [(3, 3), (12,), (1, 3, 4)])
def test_a_wrong_image_shape_is_refused(vae, x, rng, wrong):
    model = vae()
    for draw in (
        lambda: viz.reconstructions(model, x, wrong),
        lambda: viz.samples(model, wrong, rng=rng),
        lambda: viz.manifold(model, wrong),
        lambda: viz.traversals(model, wrong),
    ):
        with pytest.raises(ValueError, match=r"height \* width = 12"):
            draw()


def test_nothing_to_draw_is_refused(vae, x, rng, shape):
    model = vae()
    with pytest.raises(ValueError, match="there are no images"):
        viz.reconstructions(model, x[:0], shape)
    with pytest.raises(ValueError, match="at least 1"):
        viz.samples(model, shape, rng=rng, n=0)
