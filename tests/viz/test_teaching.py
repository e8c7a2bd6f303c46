"""Figures of the lectures: what is drawn is what was given."""

import numpy as np
import pytest
from matplotlib.patches import Ellipse

from minivae.distributions import MultivariateNormal, Normal
from minivae.viz import image_walls, posterior_planes

from .conftest import rim


def test_every_wall_holds_its_own_images_under_its_own_title(x, shape):
    figure = image_walls({"left": x[:6], "right": 1 - x[:6]}, shape, columns=3)
    left, right = figure.axes
    assert [axes.get_title() for axes in figure.axes] == ["left", "right"]
    height, width = shape
    pictures = [axes.images[0].get_array() for axes in (left, right)]
    np.testing.assert_array_equal(pictures[0][:height, :width], x[0].reshape(shape))
    np.testing.assert_allclose(pictures[0] + pictures[1], np.ones_like(pictures[0]))


def test_a_wall_that_is_not_full_ends_in_blanks(x, shape):
    picture = image_walls({"five": x[:5]}, shape, columns=3).axes[0].images[0].get_array()
    assert np.isnan(np.ma.filled(picture, np.nan)[-shape[0] :, -shape[1] :]).all()


@pytest.mark.parametrize("counts", [(), (0,), (3, 4)])
def test_walls_of_different_sizes_are_refused(x, shape, counts):
    with pytest.raises(ValueError, match="same number of images"):
        image_walls({str(i): x[:n] for i, n in enumerate(counts)}, shape)


@pytest.fixture
def axis():
    return np.linspace(-3, 3, 31)


def planes(n, axis):
    z1, z2 = np.meshgrid(axis, axis)
    return np.stack([np.exp(-((z1 - i) ** 2) - z2**2) for i in range(n)])


def test_the_darkest_point_of_a_plane_is_the_posterior_mode(x, shape, axis):
    q = Normal(np.zeros((2, 2)), np.zeros((2, 2)))
    figure = posterior_planes(x[:2], planes(2, axis), q, axis, shape)
    shaded = figure.axes[3].images[0]
    row, column = np.unravel_index(np.argmax(shaded.get_array()), (31, 31))
    assert (axis[column], axis[row]) == pytest.approx((1, 0))
    assert shaded.origin == "lower"


def test_the_ellipses_are_one_and_two_standard_deviations_of_q(x, shape, axis):
    q = Normal(np.array([[0.5, -0.5]]), np.log([[0.25, 1.0]]))
    figure = posterior_planes(x[:1], planes(1, axis), q, axis, shape, titles=["gap"])
    ellipses = [patch for patch in figure.axes[1].patches if isinstance(patch, Ellipse)]
    assert [e.get_center() for e in ellipses] == [(0.5, -0.5)] * 2
    np.testing.assert_allclose([(e.width, e.height) for e in ellipses], [(1, 2), (2, 4)])
    assert figure.axes[1].get_title() == "gap"


def test_planes_that_do_not_fit_are_refused(x, shape, axis):
    q = Normal(np.zeros((2, 2)), np.zeros((2, 2)))
    with pytest.raises(ValueError, match="need posteriors of shape"):
        posterior_planes(x[:2], planes(2, axis)[:, 1:], q, axis, shape)


def test_the_ellipses_of_a_full_covariance_are_tilted(x, shape, axis):
    L = np.array([[[1.0, 0.0], [0.8, 0.6]]])
    q = MultivariateNormal(np.zeros((1, 2)), L)
    figure = posterior_planes(x[:1], planes(1, axis), q, axis, shape)
    for k, patch in zip((1, 2), figure.axes[1].patches, strict=True):
        whitened = np.linalg.solve(L[0], rim(patch).T)
        np.testing.assert_allclose(np.linalg.norm(whitened, axis=0), k, rtol=1e-12)
