"""Every figure once with few data, and those again whose layout depends on how many there are."""

import numpy as np

from minivae import viz
from minivae.models import MixturePrior

LONG = "a model with quite a long name"


def drawings(vae, autoencoder, x, labels, history, shape):
    """{name of the function: [callables that draw]}."""
    plane, many = vae(), vae(latent=25)
    mixture, conditional = vae(prior="mixture", components=3), vae(condition=2)
    assert isinstance(mixture.prior, MixturePrior)
    crowded = vae(prior="mixture", components=30)
    y = np.eye(2, dtype=np.float32)[labels % 2]
    codes, points = plane.codes(x), np.random.default_rng(3).standard_normal((40, 2))
    axis, k = np.linspace(-3, 3, 31), np.array([1, 5, 50])
    planes = np.exp(-sum(np.square(np.meshgrid(axis, axis))))[None].repeat(2, 0)
    curve = np.array([3.0, 2.0, 1.0])
    parts = {"distortion": 80.0, "mutual information": 9.0, "KL(q(z) ‖ p(z))": -1.0}
    waves = np.sin(np.arange(20) * np.array([[0.3], [0.5], [0.7]]))

    def rng():
        return np.random.default_rng(7)

    return {
        "accuracy_against_dimension": [
            lambda: viz.accuracy_against_dimension(k, {LONG: curve / 4}, chance=0.1)
        ],
        "active_units": [
            lambda: viz.active_units([2.0]),
            lambda: viz.active_units(np.arange(40), np.arange(40) > 20),
        ],
        "bound_against_k": [
            lambda: viz.bound_against_k(k, {LONG: -curve}, -0.5, {LONG: curve / 9})
        ],
        "clusters": [
            lambda: viz.clusters(mixture, x, shape, rng=rng()),
            lambda: viz.clusters(crowded, x, shape, rng=rng(), n=1),
        ],
        "decodes": [
            lambda: viz.decodes(plane, x[0], shape, rng=rng(), n=1),
            lambda: viz.decodes(plane, x[0], shape, rng=rng()),
        ],
        "decomposition_bars": [lambda: viz.decomposition_bars({"VAE": parts, LONG: parts})],
        "filters": [
            lambda: viz.filters(x[:1], shape),
            lambda: viz.filters({"0 %": x, LONG: x[:9]}, shape, "Filters"),
        ],
        "fitted_densities": [lambda: viz.fitted_densities(k, curve, {LONG: curve})],
        "gap_bars": [lambda: viz.gap_bars({"isotropic": -3.4, LONG: -3.2101}, -3.2)],
        "gradient_paths": [viz.gradient_paths],
        "gradient_variance": [lambda: viz.gradient_variance(k, {LONG: curve}, {LONG: curve})],
        "graphical_model": [viz.graphical_model, lambda: viz.graphical_model(inference=True)],
        "history_curves": [lambda: viz.history_curves(history, ["kl", "loss"], "nats")],
        "image_rows": [
            lambda: viz.image_rows({"clean": x[:1]}, shape),
            lambda: viz.image_rows({"clean": x[:5], "corrupted": x[5:10], LONG: x[:5]}, shape),
        ],
        "image_walls": [lambda: viz.image_walls({"left": x, "right": 1 - x}, shape)],
        "interpolation": [
            lambda: viz.interpolation(plane, x[:1], x[1:2], shape, n=2),
            lambda: viz.interpolation(conditional, x[:4], x[4:8], shape, y=y[:4]),
        ],
        "intrinsic_dimensions": [
            lambda: viz.intrinsic_dimensions(k, {LONG: curve, "ring": curve / 2}, {"ring": 1})
        ],
        "jacobian_spectra": [lambda: viz.jacobian_spectra({LONG: x + 1, "contractive": curve})],
        "label_swaps": [
            lambda: viz.label_swaps(conditional, x[:1], y[:1], shape),
            lambda: viz.label_swaps(conditional, x[:6], y[:6], shape, ["even numbers", "odd"]),
        ],
        "latent_panels": [
            lambda: viz.latent_panels(
                {"a": codes, "b": 9 * codes}, labels, stds={"a": np.ones_like(codes)}
            )
        ],
        "latent_scatter": [
            lambda: viz.latent_scatter(plane, x, labels, ellipses=9),
            lambda: viz.latent_scatter(many, x, labels),
            lambda: viz.latent_scatter(mixture, x),
        ],
        "likelihood_families": [lambda: viz.likelihood_families(k, {LONG: curve}, x=5.0)],
        "loss_split": [lambda: viz.loss_split(history)],
        "manifold": [lambda: viz.manifold(plane, shape, n=4)],
        "mean_trajectories": [lambda: viz.mean_trajectories(x, x / 2)],
        "mode_coverage": [lambda: viz.mode_coverage({"GAN": [5, 0, 1], LONG: [2, 2, 2]})],
        "posterior_planes": [
            lambda: viz.posterior_planes(x[:2], planes, plane.encode(x[:2]), axis, shape)
        ],
        "projection_axes": [lambda: viz.projection_axes(points, labels % 3, {LONG: [1.0, 2.0]})],
        "push_forward": [lambda: viz.push_forward({"$z$": points, "$g(z)$": 5 * points})],
        "rate_distortion": [lambda: viz.rate_distortion(k, curve, [4, 1, 0.25])],
        "reconstructions": [
            lambda: viz.reconstructions(plane, x, shape, n=1),
            lambda: viz.reconstructions(conditional, x, shape, y=y),
        ],
        "samples": [
            lambda: viz.samples(plane, shape, rng=rng(), n=1),
            lambda: viz.samples(plane, shape, rng=rng()),
        ],
        "samples_over_data": [
            lambda: viz.samples_over_data(points, {LONG: points}),
            lambda: viz.samples_over_data(
                points, {"GAN": points, "VAE": points}, points[:3], {"GAN": [True, False, True]}
            ),
        ],
        "signal_to_noise": [lambda: viz.signal_to_noise(k, {LONG: curve, "decoder": curve[::-1]})],
        "strings": [
            lambda: viz.strings({"s": ["a"]}, LONG),
            lambda: viz.strings({"original": ["m" * 40] * 9, LONG: ["w" * 40] * 9}, compare=True),
        ],
        "traversals": [
            lambda: viz.traversals(plane, shape, n=1),
            lambda: viz.traversals(many, shape, names=[LONG] * 25),
        ],
        "variance_crossing": [
            lambda: viz.variance_crossing(k, {LONG: curve, "pathwise": curve[::-1]}, crossing=5.0)
        ],
        "waves": [lambda: viz.waves(waves[:1], waves[:1]), lambda: viz.waves(waves, waves, waves)],
    }
