"""Importance-weighted estimates: against the truth, their errors, and the bounds beside them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from linear_gaussians import linear, set_best_encoder, set_decoder

import minivae as mv
from minivae.evaluation import (
    LinearGaussian,
    importance_estimate,
    prior_estimate,
    quadrature,
)
from minivae.evaluation.importance import bounds_from, summary

seeds = st.integers(0, 2**32 - 1)
weights = hnp.arrays(
    np.float64,
    st.tuples(st.sampled_from([1, 2, 12, 60]), st.integers(1, 4)),
    elements=st.floats(-30, 30),
)


def near_the_posterior(seed, family="full"):
    """A model whose q is beside the posterior and so wide that its weights are bounded.

    For a full covariance L is 1.16 times too large; a diagonal one has the largest variance that
    the posterior has in any direction.
    """
    model, x, _ = linear(seed, latent=2, sigma=1.5, posterior=family)
    set_best_encoder(model)
    bias, latent = model.encoder.layers[0].bias.data, model.latent
    bias[:latent] += 0.2 * model.encode(x).std.data[0]
    widest = -np.log(np.linalg.eigvalsh(LinearGaussian.of(model).precision)[0])
    bias[latent : 2 * latent] = bias[latent : 2 * latent] + 0.15 if family == "full" else widest
    return model, x


# --- the truth -------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["diagonal", "full"])
@pytest.mark.parametrize("seed", range(5))
def test_five_thousand_draws_come_within_two_hundredths_of_the_linear_gaussian_truth(seed, family):
    model, x = near_the_posterior(seed, family)
    truth = LinearGaussian.of(model).log_prob(x)
    estimate = importance_estimate(model, x, 5000, rng=np.random.default_rng(seed))
    assert not np.allclose(model.encode(x).mean.data, LinearGaussian.of(model).posterior(x).mean)
    np.testing.assert_allclose(estimate.log_prob, truth, atol=0.02)
    assert np.all(np.abs(estimate.log_prob - truth) < 4.5 * estimate.standard_error)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("seed", range(2))
def test_they_come_within_five_hundredths_of_quadrature_on_a_nonlinear_model(seed, likelihood):
    """A VAE with two latent dimensions that was trained on digits for four hundred steps."""
    rng = np.random.default_rng(seed)
    data = mv.data.load("digits").train
    data = (data > 0.5) * 1.0 if likelihood == "bernoulli" else data
    model = mv.models.VAE.mlp(
        64, (40,), 2, "tanh", likelihood, "full", sigma=0.5, dtype="float64", rng=rng
    )
    optimizer = mv.optim.Adam(model.parameters(), lr=0.005)
    for _ in range(400):
        loss = model.loss(data[rng.integers(0, len(data), 100)], rng=rng)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    truth, estimate = quadrature(model, data[:12]), importance_estimate(model, data[:12], rng=rng)
    assert np.all(truth.error < 1e-6)
    assert np.all(truth.log_prob - estimate.bounds[0] > 1e-3)  # q is not the posterior
    np.testing.assert_allclose(estimate.log_prob, truth.log_prob, atol=0.05)


def test_at_the_exact_posterior_there_is_no_error():
    model, x, rng = linear(2, posterior="full")
    set_best_encoder(model)
    estimate = importance_estimate(model, x, 50, rng=rng)
    truth = LinearGaussian.of(model).log_prob(x)
    np.testing.assert_allclose(estimate.log_prob, truth, rtol=1e-9)
    np.testing.assert_allclose(estimate.bounds, np.tile(truth, (3, 1)), rtol=1e-9)
    np.testing.assert_allclose(estimate.effective_sample_size, 50.0, rtol=1e-9)
    assert np.all(estimate.standard_error < 1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_is_what_log_prob_of_the_model_estimates(dtype):
    model, x, _ = linear(3, dtype=dtype)
    set_best_encoder(model)
    ours = importance_estimate(model, x, 700, rng=np.random.default_rng(1))
    theirs = model.log_prob(x, 700, rng=np.random.default_rng(1))
    assert ours.log_prob.dtype == np.float64
    np.testing.assert_allclose(ours.log_prob, theirs, rtol=1e-5 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize(("n", "samples"), [(1, 1), (3, 4095), (2, 4097), (2, 9000), (900, 9)])
def test_however_draws_and_data_are_divided(n, samples):
    model, _, rng = linear(2, posterior="full")
    set_best_encoder(model)
    x = model.sample(n, rng=rng)
    estimate = importance_estimate(model, x, samples, rng=rng)
    np.testing.assert_allclose(estimate.log_prob, LinearGaussian.of(model).log_prob(x), rtol=1e-9)
    np.testing.assert_allclose(estimate.effective_sample_size, samples, rtol=1e-8)


# --- errors ----------------------------------------------------------------------------------


def test_the_standard_error_is_that_of_repeated_estimates():
    """1,000 estimates of one datum: the standard deviation of a spread is known to 1 / √2000."""
    model, x = near_the_posterior(1)
    x = np.tile(x[:1], (1000, 1))
    estimate = importance_estimate(model, x, 200, rng=np.random.default_rng(0))
    spread = estimate.log_prob.std(ddof=1)
    stated = np.sqrt(np.mean(estimate.standard_error**2))
    assert spread == pytest.approx(stated, rel=4.5 / np.sqrt(2000) + 0.05)  # and the delta method
    assert estimate.sampling_error == pytest.approx(spread / np.sqrt(1000), rel=1e-12)
    assert estimate.mean_error == pytest.approx(stated / np.sqrt(1000), rel=1e-12)


@given(weights)
def test_the_effective_sample_size_lies_between_one_and_the_number_of_draws(log_w):
    log_p, error, ess = summary(log_w)
    assert np.all(ess >= 1 - 1e-9)
    assert np.all(ess <= len(log_w) * (1 + 1e-9))
    w = np.exp(log_w)
    np.testing.assert_allclose(log_p, np.log(w.mean(axis=0)), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(ess, w.sum(axis=0) ** 2 / np.sum(w**2, axis=0), rtol=1e-9)
    if len(log_w) > 1:
        relative = w.std(axis=0, ddof=1) / np.sqrt(len(w)) / w.mean(axis=0)
        np.testing.assert_allclose(error, relative, rtol=1e-6, atol=1e-6)
    else:
        assert np.all(np.isnan(error))


@given(weights, st.floats(-1e4, 1e4))
def test_a_constant_factor_of_the_weights_moves_the_estimate_alone(log_w, shift):
    before, after = summary(log_w), summary(log_w + shift)
    np.testing.assert_allclose(after[0], before[0] + shift, rtol=1e-10, atol=1e-8)
    np.testing.assert_allclose(after[1], before[1], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(after[2], before[2], rtol=1e-8)


# --- bounds ----------------------------------------------------------------------------------


@given(weights)
def test_bounds_never_fall_with_the_number_of_draws_and_end_at_the_estimate(log_w):
    """Each k divides the next: by Jensen's inequality for any weights at all."""
    ks = [k for k in (1, 2, 4, 12, 60) if len(log_w) % k == 0]
    bounds = bounds_from(log_w, ks)
    assert np.all(np.diff(bounds, axis=0) >= -1e-9)
    np.testing.assert_allclose(bounds[0], log_w.mean(axis=0), rtol=1e-9, atol=1e-9)
    if ks[-1] == len(log_w):
        np.testing.assert_allclose(bounds[-1], summary(log_w)[0], rtol=1e-9, atol=1e-9)


