"""The linear-Gaussian VAE, whose evidence, posterior and bound are all known in closed form.

For z ~ N(0, I) and x | z ~ N(W z + b, σ² I):  p(x) = N(x; b, W Wᵀ + σ² I), and the posterior is
p(z|x) = N(M⁻¹ Wᵀ (x - b), σ² M⁻¹) with M = Wᵀ W + σ² I: diagonal if W has orthogonal columns.
"""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

import minivae as mv

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(3)  # exact for quadratic functions of ε
WEIGHTS = WEIGHTS / WEIGHTS.sum()


class Toy:
    """A linear-Gaussian model, random but for the columns of W, and its exact answers."""

    def __init__(self, seed, *, orthogonal):
        self.rng = np.random.default_rng(seed)
        self.k = int(self.rng.integers(1, 4))
        self.d = int(self.rng.integers(self.k, 7))
        self.sigma = float(self.rng.uniform(0.3, 2.0))
        self.W = self.rng.standard_normal((self.d, self.k))
        if orthogonal:
            self.W = np.linalg.qr(self.W)[0] * self.rng.uniform(0.5, 3.0, self.k)
        self.b = self.rng.standard_normal(self.d)
        self.M = self.W.T @ self.W + self.sigma**2 * np.eye(self.k)
        self.model = mv.models.VAE(
            encoder=mv.nn.Linear(self.d, 2 * self.k, rng=self.rng),
            posterior=mv.models.DiagonalPosterior(self.k),
            prior=mv.distributions.Normal.standard(self.k),
            decoder=mv.nn.Linear(self.k, self.d, rng=self.rng),
            likelihood=mv.models.GaussianLikelihood(self.sigma),
            data_dim=self.d,
        )
        self.set_encoder(*self.rng.standard_normal((2, 2 * self.k)))
        self.x = self.rng.multivariate_normal(self.b, self.covariance, size=4)

    def set_encoder(self, scale, offset):
        """Let the encoder give random numbers, of the sizes named."""
        weight = self.rng.standard_normal((2 * self.k, self.d)) * 0.3 * scale[:, None]
        self.load(weight, offset)

    def set_exact_posterior(self):
        to_mean = np.linalg.solve(self.M, self.W.T)
        logvar = np.log(self.sigma**2 * np.diag(np.linalg.inv(self.M)))
        weight = np.vstack([to_mean, np.zeros((self.k, self.d))])
        self.load(weight, np.concatenate([-to_mean @ self.b, logvar]))

    def load(self, weight, bias):
        decoder = {"decoder.weight": self.W, "decoder.bias": self.b}
        self.model.load_state_dict({"encoder.weight": weight, "encoder.bias": bias} | decoder)

    @property
    def covariance(self):
        return self.W @ self.W.T + self.sigma**2 * np.eye(self.d)

    def evidence(self):
        return np.atleast_1d(multivariate_normal(self.b, self.covariance).logpdf(self.x))

    def gap(self):
        """KL(q(z|x) ‖ p(z|x)) of each datum, with the full covariance of the posterior."""
        q = self.model.encode(self.x)
        S = self.sigma**2 * np.linalg.inv(self.M)
        P = np.linalg.inv(S)
        means = (self.x - self.b) @ self.W @ np.linalg.inv(self.M)
        gaps = []
        for mu, logvar, m in zip(q.mu.data, q.logvar.data, means, strict=True):
            trace = np.sum(np.diag(P) * np.exp(logvar))
            logdet = np.linalg.slogdet(S)[1] - logvar.sum()
            gaps.append(0.5 * (trace + (m - mu) @ P @ (m - mu) - self.k + logdet))
        return np.array(gaps)

    def expected_elbo(self):
        """The mean of the bound over the noise, by quadrature: exact."""
        total = 0.0
        for point in product(range(len(NODES)), repeat=self.k):
            eps = np.tile(NODES[list(point)], (len(self.x), 1))
            total += np.prod(WEIGHTS[list(point)]) * self.model.elbo(self.x, eps=eps).value.item()
        return total


seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.booleans())
def test_the_bound_lacks_exactly_the_divergence_of_q_from_the_posterior(seed, orthogonal):
    """log p(x) - ELBO = KL(q(z|x) ‖ p(z|x)) ≥ 0."""
    toy = Toy(seed, orthogonal=orthogonal)
    evidence, elbo = toy.evidence().mean(), toy.expected_elbo()
    assert elbo < evidence
    assert evidence - elbo == pytest.approx(toy.gap().mean(), rel=1e-8, abs=1e-8)


