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


def test_rows_of_images_stand_in_their_order_under_each_other(x, shape):
    rows = {"clean": x[:4], "corrupted": x[4:8], "reconstruction": x[8:12]}
    figure = viz.image_rows(rows, shape, "Three stages")
    image = picture(figure)
    for row, images in enumerate(rows.values()):
        for i in range(4):
            np.testing.assert_array_equal(tile(image, row, i, shape), images[i].reshape(shape))
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == list(rows)
    assert figure.axes[0].get_title() == "Three stages"


@pytest.mark.parametrize("counts", [(), (0,), (3, 4)])
def test_rows_of_different_numbers_of_images_are_refused(x, shape, counts):
    with pytest.raises(ValueError, match="image_rows: every row needs the same number"):
        viz.image_rows({str(i): x[:n] for i, n in enumerate(counts)}, shape)


def test_one_image_stands_beside_the_means_at_draws_of_its_code(vae, x, shape):
    model = vae(latent=3)
    left, right = viz.decodes(model, x[3], shape, rng=np.random.default_rng(2), n=5).axes
    np.testing.assert_array_equal(left.images[0].get_array(), x[3].reshape(shape))
    with mv.no_grad():
        z = model.encode(x[3:4]).sample(np.random.default_rng(2), 5)
        means = model.decode(z[:, 0]).mean.data
    image = right.images[0].get_array().filled(np.nan)
    for i in range(5):  # two rows of three, the last one empty
        np.testing.assert_array_equal(tile(image, *divmod(i, 3), shape), means[i].reshape(shape))
    assert np.ptp(means, axis=0).max() > 0.01  # or the draws did not differ
    with pytest.raises(ValueError, match=r"one image of shape \(12,\).*x has \(1, 12\)"):
        viz.decodes(model, x[:1], shape, rng=np.random.default_rng(2))


def test_a_conditional_model_is_asked_under_its_conditions(vae, x, labels, shape):
    model, y = vae(condition=2), np.eye(2, dtype=np.float32)[labels % 2]
    image = picture(viz.reconstructions(model, x, shape, n=3, y=y))
    made = model.reconstruct(x[:3], y[:3])
    dreams = picture(viz.samples(model, shape, rng=np.random.default_rng(7), n=4, y=y[:4]))
    with mv.no_grad():
        means = model.decode(model.prior.sample(np.random.default_rng(7), 4), y[:4]).mean.data
    for i in range(4):
        np.testing.assert_array_equal(tile(dreams, *divmod(i, 2), shape), means[i].reshape(shape))
    for i in range(3):
        np.testing.assert_array_equal(tile(image, 1, i, shape), made[i].reshape(shape))
    two = viz.decodes(model, x[0], shape, rng=np.random.default_rng(2), n=2, y=y[0]).axes[1]
    with mv.no_grad():
        z = model.encode(x[:1], y[:1]).sample(np.random.default_rng(2), 2)[:, 0]
        expected = model.decode(z, y[[0, 0]]).mean.data
    drawn = two.images[0].get_array().filled(np.nan)
    np.testing.assert_array_equal(tile(drawn, 0, 1, shape), expected[1].reshape(shape))


def test_a_full_square_of_images_has_no_empty_row(vae, rng, shape):
    picture_of_four = picture(viz.samples(vae(), shape, rng=rng, n=4))
    assert picture_of_four.shape == (3 + 1 + 3, 4 + 1 + 4)
