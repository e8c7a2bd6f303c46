"""Annealed importance sampling: unbiased weights, moves that keep their target, the bracket."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linear_gaussians import decoder_of, linear, set_best_encoder, set_encoder

import minivae as mv
from minivae.evaluation import (
    LinearGaussian,
    annealed_bracket,
    annealed_estimate,
    importance_estimate,
    quadrature,
)
from minivae.evaluation.annealed import temperatures
from minivae.evaluation.hamiltonian import path_from, transition

seeds = st.integers(0, 2**32 - 1)
starts = pytest.mark.parametrize("start", ["prior", "posterior"])


def correlated(seed=0, d=5, sigma=0.5):
    """A linear-Gaussian model whose encoder is beside the posterior, and moderately wide."""
    model, x, rng = linear(seed, d=d, latent=2, sigma=sigma)
    set_encoder(model, 0.1 * rng.standard_normal((2, d)), 0.1, -0.1)
    return model, x, rng


# --- the moves -------------------------------------------------------------------------------


@starts
@given(seed=seeds, beta=st.floats(0.0, 1.0))
@settings(max_examples=15)
def test_the_slope_is_that_of_the_value(start, seed, beta):
    model, x, rng = linear(seed)
    path = path_from(start, model, x, None)
    z, v = rng.standard_normal((2, 3, 4, model.latent))
    with mv.no_grad():
        _, slope = path.value_and_slope(beta, z)
        ends = [path.value_and_slope(beta, z + h * v)[0] for h in (-1e-5, 1e-5)]
    expected = np.sum(slope * v, axis=-1)
    np.testing.assert_allclose((ends[1] - ends[0]) / 2e-5, expected, rtol=1e-5, atol=1e-4)


@starts
@given(seed=seeds)
def test_the_path_leads_from_the_start_to_the_joint_density(start, seed):
    model, x, rng = linear(seed)
    path = path_from(start, model, x, None)
    z = rng.standard_normal((3, 4, model.latent))
    base = model.prior if start == "prior" else model.encode(x)
    with mv.no_grad():
        first, last = (path.value_and_slope(beta, z)[0] for beta in (0.0, 1.0))
        ascent = path.ascent(z)
    np.testing.assert_allclose(first, base.log_prob(z).data, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(last, model.log_joint(x, z).data, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(ascent, last - first, rtol=1e-8, atol=1e-8)


@starts
@pytest.mark.parametrize("beta", [0.3, 1.0])
def test_a_transition_leaves_its_distribution_as_it_is(start, beta):
    """From exact draws of f_β, a normal density, to draws of the same: mean and covariance.

    The step is so long that a third of the proposals are refused: without the refusals, or with
    an energy that is wrong, the moments would change.
    """
    model, x, rng = correlated()
    x, n = x[:1], 20_000
    path = path_from(start, model, x, None)
    W, b, sigma = decoder_of(model)
    P1, h1 = np.eye(2) + W.T @ W / sigma**2, W.T @ (x[0] - b) / sigma**2
    q = model.encode(x)
    P0 = np.eye(2) if start == "prior" else np.diag(1 / q.std.data[0] ** 2)
    h0 = np.zeros(2) if start == "prior" else P0 @ q.mean.data[0]
    C = np.linalg.inv((1 - beta) * P0 + beta * P1)
    m = C @ ((1 - beta) * h0 + beta * h1)
    z = m + rng.standard_normal((n, 1, 2)) @ np.linalg.cholesky(C).T
    size = 1.7 * np.sqrt(np.linalg.eigvalsh(C).min()) / path.scale.max()
    with mv.no_grad():
        moved, accepted = transition(path, beta, z, np.full(1, size), 3, rng)
        again = moved
        for _ in range(9):  # a small error would add up
            again, _ = transition(path, beta, again, np.full(1, size), 3, rng)
    assert 0.4 < accepted.mean() < 0.95
    assert np.mean(np.any(moved != z, axis=-1)) == pytest.approx(accepted.mean(), abs=0.02)
    off = (again[:, 0].mean(axis=0) - m) / np.sqrt(np.diag(C) / n)
    assert np.all(np.abs(off) < 4.5)
    spread = np.sqrt((np.outer(np.diag(C), np.diag(C)) + C**2) / n)
    assert np.all(np.abs(np.cov(again[:, 0].T) - C) < 4.5 * spread)


def test_a_move_that_runs_away_is_refused():
    model, x, rng = correlated(sigma=0.01)
    path = path_from("prior", model, x, None)
    z = rng.standard_normal((5, 4, 2))
    with mv.no_grad():
        moved, accepted = transition(path, 1.0, z, np.full(4, 1e3), 100, rng)
    assert np.array_equal(moved, z)
    assert np.all(accepted == 0)


@pytest.mark.parametrize("steps", [1, 2, 7, 100])
def test_temperatures_rise_from_zero_to_one(steps):
    betas = temperatures(steps)
    assert len(betas) == steps + 1
    assert betas[0] == 0.0
    assert betas[-1] == 1.0
    assert np.all(np.diff(betas) > 0)
    np.testing.assert_allclose(betas + betas[::-1], 1.0, atol=1e-12)


# --- the estimate ----------------------------------------------------------------------------


@starts
@pytest.mark.parametrize("steps", [1, 2, 20])
def test_the_weights_are_unbiased_estimates_of_the_evidence(start, steps):
    """E w = p(x) for any number of steps: 8,000 chains for one datum of moderate evidence."""
    model, x, rng = correlated(3, d=2, sigma=1.0)
    truth = LinearGaussian.of(model).log_prob(x[:1])
    estimate = annealed_estimate(
        model, x[:1], rng=rng, chains=8000, steps=steps, leapfrog=2, start=start
    )
    assert 0 < estimate.standard_error[0] < 0.1
    assert abs(np.expm1(estimate.log_prob - truth)[0]) < 4.5 * estimate.standard_error[0]


@starts
def test_of_one_step_it_is_importance_sampling_from_the_start(start):
    model, x, _ = correlated()
    estimate = annealed_estimate(
        model, x, rng=np.random.default_rng(0), chains=4000, steps=1, start=start
    )
    rng = np.random.default_rng(1)
    if start == "posterior":
        other = importance_estimate(model, x, 4000, rng=rng)
        log_p, error = other.log_prob, other.standard_error
    else:
        w = np.exp(model.decode(rng.standard_normal((4000, 1, 2))).log_prob(x).data)
        log_p, error = np.log(w.mean(axis=0)), w.std(axis=0) / np.sqrt(4000) / w.mean(axis=0)
    both = np.hypot(error, estimate.standard_error)
    assert np.all(np.abs(estimate.log_prob - log_p) < 4.5 * both)
    assert np.all(estimate.acceptance == 1.0)


def test_more_steps_bring_it_closer_from_below():
    model, _, rng = correlated(d=8, sigma=0.3)
    x = model.sample(100, rng=rng)
    truth = LinearGaussian.of(model).log_prob(x)
    lacks = [
        truth - annealed_estimate(model, x, rng=rng, chains=2, steps=steps, leapfrog=5).log_prob
        for steps in (2, 10, 100)
    ]
    means = [lack.mean() for lack in lacks]
    assert means[0] > 2 * means[1] > 4 * means[2]
    assert means[2] > -4.5 * lacks[2].std(ddof=1) / 10


def test_it_finds_a_mode_that_the_encoder_misses():
    """x = |z| + noise: q sits on one mode and has half the evidence; the prior's path has both."""
    rng = np.random.default_rng(0)
    model = mv.models.VAE.mlp(1, (2,), 1, "relu", "gaussian", sigma=0.3, dtype="float64", rng=rng)
    for parameter in model.parameters():
        parameter.data[...] = 0.0
    model.decoder.layers[0].weight.data[...] = [[1.0], [-1.0]]
    model.decoder.layers[2].weight.data[...] = 1.0
    model.encoder.layers[2].bias.data[...] = [1.83, -2.4]
    x = np.array([[2.0]])
    truth = quadrature(model, x).log_prob[0]
    half = importance_estimate(model, x, 1000, rng=rng).log_prob[0]
    assert half == pytest.approx(truth - np.log(2), abs=0.1)
    estimate = annealed_estimate(model, x, rng=rng, chains=500, steps=50, leapfrog=5)
    assert abs(estimate.log_prob[0] - truth) < 4.5 * estimate.standard_error[0] < 0.3