def test_bounds_of_groups_written_out_by_hand():
    log_w = np.log(np.array([[1.0], [3.0], [2.0], [6.0], [100.0]]))
    bounds = bounds_from(log_w, [2, 3, 5])
    assert bounds[0, 0] == pytest.approx((np.log(2.0) + np.log(4.0)) / 2)  # the fifth is left over
    assert bounds[1, 0] == pytest.approx(np.log(2.0))
    assert bounds[2, 0] == pytest.approx(np.log(112.0 / 5))


@pytest.mark.parametrize("seed", range(3))
def test_bounds_rise_from_the_elbo_towards_the_truth_and_stay_below(seed):
    """Many copies of one datum, so that the mean bound has a small error."""
    model, x, _ = linear(seed, latent=2, d=4)
    set_decoder(model, [[1.0, 1.0], [1.0, 0.5], [0.5, 1.0], [0.0, 1.0]])
    set_best_encoder(model)
    copies = np.tile(x[:1], (400, 1))
    estimate = importance_estimate(model, copies, 600, rng=np.random.default_rng(seed))
    means = [*estimate.bounds.mean(axis=1)[:3], LinearGaussian.of(model).log_prob(x[:1])[0]]
    assert estimate.ks == (1, 10, 100, 600)
    assert np.all(np.diff(means) > 0)
    gap = mv.evaluation.linear_gaussian_gap(model, x[:1])
    error = estimate.bounds[0].std(ddof=1) / np.sqrt(400)
    assert abs(means[0] - gap.elbo[0]) < 4.5 * error