@given(seeds)
def test_at_the_exact_posterior_the_bound_is_the_evidence(seed):
    toy = Toy(seed, orthogonal=True)
    toy.set_exact_posterior()
    assert toy.gap() == pytest.approx(np.zeros(4), abs=1e-10)
    assert toy.expected_elbo() == pytest.approx(toy.evidence().mean(), rel=1e-10, abs=1e-10)


@given(seeds, st.sampled_from([1, 2, 7]))
def test_at_the_exact_posterior_importance_weights_do_not_vary(seed, samples):
    """p(x, z) / q(z|x) = p(x) whatever z is: any number of draws gives the evidence itself."""
    toy = Toy(seed, orthogonal=True)
    toy.set_exact_posterior()
    log_p = toy.model.log_prob(toy.x, samples=samples, rng=np.random.default_rng(seed))
    assert log_p.shape == (4,)
    np.testing.assert_allclose(log_p, toy.evidence(), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("samples", [4095, 4096, 4097, 10_000])
def test_however_the_draws_are_divided_into_blocks(samples):
    toy = Toy(3, orthogonal=True)
    toy.set_exact_posterior()
    log_p = toy.model.log_prob(toy.x, samples=samples, rng=toy.rng)
    np.testing.assert_allclose(log_p, toy.evidence(), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("rows", [0, 1, 1365, 1366, 3000])
def test_however_the_data_are_divided_into_blocks(rows):
    toy = Toy(4, orthogonal=True)
    toy.set_exact_posterior()
    toy.x = toy.rng.multivariate_normal(toy.b, toy.covariance, size=rows)
    log_p = toy.model.log_prob(toy.x, samples=3, rng=toy.rng)
    assert log_p.shape == (rows,)
    if rows:
        np.testing.assert_allclose(log_p, toy.evidence(), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_elsewhere_five_thousand_draws_come_close_to_the_evidence(seed):
    """A posterior with half the log ratio to the exact one: wider, and beside it."""
    toy = Toy(seed, orthogonal=True)
    toy.set_exact_posterior()
    state = toy.model.state_dict()
    state["encoder.bias"][: toy.k] += 0.2 * np.exp(state["encoder.bias"][toy.k :] / 2)
    state["encoder.bias"][toy.k :] += 0.3
    toy.model.load_state_dict(state)
    assert np.all(toy.gap() > 0.01)
    log_p = toy.model.log_prob(toy.x, samples=5000, rng=np.random.default_rng(seed))
    np.testing.assert_allclose(log_p, toy.evidence(), atol=0.02)


def test_single_importance_weights_are_unbiased_estimates_of_the_evidence():
    """E p(x, z) / q(z|x) = p(x): a z-test over 40,000 draws, with a q that is wider than p(z|x)."""
    toy = Toy(7, orthogonal=True)
    toy.set_exact_posterior()
    state = toy.model.state_dict()
    state["encoder.bias"][toy.k :] += 0.5
    toy.model.load_state_dict(state)
    toy.x = np.tile(toy.x[:1], (40_000, 1))
    ratio = np.exp(toy.model.log_prob(toy.x, samples=1, rng=toy.rng) - toy.evidence()[0])
    assert 0.05 < ratio.std() < 5
    assert abs(ratio.mean() - 1) / (ratio.std() / np.sqrt(len(ratio))) < 5


def test_more_draws_raise_the_importance_weighted_bound():
    """ELBO = L₁ ≤ L₅ ≤ L₅₀ ≤ log p(x) on average (Burda et al. 2016, theorem 1)."""
    toy = Toy(11, orthogonal=False)
    evidence = toy.evidence()[0]
    toy.x = np.tile(toy.x[:1], (2000, 1))
    bounds = [toy.model.log_prob(toy.x, samples=k, rng=toy.rng).mean() for k in (1, 5, 50)]
    assert bounds[0] < bounds[1] < bounds[2] < evidence + 0.05
    elbo = toy.expected_elbo()
    draws = toy.model.log_prob(toy.x, samples=1, rng=toy.rng)
    assert abs(draws.mean() - elbo) / (draws.std() / np.sqrt(len(draws))) < 5


def test_samples_have_the_mean_and_covariance_of_the_evidence():
    toy, n = Toy(5, orthogonal=False), 40_000
    x = toy.model.sample(n, rng=np.random.default_rng(0))
    assert x.shape == (n, toy.d)
    C = toy.covariance
    z = (x.mean(axis=0) - toy.b) / np.sqrt(np.diag(C) / n)
    assert np.all(np.abs(z) < 5)
    spread = np.sqrt((np.outer(np.diag(C), np.diag(C)) + C**2) / n)  # of a sample covariance
    assert np.all(np.abs(np.cov(x.T) - C) < 5 * spread)