def test_under_a_condition_and_with_a_mixture_prior_it_agrees_with_quadrature():
    rng = np.random.default_rng(0)
    model = mv.models.VAE.mlp(
        3, (6,), 2, prior="mixture", components=3, condition=2, dtype="float64", rng=rng
    )
    x, y = np.tile([[1.0, 0.0, 1.0]], (4, 1)), np.eye(2)[[0, 1, 1, 0]]
    for start in ("prior", "posterior"):
        estimate = annealed_estimate(
            model, x, y, rng=rng, chains=200, steps=10, leapfrog=3, start=start
        )
        error = np.abs(estimate.log_prob - quadrature(model, x, y).log_prob)
        assert np.all(error < 4.5 * estimate.standard_error)


# --- the bracket -----------------------------------------------------------------------------


@starts
@pytest.mark.parametrize("steps", [3, 40])
def test_the_bracket_contains_the_truth(start, steps):
    """On the average over 150 data; with few steps it is wide, so that a wrong sign would show."""
    model, _, rng = correlated(d=6, sigma=0.4)
    bracket = annealed_bracket(model, 150, rng=rng, chains=3, steps=steps, leapfrog=5, start=start)
    truth = LinearGaussian.of(model).log_prob(bracket.x)
    below, above = truth - bracket.lower.log_prob, bracket.upper.log_prob - truth
    for side in (below, above):
        assert side.mean() > -4.5 * side.std(ddof=1) / np.sqrt(150)
    assert bracket.width == pytest.approx(below.mean() + above.mean(), rel=1e-9)
    if steps == 3:
        assert min(below.mean(), above.mean()) > 0.1
    elif start == "prior":
        assert bracket.width < 1.0
        assert bracket.width_error < 0.2


