"""Points stand at the codes, in the colour of their class; classes are told twice."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

import minivae as mv
from minivae import viz
from minivae.viz.latent import _apart
from minivae.viz.style import BLUE, CLASSES

from .conftest import rim


@pytest.mark.parametrize("kind", ["vae", "autoencoder"])
def test_the_points_are_the_codes_in_the_colours_of_the_legend(kind, x, labels, request):
    model = request.getfixturevalue(kind)()
    axes = viz.latent_scatter(model, x, labels).axes[0]
    (points,) = axes.collections
    np.testing.assert_array_equal(points.get_offsets(), model.codes(x))
    legend = axes.get_legend()
    colors = {
        text.get_text(): to_rgb(handle.get_color())
        for text, handle in zip(legend.get_texts(), legend.legend_handles, strict=True)
    }
    assert len(set(colors.values())) == len(colors) == 10
    for color, label in zip(points.get_facecolors(), labels, strict=True):
        np.testing.assert_allclose(color[:3], colors[str(label)])


def test_each_class_is_written_at_the_median_of_its_codes(vae, rng):
    model = vae()
    prototypes = rng.random((3, 12), dtype=np.float32)
    x, labels = np.repeat(prototypes, 5, axis=0), np.repeat([3, 5, 8], 5)
    axes = viz.latent_scatter(model, x, labels).axes[0]
    written = {text.get_text(): text for text in axes.texts}
    medians = model.codes(prototypes)
    gap = np.linalg.norm(medians[:, None] - medians, axis=-1)[np.triu_indices(3, 1)].min()
    assert gap > 0.36  # 6 % of the circle of 3 sigma: far enough for the names to stay in place
    for name, median in zip("358", medians, strict=True):
        np.testing.assert_allclose(written[name].get_position(), median, atol=1e-4)
        assert written[name].get_path_effects()


def test_names_that_would_cover_each_other_move_apart_and_others_stay():
    places = np.array([[0.0, 0.0], [0.0, 0.0], [0.1, 0.0], [9.0, 9.0]])
    moved = _apart(places, 1.0)
    distance = np.linalg.norm(moved[:, None] - moved, axis=-1)[np.triu_indices(4, 1)]
    assert distance.min() > 0.95
    np.testing.assert_allclose(moved[3], places[3], atol=1e-5)
    np.testing.assert_allclose(moved[:3].mean(axis=0), places[:3].mean(axis=0), atol=1)


def test_of_many_dimensions_a_vae_shows_the_two_with_the_largest_kl(vae, x, labels):
    model = vae(latent=6)
    with mv.no_grad():
        kl = model.encode(x).kl(model.prior).data.mean()
        kl_per_dim = model.elbo(x, rng=np.random.default_rng(0)).kl_per_dim.data
    np.testing.assert_allclose(kl_per_dim.sum(), kl, rtol=1e-5)
    first, second = np.argsort(kl_per_dim)[::-1][:2]
    axes = viz.latent_scatter(model, x, labels).axes[0]
    points = axes.collections[0].get_offsets()
    np.testing.assert_array_equal(points, model.codes(x)[:, [first, second]])
    assert axes.get_xlabel() == (
        f"$z_{{{first + 1}}}$ (KL {kl_per_dim[first]:.2f} nats, largest of 6)"
    )
    assert axes.get_ylabel().startswith(f"$z_{{{second + 1}}}$ (KL")


def test_of_many_dimensions_an_autoencoder_shows_the_two_with_the_largest_variance(
    autoencoder, x, labels
):
    model = autoencoder(latent=6)
    codes = model.codes(x)
    first, second = np.argsort(codes.var(axis=0))[::-1][:2]
    axes = viz.latent_scatter(model, x, labels).axes[0]
    np.testing.assert_array_equal(axes.collections[0].get_offsets(), codes[:, [first, second]])
    assert axes.get_xlabel().startswith(f"$z_{{{first + 1}}}$ (variance")


def test_the_priors_circles_are_drawn_where_there_is_a_prior(vae, autoencoder, x, labels):
    circles = viz.latent_scatter(vae(), x, labels).axes[0].patches
    sizes = [(circle.get_width(), circle.get_height()) for circle in circles]
    assert sizes == [(2, 2), (4, 4), (6, 6)]
    assert all(circle.get_center() == (0, 0) for circle in circles)
    assert not viz.latent_scatter(autoencoder(), x, labels).axes[0].patches


def test_both_axes_have_one_scale(vae, x, labels):
    assert viz.latent_scatter(vae(), x, labels).axes[0].get_aspect() == 1


def test_the_ten_colours_are_ten():
    assert len(set(CLASSES)) == 10


def test_what_cannot_be_drawn_is_refused(vae, x, labels):
    with pytest.raises(ValueError, match="every datum needs one label; there are 40 data"):
        viz.latent_scatter(vae(), x, labels[:3])
    with pytest.raises(ValueError, match="at most 10 classes apart, these are 40"):
        viz.latent_scatter(vae(), x, np.arange(40))
    with pytest.raises(ValueError, match="at least 2 latent dimensions"):
        viz.latent_scatter(vae(latent=1), x, labels)


def test_the_ellipses_are_one_standard_deviation_of_the_posterior(vae, x, labels):
    model = vae(posterior="full")
    with mv.no_grad():
        q = model.encode(x[:5])
    patches = viz.latent_scatter(model, x, labels, ellipses=5).axes[0].patches[:5]
    for patch, mean, covariance in zip(patches, q.mean.data, q.covariance.data, strict=True):
        np.testing.assert_allclose(patch.get_center(), mean, rtol=1e-6)
        away = rim(patch) - mean
        distance = np.sqrt(np.sum(away @ np.linalg.inv(covariance) * away, axis=1))
        np.testing.assert_allclose(distance, 1, rtol=1e-4)  # of float32 parameters
    colors = [to_rgb(patch.get_edgecolor()) for patch in patches]
    assert colors == [to_rgb(CLASSES[label]) for label in labels[:5]]


def test_of_many_dimensions_ellipses_are_those_of_the_two_that_are_drawn(vae, x, labels):
    model = vae(latent=6)
    means_and_logvars = model.encoder.parameters()[-1].data  # the biases of the last layer
    means_and_logvars[[4, 2, 8]] += [4, 3, 1]  # large means of two, another spread of one
    with mv.no_grad():
        q = model.encode(x[:1])
        kl = model.elbo(x, rng=np.random.default_rng(0)).kl_per_dim.data
    dims = np.argsort(-kl)[:2]
    assert list(dims) == [4, 2]
    patch = viz.latent_scatter(model, x, labels, ellipses=1).axes[0].patches[0]
    reach = np.abs(rim(patch) - q.mean.data[0, dims]).max(axis=0)
    np.testing.assert_allclose(reach, q.std.data[0, dims], rtol=1e-3)


def test_codes_without_labels_are_blue_and_have_no_legend(vae, x):
    axes = viz.latent_scatter(vae(), x).axes[0]
    assert axes.get_legend() is None
    for color in axes.collections[0].get_facecolors():
        np.testing.assert_allclose(color[:3], to_rgb(BLUE))


def test_a_mixture_prior_shows_one_ellipse_for_each_component(vae, x, labels):
    model = vae(prior="mixture", components=3)
    model.prior.logvar.data[:] = np.log([[0.25, 4.0]])
    patches = viz.latent_scatter(model, x, labels).axes[0].patches
    np.testing.assert_allclose([p.get_center() for p in patches], model.prior.mu.data, rtol=1e-6)
    for patch, mean in zip(patches, model.prior.mu.data, strict=True):
        np.testing.assert_allclose(np.abs(rim(patch) - mean).max(axis=0), [0.5, 2], rtol=1e-3)


def test_a_conditional_model_is_drawn_at_the_codes_under_its_conditions(vae, x, labels):
    model, y = vae(condition=2), np.eye(2, dtype=np.float32)[labels % 2]
    points = viz.latent_scatter(model, x, labels, y=y, ellipses=3).axes[0].collections[0]
    np.testing.assert_array_equal(points.get_offsets(), model.codes(x, y))


def test_points_have_no_ellipses(autoencoder, x, labels):
    with pytest.raises(TypeError, match="codes of this Autoencoder are points"):
        viz.latent_scatter(autoencoder(), x, labels, ellipses=3)


def test_panels_of_one_scale_hold_each_models_codes(rng, labels):
    codes = {"autoencoder": 9 * rng.standard_normal((40, 2)), "VAE": rng.standard_normal((40, 2))}
    figure = viz.latent_panels(codes, labels)
    left, right = figure.axes
    for axes, (name, z) in zip(figure.axes, codes.items(), strict=True):
        assert axes.get_title() == name
        np.testing.assert_array_equal(axes.collections[0].get_offsets(), z)
        (low, high), (down, up) = axes.get_xlim(), axes.get_ylim()
        assert (z > [low, down]).all()
        assert (z < [high, up]).all()
    assert left.get_xlim() == right.get_xlim()
    assert left.get_ylim() == right.get_ylim()
    own = viz.latent_panels(codes, labels, same_scale=False).axes
    assert own[0].get_xlim() != own[1].get_xlim()


def test_panels_have_ellipses_where_there_are_standard_deviations(rng):
    z, std = rng.standard_normal((7, 2)), rng.random((7, 2)) + 0.1
    points, ranges = viz.latent_panels({"a": z, "b": z}, stds={"b": std}, ellipses=4).axes
    assert len(points.patches) == 3  # the circles of N(0, I)
    for patch, mean, half in zip(ranges.patches[:4], z, std, strict=False):
        np.testing.assert_allclose(np.abs(rim(patch) - mean).max(axis=0), half, rtol=1e-3)
    assert len(ranges.patches) == 4 + 3


def test_panels_that_do_not_fit_are_refused(rng):
    z = rng.standard_normal((7, 2))
    for wrong in [{}, {"a": z, "b": z[:3]}, {"a": np.ones((7, 3))}]:
        with pytest.raises(ValueError, match=r"same n data in the plane, \(n, 2\)"):
            viz.latent_panels(wrong)
    for stds in [{"b": z}, {"a": z[:2]}]:
        with pytest.raises(ValueError, match="under a name of codes"):
            viz.latent_panels({"a": z}, stds=stds)
    with pytest.raises(ValueError, match="there are 7 data and labels of shape"):
        viz.latent_panels({"a": z}, np.arange(3))
    with pytest.raises(ValueError, match="there are no data"):
        viz.latent_panels({"a": z[:0]})
