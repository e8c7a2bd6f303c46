"""Integration over z, against closed forms, enumeration and Gauss-Legendre rules."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linear_gaussians import linear, set_decoder
from scipy.special import logsumexp
from scipy.stats import norm

import minivae as mv
from minivae.evaluation import LinearGaussian, quadrature

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=15)


def curved(seed, latent, likelihood="bernoulli", d=3, scale=1.0, sigma=0.3, **choices):
    """A model with one hidden layer and random weights."""
    rng = np.random.default_rng(seed)
    arguments = {"activation": "tanh", "dtype": "float64"} | choices
    model = mv.models.VAE.mlp(
        d, (6,), latent, likelihood=likelihood, sigma=sigma, **arguments, rng=rng
    )
    for parameter in model.parameters():
        parameter.data[...] = scale * rng.standard_normal(parameter.shape)
    return model, rng


def all_bits(d):
    return np.array(list(product([0.0, 1.0], repeat=d)))


def sums_to_one(found):
    """Within the errors that are stated, which are small."""
    p = np.exp(found.log_prob)
    stated = np.sum(p * found.error)
    assert stated < 0.02
    assert abs(p.sum() - 1.0) < stated + 1e-9


def agrees_with_the_closed_form(model, x, rtol=1e-8):
    exact, found = LinearGaussian.of(model), quadrature(model, x)
    np.testing.assert_allclose(found.log_prob, exact.log_prob(x), rtol=rtol, atol=1e-8)
    assert np.all(found.error < 1e-7)
    posterior = exact.posterior(x)
    std = posterior.std.data
    assert np.all(np.abs(found.mean - posterior.mean.data) < 1e-6 * std)
    L = posterior.scale_tril.data
    covariance = L @ L.transpose(0, 2, 1)
    assert np.all(np.abs(found.covariance - covariance) < 1e-6 * std[:, :, None] * std[:, None])


@few
@given(seeds, st.sampled_from([1, 2]), st.sampled_from([0.05, 0.5, 2.0]))
def test_on_linear_gaussian_models_it_is_the_closed_form(seed, latent, sigma):
    model, x, _ = linear(seed, latent=latent, sigma=sigma)
    agrees_with_the_closed_form(model, x)


@pytest.mark.parametrize("d", [2, 400])
def test_so_it_is_for_a_posterior_a_thousand_times_narrower_than_the_prior(d):
    """Of correlation 0.99 or so, the ridge far narrower than a cell of the first grid."""
    model, _, rng = linear(0, d=d, latent=2, sigma=0.003)
    set_decoder(model, rng.standard_normal((d, 2)) @ [[1.0, 0.95], [0.0, 0.1]])
    agrees_with_the_closed_form(model, model.sample(3, rng=rng))


def test_so_it_is_for_data_whose_posterior_is_far_from_the_prior():
    """A narrow ridge, fifty standard deviations of the prior away."""
    model, _, _ = linear(0, d=2, latent=2, sigma=0.003)
    rng = np.random.default_rng(6)
    weight = rng.standard_normal((2, 2)) @ [[1.0, 0.95], [0.0, 0.1]]
    set_decoder(model, weight, rng.standard_normal(2))
    agrees_with_the_closed_form(model, model.sample(2, rng=rng) + 5.0)


@pytest.mark.parametrize("seed", range(4))
def test_peaks_between_the_nodes_of_the_first_grid_are_found(seed):
    """Twenty times narrower than a cell; against two hundred thousand nodes in one dimension."""
    model, rng = curved(seed, 1, "gaussian", scale=2.0, sigma=0.002)
    x = model.sample(3, rng=rng)
    z = np.linspace(-8.0, 8.0, 200_001)[:, None, None]
    with mv.no_grad():
        log_f = np.concatenate([model.log_joint(x, part).data for part in np.split(z[1:], 100)])
    brute = logsumexp(log_f, axis=0) + np.log(8e-5)
    np.testing.assert_allclose(quadrature(model, x).log_prob, brute, atol=0.05)


@few
@given(seeds, st.sampled_from([1, 2]), st.sampled_from(["tanh", "relu"]))
def test_the_probabilities_of_all_binary_data_sum_to_one(seed, latent, activation):
    model, _ = curved(seed, latent, scale=1.2, activation=activation)
    sums_to_one(quadrature(model, all_bits(3)))


@few
@given(seeds, st.sampled_from([1, 2]))
def test_so_do_those_under_each_condition_of_a_conditional_model(seed, latent):
    model, _ = curved(seed, latent, condition=2)
    x = np.repeat(all_bits(3), 2, axis=0)
    y = np.tile(np.eye(2), (8, 1))
    p = np.exp(quadrature(model, x, y).log_prob)
    np.testing.assert_allclose([p[0::2].sum(), p[1::2].sum()], 1.0, atol=1e-6)
    assert np.abs(p[0::2] - p[1::2]).max() > 1e-6


@settings(max_examples=5)
@given(seeds)
def test_and_those_of_a_model_with_a_mixture_prior_of_distant_bumps(seed):
    model, rng = curved(seed, 2)
    model.prior = mv.models.MixturePrior(8.0 * rng.standard_normal((5, 2)), np.zeros((5, 2)))
    sums_to_one(quadrature(model, all_bits(3)))


@few
@given(seeds, st.sampled_from(["tanh", "relu"]))
def test_gauss_legendre_rules_on_many_pieces_find_the_same_in_one_dimension(seed, activation):
    model, _ = curved(seed, 1, "gaussian", activation=activation, scale=1.0, sigma=0.5)
    x = model.sample(1, rng=np.random.default_rng(seed))
    found = quadrature(model, x)
    nodes, weights = np.polynomial.legendre.leggauss(20)
    edges = np.linspace(-12.0, 12.0, 1001)  # 12 standard deviations of the prior: e⁻⁷² is outside
    z = (edges[:-1, None] + (nodes + 1) * 0.012).reshape(-1, 1, 1)
    w = np.tile(weights * 0.012, 1000)
    with mv.no_grad():
        density = w * np.exp(model.log_joint(x, z).data[:, 0] - found.log_prob[0])
    allowed = 1e-4 + found.error[0]  # a kink between nodes costs either rule its order
    assert found.error[0] < 0.01
    assert np.log(density.sum()) == pytest.approx(0.0, abs=allowed)
    assert density @ z[:, 0, 0] == pytest.approx(found.mean[0, 0], abs=10 * allowed)


def test_both_modes_of_a_posterior_with_two_are_found():
    """x = |z - c| + noise: the posterior has its mass at z = c ± x, in two peaks.

    One is on a node of the first grid, the other halfway between two, and both twenty
    times narrower than a cell: the node beside the second lies 48 nats below its top.
    """
    cell = 20 / 1024
    c, a, sigma = 500.25 * cell - 10.0, 19.75 * cell, 0.001
    model, _ = curved(0, 1, "gaussian", d=1, activation="relu", sigma=sigma)
    first, last = model.decoder.layers[0], model.decoder.layers[2]
    first.weight.data[...] = np.array([[1.0], [-1.0], [0.0], [0.0], [0.0], [0.0]])
    first.bias.data[...] = np.array([-c, c, 0.0, 0.0, 0.0, 0.0])
    last.weight.data[...], last.bias.data[...] = np.array([[1.0, 1.0, 0.0, 0.0, 0.0, 0.0]]), 0.0
    found = quadrature(model, np.array([[a]]), nodes=16_385)
    log_p = [norm.logpdf(c + side * a, 0.0, np.hypot(1.0, sigma)) for side in (1, -1)]
    assert found.log_prob[0] == pytest.approx(np.logaddexp(*log_p), abs=1e-5)
    share = 1 / (1 + np.exp(log_p[1] - log_p[0]))
    assert found.mean[0, 0] == pytest.approx(c + (2 * share - 1) * a, abs=1e-5)
    assert found.covariance[0, 0, 0] == pytest.approx(4 * share * (1 - share) * a**2, rel=1e-5)


def test_the_error_that_is_stated_is_seldom_exceeded():
    """With 65 nodes, against 4,097: a mode that falls between two nodes may go unnoticed."""
    worse = []
    for seed in range(20):
        activation = ["tanh", "relu"][seed % 2]
        model, rng = curved(seed, 1, "gaussian", activation=activation, scale=2.0, sigma=0.1)
        x = model.sample(4, rng=rng)
        coarse, fine = quadrature(model, x, nodes=65), quadrature(model, x, nodes=4097)
        worse += list(np.abs(coarse.log_prob - fine.log_prob) > coarse.error + 1e-9)
    assert np.mean(worse) <= 0.05


def test_data_are_taken_in_blocks_of_any_size():
    model, rng = curved(2, 2)
    x = all_bits(3)[rng.integers(0, 8, 35)]
    together = quadrature(model, x).log_prob
    alone = [quadrature(model, x[i : i + 1]).log_prob[0] for i in (0, 15, 16, 34)]
    np.testing.assert_allclose(together[[0, 15, 16, 34]], alone, rtol=1e-12)
    assert quadrature(model, x[:0]).mean.shape == (0, 2)


def test_what_cannot_be_integrated_is_refused():
    model, _ = curved(0, 3)
    with pytest.raises(ValueError, match="one or two latent dimensions, the model has 3"):
        quadrature(model, all_bits(3))
    model, _ = curved(0, 1)
    for nodes in (3, 100):
        with pytest.raises(ValueError, match=f"nodes must be odd and at least 5, it is {nodes}"):
            quadrature(model, all_bits(3), nodes=nodes)
    with pytest.raises(ValueError, match=r"needs data in \[0, 1\]"):
        quadrature(model, all_bits(3) * 2)