def test_single_reverse_weights_are_unbiased_estimates_of_the_reciprocal_evidence():
    """E p(x) / w = 1 over the model's own data, with one chain each; q narrow, so that 1 / w has
    a small variance.
    """
    model, _, rng = correlated(3, d=2, sigma=1.0)
    set_best_encoder(model)
    P = LinearGaussian.of(model).precision
    model.encoder.layers[0].bias.data[2:] = -np.log(np.linalg.eigvalsh(P)[-1]) - 0.2
    bracket = annealed_bracket(
        model, 3000, rng=rng, chains=1, steps=3, leapfrog=2, start="posterior"
    )
    ratio = np.exp(LinearGaussian.of(model).log_prob(bracket.x) - bracket.upper.log_prob)
    assert 0.02 < ratio.std() < 5.0
    assert abs(ratio.mean() - 1.0) < 4.5 * ratio.std() / np.sqrt(3000)


def test_the_bracket_closes_on_a_nonlinear_model_around_quadrature():
    rng = np.random.default_rng(1)
    model = mv.models.VAE.mlp(6, (8,), 2, dtype="float64", rng=rng)
    for parameter in model.decoder.parameters():
        parameter.data[...] = rng.standard_normal(parameter.shape)
    bracket = annealed_bracket(model, 100, rng=rng, chains=4, steps=60, leapfrog=5)
    truth = quadrature(model, bracket.x).log_prob
    for side in (truth - bracket.lower.log_prob, bracket.upper.log_prob - truth):
        assert -4.5 * side.std(ddof=1) / 10 < side.mean() < 0.2


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_sigma_that_is_optimal_for_a_batch_is_not_touched(dtype):
    model = mv.models.VAE.linear(3, 2, sigma="optimal", dtype=dtype, rng=np.random.default_rng(0))
    x = np.random.default_rng(1).standard_normal((4, 3))
    model.loss(x, rng=np.random.default_rng(2))
    sigma = model.likelihood.sigma
    estimate = annealed_estimate(model, x, rng=np.random.default_rng(0), chains=2, steps=3)
    assert model.likelihood.sigma == sigma
    assert estimate.log_prob.dtype == np.float64
    assert all(p.grad is None for p in model.parameters())


def test_what_makes_no_sense_is_refused():
    model, x, rng = correlated()
    for wrong in ({"chains": 0}, {"steps": 0}, {"leapfrog": 0}):
        with pytest.raises(ValueError, match="at least one datum, chain, step and leapfrog step"):
            annealed_estimate(model, x, rng=rng, **wrong)
    with pytest.raises(ValueError, match="start 'middle' is unknown; choose one of prior, poster"):
        annealed_estimate(model, x, rng=rng, start="middle")
    with pytest.raises(ValueError, match="at least one datum"):
        annealed_estimate(model, x[:0], rng=rng)
