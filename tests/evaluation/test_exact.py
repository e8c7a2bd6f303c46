"""The closed forms of the linear-Gaussian model, against SciPy, scikit-learn and Bayes' rule."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from linear_gaussians import decoder_of, linear, set_best_encoder, set_decoder, train
from scipy.stats import multivariate_normal
from sklearn.decomposition import PCA

import minivae as mv
from minivae.distributions import Normal
from minivae.evaluation import LinearGaussian, linear_gaussian_gap

seeds = st.integers(0, 2**32 - 1)


# --- read off a model ------------------------------------------------------------------------


@given(seeds)
def test_the_weights_are_those_of_the_decoder(seed):
    model, _, _ = linear(seed)
    W, b, sigma = decoder_of(model)
    exact = LinearGaussian.of(model)
    np.testing.assert_allclose(exact.weight, W, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(exact.bias, b, rtol=1e-12)
    np.testing.assert_allclose(exact.noise, sigma**2, rtol=1e-12)


@given(seeds)
def test_the_evidence_is_the_normal_density_with_covariance_w_wt_plus_noise(seed):
    model, x, _ = linear(seed)
    W, b, sigma = decoder_of(model)
    reference = multivariate_normal(b, W @ W.T + sigma**2 * np.eye(len(b)))
    log_p = LinearGaussian.of(model).log_prob(x)
    assert log_p.shape == (4,)
    np.testing.assert_allclose(log_p, np.atleast_1d(reference.logpdf(x)), rtol=1e-9, atol=1e-9)


@given(seeds)
def test_the_posterior_is_that_of_conditioning_the_joint_normal_distribution(seed):
    """Cov(z, x) = Wᵀ and Cov(x) = C: z | x has mean Wᵀ C⁻¹ (x - b), covariance I - Wᵀ C⁻¹ W."""
    model, x, _ = linear(seed)
    W, b, sigma = decoder_of(model)
    gain = W.T @ np.linalg.inv(W @ W.T + sigma**2 * np.eye(len(b)))
    posterior = LinearGaussian.of(model).posterior(x)
    np.testing.assert_allclose(posterior.mean.data, (x - b) @ gain.T, rtol=1e-8, atol=1e-8)
    covariance = np.eye(model.latent) - gain @ W
    for L in posterior.scale_tril.data:
        np.testing.assert_allclose(L @ L.T, covariance, rtol=1e-8, atol=1e-8)


@given(seeds)
def test_bayes_rule_holds_at_every_z(seed):
    """log p(x, z) - log p(z|x) = log p(x), whatever z is, with the model's own joint density."""
    model, x, rng = linear(seed)
    exact = LinearGaussian.of(model)
    z = 2.0 * rng.standard_normal((5, 4, model.latent))
    joint = model.log_joint(x, z).data
    np.testing.assert_allclose(exact.log_joint(x, z), joint, rtol=1e-10, atol=1e-9)
    log_p = joint - exact.posterior(x).log_prob(z).data
    np.testing.assert_allclose(log_p, np.tile(exact.log_prob(x), (5, 1)), rtol=1e-8, atol=1e-8)


@given(seeds)
def test_a_prior_that_is_not_standard_is_allowed_for(seed):
    model, x, rng = linear(seed)
    W, b, sigma = decoder_of(model)
    mu, logvar = rng.standard_normal((2, model.latent))
    model.prior = Normal(mu, logvar)
    covariance = W @ np.diag(np.exp(logvar)) @ W.T + sigma**2 * np.eye(len(b))
    reference = multivariate_normal(b + W @ mu, covariance).logpdf(x)
    log_p = LinearGaussian.of(model).log_prob(x)
    np.testing.assert_allclose(log_p, np.atleast_1d(reference), rtol=1e-8, atol=1e-8)


def test_a_model_in_single_precision_is_read_to_its_precision():
    model, x, _ = linear(3, dtype="float32")
    W, b, sigma = (np.asarray(a, np.float64) for a in decoder_of(model))
    reference = multivariate_normal(b, W @ W.T + sigma**2 * np.eye(len(b))).logpdf(x)
    log_p = LinearGaussian.of(model).log_prob(x)
    assert log_p.dtype == np.float64
    np.testing.assert_allclose(log_p, reference, rtol=1e-4)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_decoder_that_bends_is_refused(activation):
    rng = np.random.default_rng(0)
    model = mv.models.VAE.mlp(
        3, (5,), 2, activation, "gaussian", dtype="float64", rng=np.random.default_rng(1)
    )
    with pytest.raises(ValueError, match="the decoder is not affine in z"):
        LinearGaussian.of(model)
    model.prior = mv.models.MixturePrior.learned(3, 2, rng=rng)
    with pytest.raises(TypeError, match="the prior must be a Normal, it is MixturePrior"):
        LinearGaussian.of(model)


def test_bits_are_refused():
    model = mv.models.VAE.mlp(3, (), 2, rng=np.random.default_rng(1))
    with pytest.raises(TypeError, match=r"p\(x\|z\) must be a Normal, it is Bernoulli"):
        LinearGaussian.of(model)


# --- fitted to data: probabilistic PCA ---------------------------------------------------------


