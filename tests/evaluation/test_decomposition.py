"""The terms of the ELBO, its gap to the evidence, and the least gap of each family."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linear_gaussians import decoder_of, linear, set_best_encoder, set_decoder, set_encoder, train

import minivae as mv
from minivae.evaluation import (
    LinearGaussian,
    family_gaps,
    linear_gaussian_gap,
    quadrature_gap,
    split_elbo,
)

seeds = st.integers(0, 2**32 - 1)
families = st.sampled_from(["isotropic", "diagonal", "full"])
few = settings(max_examples=15)


def moments_of(q):
    """Means and covariances of a normal posterior, whatever its family."""
    if isinstance(q, mv.distributions.MultivariateNormal):
        L = q.scale_tril.data
        return q.mean.data, np.tril(L) @ np.tril(L).swapaxes(-1, -2)
    return q.mean.data, q.std.data[..., None] ** 2 * np.eye(q.mean.shape[-1])


def divergence(m, S, mu, C):
    """KL(N(m, S) ‖ N(mu, C)), written out."""
    P = np.linalg.inv(C)
    quadratic = (mu - m) @ P @ (mu - m)
    logs = np.linalg.slogdet(C)[1] - np.linalg.slogdet(S)[1]
    return 0.5 * (np.trace(P @ S) + quadratic - len(m) + logs)


# --- the gap ---------------------------------------------------------------------------------


@given(seeds, families)
def test_the_evidence_less_the_elbo_is_the_divergence_from_the_posterior(seed, family):
    """To 1e-8, each of the three computed by itself; the divergence also by the matrix formula."""
    model, x, _ = linear(seed, posterior=family)
    gap = linear_gaussian_gap(model, x)
    scale = 1 + np.abs(gap.elbo)
    assert np.all(np.abs(gap.log_prob - gap.elbo - gap.kl) < 1e-8 * scale)
    exact = LinearGaussian.of(model)
    mean, covariance = exact.posterior(x).mean.data, np.linalg.inv(exact.precision)
    kl = [
        divergence(m, S, mu, covariance)
        for m, S, mu in zip(*moments_of(model.encode(x)), mean, strict=True)
    ]
    np.testing.assert_allclose(gap.kl, kl, rtol=1e-8, atol=1e-8)


@few
@given(seeds, families, st.sampled_from([1, 2]))
def test_by_quadrature_it_is_the_same(seed, family, latent):
    model, x, _ = linear(seed, latent=latent, posterior=family)
    closed, integrated = linear_gaussian_gap(model, x), quadrature_gap(model, x)
    for name in ("log_prob", "elbo", "kl"):
        expected = getattr(closed, name)
        np.testing.assert_allclose(getattr(integrated, name), expected, rtol=1e-8, atol=1e-8)


@few
@given(seeds, families, st.sampled_from([1, 2]), st.sampled_from(["bernoulli", "gaussian"]))
def test_so_it_is_where_no_closed_form_exists(seed, family, latent, likelihood):
    rng = np.random.default_rng(seed)
    model = mv.models.VAE.mlp(4, (5,), latent, "tanh", likelihood, family, dtype="float64", rng=rng)
    x = model.sample(3, rng=rng)
    gap = quadrature_gap(model, x)
    assert np.all(gap.kl > 0)
    np.testing.assert_allclose(gap.log_prob - gap.elbo, gap.kl, rtol=1e-8, atol=1e-8)


def test_the_expected_elbo_is_what_draws_give_in_the_mean():
    model, x, _ = linear(4)
    gap = linear_gaussian_gap(model, x)
    rng, n = np.random.default_rng(0), 4000
    log_w = model.log_weights(x, n, rng=rng).data
    z = (log_w.mean(axis=0) - gap.elbo) / (log_w.std(axis=0) / np.sqrt(n))
    assert np.all(np.abs(z) < 4.5)


def test_a_mixture_prior_has_a_gap_too():
    rng = np.random.default_rng(0)
    model = mv.models.VAE.mlp(4, (5,), 2, prior="mixture", dtype="float64", rng=rng)
    gap = quadrature_gap(model, (rng.random((3, 4)) < 0.5).astype(float))
    np.testing.assert_allclose(gap.log_prob - gap.elbo, gap.kl, rtol=1e-5, atol=1e-5)


# --- the best of each family -----------------------------------------------------------------


def precision(seed):
    rng = np.random.default_rng(seed)
    d = int(rng.integers(2, 6))
    A = rng.standard_normal((d, d))
    return A @ A.T + 0.1 * np.eye(d), rng


@given(seeds)
def test_the_isotropic_gap_is_no_less_than_the_diagonal_and_that_no_less_than_the_full(seed):
    P, _ = precision(seed)
    gaps = family_gaps(P)
    assert gaps.isotropic > gaps.diagonal > gaps.full
    assert abs(gaps.full) < 1e-10  # rounding


@given(seeds)
def test_each_is_the_divergence_of_the_best_member(seed):
    P, _ = precision(seed)
    d, C, gaps, zero = len(P), np.linalg.inv(P), family_gaps(P), np.zeros(len(P))
    diagonal, isotropic = np.diag(1 / np.diag(P)), np.eye(d) * d / np.trace(P)
    assert gaps.diagonal == pytest.approx(divergence(zero, diagonal, zero, C), rel=1e-8, abs=1e-9)
    assert gaps.isotropic == pytest.approx(divergence(zero, isotropic, zero, C), rel=1e-8)


@given(seeds)
def test_no_other_member_comes_closer(seed):
    P, rng = precision(seed)
    C, gaps, zero = np.linalg.inv(P), family_gaps(P), np.zeros(len(P))
    for size in (0.01, 0.3):
        variances = np.exp(size * rng.standard_normal(len(P))) / np.diag(P)
        k = np.exp(size * rng.standard_normal()) * len(P) / np.trace(P)
        assert divergence(zero, np.diag(variances), zero, C) > gaps.diagonal
        assert divergence(zero, k * np.eye(len(P)), zero, C) > gaps.isotropic
        turn = np.eye(len(P)) + size * rng.standard_normal(P.shape)
        assert divergence(zero, turn @ C @ turn.T, zero, C) > gaps.full


@given(seeds)
def test_models_with_the_best_encoders_have_these_gaps_on_a_correlated_posterior(seed):
    found = {}
    for family in ("isotropic", "diagonal", "full"):
        model, x, _ = linear(7, d=5, latent=3, sigma=0.5, posterior=family)
        set_decoder(model, np.random.default_rng(seed).standard_normal((5, 3)))
        set_best_encoder(model)
        gap = linear_gaussian_gap(model, x)
        found[family] = gap.kl
        expected = getattr(family_gaps(LinearGaussian.of(model).precision), family)
        np.testing.assert_allclose(gap.kl, expected, rtol=1e-8, atol=1e-9)
        np.testing.assert_allclose(gap.log_prob - gap.elbo, expected, rtol=1e-8, atol=1e-8)
    assert np.all(found["isotropic"] > found["diagonal"])
    assert np.all(found["diagonal"] > found["full"] + 1e-9)


def test_training_the_encoder_of_each_family_reaches_its_gap():
    """The decoder stays; only the full family finds the correlated posterior."""
    for family in ("isotropic", "diagonal", "full"):
        model, _, rng = linear(1, d=4, latent=2, sigma=1.0, posterior=family)
        set_decoder(model, [[1.0, 1.0], [1.0, 0.5], [0.5, 1.0], [0.0, 1.0]])
        x = model.sample(100, rng=rng)
        train(model, model.encoder.parameters(), x)
        least = getattr(family_gaps(LinearGaussian.of(model).precision), family)
        assert linear_gaussian_gap(model, x).kl.mean() == pytest.approx(least, abs=1e-5)


def test_what_is_no_precision_is_refused():
    for matrix, message in (
        ([[1.0, 2.0], [2.0, 1.0]], "positive definite, this has the eigenvalue -1"),
        ([[-1.0, 0.0], [0.0, -1.0]], "positive definite"),
        ([[1.0, 0.0], [0.0, 0.0]], "positive definite"),
        ([[1.0, 0.5], [0.0, 1.0]], "square and symmetric"),
        ([[1.0, np.nan], [np.nan, 1.0]], "square and symmetric"),
        ([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], r"square and symmetric, this of shape \(2, 3\)"),
        ([1.0, 2.0], "square and symmetric"),
    ):
        with pytest.raises(ValueError, match=f"family_gaps: a precision matrix is {message}"):
            family_gaps(np.array(matrix))


# --- the two terms -----------------------------------------------------------------------------


@given(seeds, families)
def test_the_elbo_is_the_reconstruction_less_the_divergence(seed, family):
    model, x, rng = linear(seed, posterior=family)
    split = split_elbo(model, x, rng=rng, draws=3)
    assert split.elbo == pytest.approx(split.reconstruction - split.kl, rel=1e-12, abs=1e-12)
    assert split.kl == pytest.approx(model.encode(x).kl(model.prior).data.mean(), rel=1e-12)
    assert split.kl_per_dim.shape == (model.latent,)
    assert split.kl_per_dim.sum() == pytest.approx(split.kl, rel=1e-10)


@pytest.mark.parametrize("n", [1, 1365, 1366, 3000])
def test_every_datum_counts_once_however_they_are_divided(n):
    """Blocks hold 1,365 data with 3 draws; far from the mean, so that each matters."""
    model, _, rng = linear(2, d=3, latent=2)
    W, b, sigma = decoder_of(model)
    x = rng.standard_normal((n, 3)) ** 3
    set_encoder(model, rng.standard_normal((2, 3)), 0.0, -60.0)  # no noise to speak of
    split = split_elbo(model, x, rng=rng, draws=3)
    z = model.encode(x).mean.data
    log_p = -0.5 * np.sum((x - z @ W.T - b) ** 2, axis=1) / sigma**2
    log_p -= 1.5 * np.log(2 * np.pi * sigma**2)
    assert split.reconstruction == pytest.approx(log_p.mean(), rel=1e-8)
    if n > 1:
        error = log_p.std(ddof=1) / np.sqrt(n)
        assert split.reconstruction_error == pytest.approx(error, rel=1e-7)
    else:
        assert np.isnan(split.reconstruction_error)


def test_the_estimate_lies_at_the_exact_elbo():
    model, x, _ = linear(3)
    set_best_encoder(model)
    x = np.tile(x[:1], (3000, 1))
    split = split_elbo(model, x, rng=np.random.default_rng(0), draws=2)
    exact = linear_gaussian_gap(model, x[:1]).elbo[0]
    assert abs(split.elbo - exact) < 4.5 * split.elbo_error
    assert 0.001 < split.elbo_error < 0.1


def test_to_a_mixture_prior_the_divergence_is_sampled_and_has_no_split():
    rng = np.random.default_rng(0)
    model = mv.models.VAE.mlp(4, (5,), 2, prior="mixture", dtype="float64", rng=rng)
    x = (rng.random((2, 4)) < 0.5).astype(float)
    split = split_elbo(model, np.repeat(x, 2000, axis=0), rng=rng, draws=2)
    assert split.kl_per_dim is None
    exact = quadrature_gap(model, x).elbo.mean()
    assert abs(split.elbo - exact) < 4.5 * split.elbo_error


def test_a_mean_over_nothing_is_refused():
    model, x, rng = linear(0)
    for data, draws in ((x[:0], 1), (x, 0)):
        with pytest.raises(ValueError, match="at least one datum and one draw of z"):
            split_elbo(model, data, rng=rng, draws=draws)