def test_a_conditional_model_is_given_the_condition_of_each_datum():
    rng = np.random.default_rng(0)
    model = mv.models.VAE.mlp(3, (6,), 2, condition=2, dtype="float64", rng=rng)
    for parameter in model.decoder.parameters():
        parameter.data[...] = rng.standard_normal(parameter.shape)
    x, y = np.tile([[1.0, 0.0, 1.0]], (6, 1)), np.eye(2)[[0, 1, 0, 0, 1, 1]]
    estimate = importance_estimate(model, x, 3000, y, rng=rng)
    truth = quadrature(model, x, y).log_prob
    assert np.ptp(truth) > 0.1
    assert np.all(np.abs(estimate.log_prob - truth) < 4.5 * estimate.standard_error)


# --- draws from the prior ----------------------------------------------------------------------


def test_draws_from_the_prior_serve_in_one_dimension():
    model, x, _ = linear(1, d=3, latent=1, sigma=1.0)
    estimate = prior_estimate(model, x, 20_000, rng=np.random.default_rng(0))
    truth = LinearGaussian.of(model).log_prob(x)
    assert np.all(np.abs(estimate.log_prob - truth) < 4.5 * estimate.standard_error)
    assert np.all(estimate.standard_error < 0.1)


def test_in_twenty_dimensions_they_fail_where_those_from_the_posterior_do_not():
    """Nats below the truth, where a few draws decide."""
    model, _, rng = linear(0, d=40, latent=20, sigma=0.5, posterior="full")
    set_best_encoder(model)
    x = model.sample(5, rng=rng)
    truth = LinearGaussian.of(model).log_prob(x)
    naive = prior_estimate(model, x, 2000, rng=rng)
    good = importance_estimate(model, x, 2000, rng=rng)
    assert np.all(naive.log_prob < truth - 20.0)
    assert np.all(naive.effective_sample_size < 20.0)
    np.testing.assert_allclose(good.log_prob, truth, rtol=1e-9)


def test_under_a_condition_and_with_a_mixture_prior_they_agree_with_quadrature():
    rng = np.random.default_rng(0)
    model = mv.models.VAE.mlp(
        3, (6,), 2, prior="mixture", components=3, condition=2, dtype="float64", rng=rng
    )
    x, y = np.tile([[1.0, 0.0, 1.0]], (4, 1)), np.eye(2)[[0, 1, 1, 0]]
    estimate = prior_estimate(model, x, 5000, y, rng=rng)
    error = np.abs(estimate.log_prob - quadrature(model, x, y).log_prob)
    assert np.all(error < 4.5 * estimate.standard_error)


def test_what_makes_no_sense_is_refused():
    model, x, rng = linear(0)
    for samples in (0, 2.5):
        with pytest.raises(ValueError, match="needs samples from 1 on"):
            importance_estimate(model, x, samples, rng=rng)
    for ks in ((0, 5), (11,)):
        with pytest.raises(ValueError, match="ks must lie between 1 and samples=10"):
            importance_estimate(model, x, 10, rng=rng, ks=ks)
    with pytest.raises(ValueError, match="there are no data"):
        importance_estimate(model, x[:0], 10, rng=rng)
    with pytest.raises(ValueError, match=r"data must have shape"):
        importance_estimate(model, x[:, :0], 10, rng=rng)


def test_an_estimate_is_shown_as_its_mean_and_both_errors():
    model, x = near_the_posterior(0)
    found = importance_estimate(model, x, 50, rng=np.random.default_rng(0))
    assert f"log p(x) = {found.mean:.3f} ± {found.sampling_error:.2g} nats" in repr(found)
    assert f"± {found.mean_error:.2g} from 50 draws each" in repr(found)