def cloud(seed, n=200, d=6):
    """Data whose standard deviations halve from axis to axis, and the eigenvalues λ."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.standard_normal((d, d)))[0]
    x = rng.standard_normal((n, d)) * 2.0 ** np.arange(2.0, 2.0 - d, -1.0) @ axes + rng.uniform(
        -3, 3, d
    )
    return x, np.linalg.eigvalsh(np.cov(x.T, bias=True))[::-1]


@given(seeds, st.integers(1, 5))
def test_scikit_learn_finds_the_same_likelihood(seed, latent):
    """PCA.score_samples is that of probabilistic PCA; its covariance divides by n - 1."""
    x, _ = cloud(seed)
    n = len(x)
    stretched = (x - x.mean(axis=0)) * np.sqrt(n / (n - 1)) + x.mean(axis=0)
    ours = LinearGaussian.fitted(stretched, latent)  # the covariance that scikit-learn takes
    theirs = PCA(latent, svd_solver="full").fit(x)
    np.testing.assert_allclose(ours.log_prob(x), theirs.score_samples(x), rtol=1e-9, atol=1e-9)


@given(seeds, st.integers(1, 5))
def test_its_likelihood_is_the_closed_form_in_the_eigenvalues(seed, latent):
    """-½ (d log 2π + Σ log λᵢ + (d - q) log σ² + d) at the maximum."""
    x, values = cloud(seed)
    d = x.shape[1]
    noise = values[latent:].mean()
    logs = np.sum(np.log(values[:latent])) + (d - latent) * np.log(noise)
    expected = -0.5 * (d * np.log(2 * np.pi) + logs + d)
    assert LinearGaussian.fitted(x, latent).log_prob(x).mean() == pytest.approx(expected, rel=1e-9)


@given(seeds, st.floats(0.05, 6.0))
def test_a_dimension_collapses_if_and_only_if_the_noise_is_no_less_than_its_eigenvalue(seed, sigma):
    x, values = cloud(seed)
    exact = LinearGaussian.fitted(x, 6, sigma)
    lengths = np.sum(exact.weight**2, axis=0)
    np.testing.assert_allclose(lengths, np.maximum(values - sigma**2, 0.0), rtol=1e-8, atol=1e-10)
    assert np.array_equal(lengths > 0, values > sigma**2)
    variances = np.diag(np.linalg.inv(exact.precision))  # q = p(z) in a collapsed dimension
    np.testing.assert_allclose(variances, np.minimum(sigma**2 / values, 1.0), rtol=1e-8)


def vae_at_the_optimum(x, latent, sigma):
    """The linear VAE with the decoder of probabilistic PCA and the best diagonal encoder."""
    exact = LinearGaussian.fitted(x, latent, sigma)
    model = mv.models.VAE.linear(
        x.shape[1], latent, sigma=float(np.sqrt(exact.noise[0])), rng=np.random.default_rng(0)
    )
    set_decoder(model, exact.weight, exact.bias)
    set_best_encoder(model)
    return model, exact


@given(seeds, st.integers(1, 5), st.sampled_from([None, 0.6, 1.5]))
def test_there_the_elbo_of_the_linear_vae_is_the_evidence(seed, latent, sigma):
    """W has orthogonal columns, so that the posterior is diagonal and in the family."""
    x, _ = cloud(seed)
    model, exact = vae_at_the_optimum(x, latent, sigma)
    gap = linear_gaussian_gap(model, x)
    np.testing.assert_allclose(gap.elbo, exact.log_prob(x), rtol=1e-9, atol=1e-9)


def elbo(model, x):
    return linear_gaussian_gap(model, x).elbo.mean()


@given(seeds, st.integers(1, 5), st.sampled_from([None, 0.6, 1.5]))
def test_there_no_step_of_the_parameters_raises_the_elbo(seed, latent, sigma):
    x, _ = cloud(seed)
    model, _ = vae_at_the_optimum(x, latent, sigma)
    best, rng = elbo(model, x), np.random.default_rng(seed)
    start = [p.data.copy() for p in model.parameters()]
    for size in (1e-3, 0.03, 0.3):
        for p, at in zip(model.parameters(), start, strict=True):
            p.data[...] = at + size * rng.standard_normal(at.shape)
        assert elbo(model, x) <= best + 1e-10 * abs(best)


def test_training_the_linear_vae_ends_at_probabilistic_pca():
    """From random weights, to the likelihood of the closed form; λ₃ < σ² < λ₂: one z collapses."""
    x, values = cloud(5)
    sigma = 1.5
    assert values[1] > sigma**2 > values[2]
    model, _, _ = linear(0, d=6, latent=3, sigma=sigma)
    train(model, model.parameters(), x)
    optimum = LinearGaussian.fitted(x, 3, sigma).log_prob(x).mean()
    assert elbo(model, x) == pytest.approx(optimum, abs=1e-4)
    assert elbo(model, x) <= optimum + 1e-10
    kl = np.sort(model.encode(x).kl_per_dim(model.prior).data.mean(axis=0))
    assert kl[0] < 1e-3 < 0.1 < kl[1]


@pytest.mark.parametrize(("latent", "sigma"), [(0, 1.0), (6, None), (7, 1.0)])
def test_dimensions_that_the_data_do_not_have_are_refused(latent, sigma):
    with pytest.raises(ValueError, match="latent must lie between 1 and"):
        LinearGaussian.fitted(cloud(0)[0], latent, sigma)
